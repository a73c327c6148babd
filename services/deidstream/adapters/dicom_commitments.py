"""Delivery to a DICOM receiver that counts when the receiver has committed itself to keep what it got (PS3.4, annex J).

After the instances of a batch are stored, one N-ACTION asks for all of them. The receiver reports when it pleases, on the same
association or on one of its own (``dicom_reports``). Until then releases count as not delivered: they are asked for again, and are
sent again only after a restart, or when the receiver says that it has not got them.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import uuid4

from deidstream.adapters.dicom_client import DicomAddress, DicomClient
from deidstream.adapters.dicom_destination import DicomDestination, read_release
from deidstream.core.errors import Malformed, Unavailable
from deidstream.core.release import Release
from deidstream.formats.dicom.network.classes import COMMITMENT
from deidstream.formats.dicom.network.command import Status
from deidstream.formats.dicom.network.commitment import Reference, information, read_told
from deidstream.formats.dicom.part10 import IMPLICIT, Instance
from deidstream.ports import Receipt

__all__ = ["CommittedDestination", "Reports"]

_REMEMBERED = 10_000
"""Transactions whose reports are still listened for, and instances that are stored and not yet committed."""
_SLICE = 0.25
_BRIEFLY, _AT_ONCE = 1.0, 0.05
"""Seconds within which a receiver that reports at once has done so, and those of a look at what it has said meanwhile."""
_FAILURE = 0x0110
"""The reason of a failure for which no reason is given."""


class Reports:
    """What is asked, and what was told of it; told by any thread. ``refused`` is given the code of one not believed."""

    def __init__(self, refused: Callable[[str], None] = lambda _: None) -> None:
        self._refused = refused
        self._lock = threading.Lock()
        self._asked: OrderedDict[str, Mapping[str, Sequence[str]]] = OrderedDict()
        self._outcomes: OrderedDict[str, int] = OrderedDict()

    def expect(self, uid: str, releases: Mapping[str, Sequence[str]]) -> None:
        """Transaction ``uid`` asks about instances; ``releases``: which each is in."""
        with self._lock:
            self._asked[uid] = dict(releases)
            _bounded(self._asked)

    def take(self, content: bytes, syntax: str) -> int:
        """A report. Returns the status that it is answered: nobody is believed about a transaction that was never asked for."""
        try:
            told = read_told(content, syntax)
        except Malformed as error:
            self._refused(error.code)
            return Status.INVALID_ARGUMENT
        with self._lock:
            asked = self._asked.pop(told.uid, None)
            for instance, releases in (asked or {}).items():
                if instance in told.failed:
                    self._outcomes.update(dict.fromkeys(releases, told.failed[instance] or _FAILURE))
                elif instance in told.committed:
                    self._outcomes.update(dict.fromkeys(releases, 0))
            _bounded(self._outcomes)
        if asked is None:
            self._refused("not-asked")
            return Status.INVALID_ARGUMENT
        return Status.SUCCESS

    def outcome(self, release: str) -> int | None:
        """Of an instance that was asked about: 0 it is committed, else the reason why not; None: nothing was told."""
        with self._lock:
            return self._outcomes.get(release)

    def forget(self, release: str) -> None:
        """What was told of it."""
        with self._lock:
            self._outcomes.pop(release, None)


class CommittedDestination:
    """``seconds``: how long a report is waited for before it is asked again. ``waits``: whether ``send`` does so; else whoever asks
    for ``outcomes``. ``listening`` is closed with the destination.
    """

    def __init__(
        self,
        address: DicomAddress,
        reports: Reports,
        seconds: float,
        listening: Callable[[], None] = lambda: None,
        uid: Callable[[], str] = lambda: f"2.25.{uuid4().int}",
        waits: bool = True,
    ) -> None:
        self._client = DicomClient(address, reports.take)
        self._inner = DicomDestination(address, self._client)
        self._reports = reports
        self._seconds = seconds
        self._listening = listening
        self._uid = uid
        self._waits = waits
        self._asked_at: OrderedDict[str, float] = OrderedDict()
        self._stored: OrderedDict[str, tuple[Reference, Receipt]] = OrderedDict()

    def send(self, releases: Sequence[Release]) -> Sequence[Receipt | Exception]:
        """One after the other, and then one question for all that were stored. A release is delivered when it is committed."""
        self._client.expect([(COMMITMENT, IMPLICIT)])
        fresh = [one for one in releases if one.id not in self._stored]
        results: dict[str, Receipt | Exception] = dict(
            zip([one.id for one in fresh], self._inner.send(fresh), strict=True)
        )
        for one in fresh:
            stored, read = results[one.id], read_release(one)
            if isinstance(stored, Receipt) and isinstance(read, Instance):
                self._stored[one.id] = Reference(read.identity.sop_class, read.identity.instance), stored
        waiting = [one.id for one in releases if one.id in self._stored]
        trouble = self._asked(waiting, self._seconds if self._waits else _BRIEFLY) if waiting else None
        results |= {name: self._result(name, trouble) for name in waiting}
        _bounded(self._stored)
        return [results[one.id] for one in releases]

    def outcomes(self, release_ids: Sequence[str]) -> Mapping[str, Receipt | Exception]:
        """See ``ports.Committing``."""
        known = [one for one in release_ids if one in self._stored]
        if known:
            self._asked(known, _AT_ONCE)
        found: dict[str, Receipt | Exception] = {
            one: Unavailable("not-sent", "dicom") for one in release_ids if one not in self._stored
        }
        return found | {one: self._result(one, None) for one in known if self._reports.outcome(one) is not None}

    def close(self) -> None:
        """Releases the association, and listens no more."""
        self._inner.close()
        self._listening()

    def _asked(self, names: Sequence[str], seconds: float) -> Unavailable | None:
        """Asks about what nothing was told of yet, and waits so long. Why it could not be asked, or was not answered in time."""
        open_ = [name for name in names if self._reports.outcome(name) is None]
        now = time.monotonic()
        due = [name for name in open_ if now - self._asked_at.get(name, float("-inf")) >= self._seconds]
        if due and (trouble := self._ask(due)) is not None:
            return trouble
        self._asked_at |= dict.fromkeys(due, now)
        _bounded(self._asked_at)
        until = now + seconds
        while any(self._reports.outcome(name) is None for name in open_) and time.monotonic() < until:
            self._client.hear(min(_SLICE, seconds))
        return None

    def _ask(self, open_: Sequence[str]) -> Unavailable | None:
        references = {self._stored[name][0].instance: self._stored[name][0] for name in open_}
        uid = self._uid()
        of = {one: [name for name in open_ if self._stored[name][0].instance == one] for one in references}
        self._reports.expect(uid, of)
        try:
            status = self._client.ask(information(uid, list(references.values()), [], IMPLICIT))
        except Malformed:
            return Unavailable("commitment-not-accepted", "dicom", "the receiver offers no storage commitment")
        except Unavailable as error:
            return error
        if status != Status.SUCCESS and status >> 12 != 0xB:
            return Unavailable("commitment-refused", f"status-{status & 0xFFFF:04x}")
        return None

    def _result(self, name: str, trouble: Unavailable | None) -> Receipt | Exception:
        reason = self._reports.outcome(name)
        if reason is None:
            return trouble or Unavailable("not-committed-yet", "dicom")
        _, receipt = self._stored.pop(name)  # what was not kept is sent again
        self._reports.forget(name)
        self._asked_at.pop(name, None)
        return Unavailable("application-error", f"commitment-{reason:04x}") if reason else receipt


def _bounded(found: OrderedDict[str, Any]) -> None:  # Any: whatever is remembered
    while len(found) > _REMEMBERED:
        found.popitem(last=False)
