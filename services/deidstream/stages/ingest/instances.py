"""DICOM instances as they are let in, by whatever way they come: what is refused at the door, and with which status."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING

from deidstream.core.case import Case
from deidstream.core.errors import DeidstreamError, Malformed, Unavailable
from deidstream.formats.dicom.network.command import Field, Status
from deidstream.formats.dicom.part10 import Identity, identity, is_uid
from deidstream.ports import Intake
from deidstream.stages.ingest.service import Admission, Received

if TYPE_CHECKING:
    from deidstream.stages.ingest.dicom_association import Message

__all__ = ["LARGE", "STATUSES", "Room", "Taken", "check", "handed_in", "mark", "received", "status_of", "stored"]

Attributes = tuple[tuple[str, str], ...]
LARGE = 1 << 20
"""Bytes above which an instance is hashed in a thread."""
_RETRY = 0.02


STATUSES: Mapping[str, Status] = {
    "class-not-of-the-context": Status.CLASS_NOT_SUPPORTED,
    "instance-too-large": Status.OUT_OF_RESOURCES,
    "no-room": Status.OUT_OF_RESOURCES,
    "bad-sop-instance": Status.INVALID_INSTANCE,
    "class-not-stored": Status.CLASS_NOT_SUPPORTED,
    "transfer-syntax-unsupported": Status.SYNTAX_NOT_SUPPORTED,
    "class-not-of-the-data-set": Status.DATA_SET_MISMATCH,
}
"""What a reason code is told as (PS3.4, B.2.3; PS3.7, annex C); whatever is wrong besides cannot be understood."""


@dataclass(frozen=True, slots=True)
class Taken:
    """One instance as a file."""

    identity: Identity
    content: bytes = field(repr=False)


class Room:
    """Bytes of instances that may be held at a time, over all associations of a listener."""

    def __init__(self, size: int) -> None:
        self._left = size

    def take(self, size: int) -> bool:
        """Whether there was room."""
        if size > self._left:
            return False
        self._left -= size
        return True

    def give(self, size: int) -> None:
        """Makes room again."""
        self._left += size


def stored(message: Message) -> Taken:
    """The instance in a C-STORE. Raises Malformed."""
    asked = message.command
    who = Identity(asked.text(Field.AFFECTED_CLASS), asked.text(Field.AFFECTED_INSTANCE))
    if who.sop_class != message.context.abstract:
        raise Malformed("class-not-of-the-context", "C-STORE")
    if not is_uid(who.instance):
        raise Malformed("bad-sop-instance", "C-STORE")
    if message.excess:
        raise Malformed(message.excess, "C-STORE")
    if message.content.tell() <= message.head:
        raise Malformed("empty", "C-STORE")
    content = message.content.getvalue()  # its own bytes, no copy of them
    message.content = BytesIO()
    check(identity(content, message.context.syntax, message.head), who)
    return Taken(who, content)


def check(said: Identity, expected: Identity) -> None:
    """Raises Malformed where the data set that says ``said`` is not what it was announced as."""
    if not said.sop_class:
        raise Malformed("no-sop-class", "SOPClassUID")
    if said.sop_class != expected.sop_class:
        raise Malformed("class-not-of-the-data-set", "SOPClassUID")
    if said.instance != expected.instance:
        raise Malformed("instance-not-of-the-data-set" if said.instance else "no-sop-instance", "SOPInstanceUID")


def status_of(error: DeidstreamError) -> Status:
    """What is told of ``error``: whether to come again with the same instance, or not."""
    if isinstance(error, Malformed):
        return STATUSES.get(error.code, Status.CANNOT_UNDERSTAND)
    return Status.OUT_OF_RESOURCES


def received(source: str, attributes: Attributes, taken: Taken) -> Received:
    """What the case is made of: the same instance, sent again, is the same case."""
    return Received(source, "dicom", taken.content, taken.identity.instance.encode("ascii"), attributes=attributes)


def mark(admission: Admission, source: str, instance: str) -> str:
    """What the ledger knows an instance by, beside its case: who asks for commitment names UIDs alone."""
    return admission.identify(source, b"dicom instance", instance.encode("ascii", "replace"))


async def handed_in(intake: Intake, cases: Sequence[Case], marks: Mapping[str, str], patience: float) -> None:
    """Until all are durable. While the intake is full, waits ``patience`` seconds. Raises what the intake does."""
    deadline = time.monotonic() + patience
    while True:
        try:
            done = intake.submit(cases, marks=marks)
        except Unavailable:
            if time.monotonic() > deadline:
                raise
        else:
            return await asyncio.wrap_future(done)
        await asyncio.sleep(_RETRY)
