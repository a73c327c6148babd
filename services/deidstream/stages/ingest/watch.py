"""What every watched place has in common: it is looked at again and again, and what is complete in it becomes cases.

Safe to kill at any moment: the id of a case comes from the file's name below the place, its place in the file and its bytes, so
a file that is read again gives the same cases.
"""

from __future__ import annotations

import asyncio
import logging
import os
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass

from deidstream.core.case import Container
from deidstream.core.errors import DeidstreamError, Misconfigured, Unavailable
from deidstream.ports import Intake
from deidstream.stages.ingest.config import WatchedSource
from deidstream.stages.ingest.service import Admission, Received
from deidstream.stages.ingest.unpack import Unpacked, unpack
from deidstream.stream import log

__all__ = ["Look", "Watch", "is_for_us"]

_UNFINISHED = (".part", ".partial", ".tmp", ".temp", ".filepart", ".crdownload", ".swp")
_SLICE = 500
_PATIENCE = 60.0


@dataclass(slots=True)
class Look:
    """What one look did, in files."""

    taken: int = 0
    put_aside: int = 0
    unreadable: int = 0
    """No permission: they stay where they are."""
    waiting: int = 0
    """Not complete yet, or the intake was full."""


def is_for_us(name: str) -> bool:
    """Whether a file of this name, without its folders, is one that its sender has finished."""
    return not name.startswith((".", "~")) and not name.lower().endswith(_UNFINISHED)


class Watch:
    """One watched place. A kind of place has its own ``look``, which hands in what it finds."""

    def __init__(self, settings: WatchedSource, admission: Admission, intake: Intake) -> None:
        self._source = settings
        self._admission = admission
        self._intake = intake
        self.last = Look()

    async def run(self) -> None:
        """Looks again and again until cancelled. A place that goes away is reported, and looked for again."""
        while True:
            try:
                before, self.last = self.last, await asyncio.to_thread(self.look)
                self._report(self.last, before)
            except (Misconfigured, Unavailable) as error:
                self._report_away(error)
            await asyncio.sleep(self._source.every_seconds)

    def look(self) -> Look:
        """Takes every file that is complete. Raises Misconfigured or Unavailable when the place itself cannot be read."""
        raise NotImplementedError

    def _hand_in(self, name: str, content: bytes) -> None:
        """Everything in the file, durable when it returns. Portion after portion, so that a large file leaves room for others.

        Raises Malformed when it is none of ours, Unavailable when the intake is full.
        """
        unpacked = unpack(content, name.rpartition("/")[2])
        source = self._source.name
        container = self._admission.identify(source, os.fsencode(name), content) if unpacked.batch else ""
        for start in range(0, len(unpacked.members), _SLICE):
            cases = [
                self._admission.case(self._received(name, unpacked, ordinal, container))
                for ordinal in range(start, min(start + _SLICE, len(unpacked.members)))
            ]
            try:
                self._intake.submit(cases).result(_PATIENCE)
            except FutureTimeout:
                raise Unavailable("intake-slow", "ingest") from None

    def _received(self, name: str, unpacked: Unpacked, ordinal: int, container: str) -> Received:
        member = Container(container, ordinal, len(unpacked.members)) if container else None
        attributes = self._source.attributes
        if unpacked.format == "fhir":
            attributes = (*attributes, ("fhir.method", "POST"), ("fhir.version", self._source.fhir_version))
        control = f"{container}/{ordinal}".encode() if container else os.fsencode(name)
        return Received(
            self._source.name, unpacked.format, unpacked.members[ordinal], control, name, member, attributes
        )

    def _report(self, look: Look, before: Look) -> None:
        if look.taken or look.put_aside or look.unreadable != before.unreadable:
            log.emit(
                "folder.looked",
                source=self._source.name,
                taken=look.taken,
                put_aside=look.put_aside,
                unreadable=look.unreadable,
            )

    def _report_away(self, error: DeidstreamError) -> None:
        source, code, place, hint = self._source.name, error.code, error.place, error.hint
        log.emit("folder.away", logging.ERROR, source=source, code=code, place=place, hint=hint)
