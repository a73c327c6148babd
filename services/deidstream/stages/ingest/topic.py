"""Topics of foreign producers: a record becomes a case, or goes to quarantine, and only then is it done.

Safe to kill at any moment: the id of a case comes from its place in the topic and its bytes, so a record that is read again
gives the same case, which the intake knows. Nobody is there to be told of a bad record, so none is turned away: it is
quarantined, once, and the next one is read.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import suppress

from deidstream.core.case import Case
from deidstream.core.errors import DeidstreamError, Malformed, Unavailable
from deidstream.formats import sniff
from deidstream.formats.hl7v2 import mllp
from deidstream.ports import Feed, Intake, Record
from deidstream.stages.ingest.config import TopicSource
from deidstream.stages.ingest.door import judge
from deidstream.stages.ingest.fhir_request import read_resource
from deidstream.stages.ingest.service import Admission, Received
from deidstream.stream import log

__all__ = ["FeedFactory", "TopicReader", "read_record"]

_BATCH = 500
_POLL = 0.25
_KEEP = 2.0
_PAUSES = (0.05, 0.1, 0.2, 0.5, 1.0)

FeedFactory = Callable[[TopicSource], Feed]


def read_record(settings: TopicSource, record: Record) -> tuple[Received, Malformed | None]:
    """What ``record`` is, and why it cannot be let in, if it cannot."""
    content, format_ = record.value, _format(settings, record.value)
    attributes = settings.attributes
    problem: Malformed | None = None
    try:
        attributes = (*attributes, *_let_in(settings, content, format_))
    except Malformed as error:
        problem = error
        if error.code == "record-too-large":
            content = b""  # no record of the bus could hold it; its place says where it can be had
    place = f"{settings.topic}/{record.partition}/{record.offset - 1}"
    # The bytes are part of the id, so that a topic that was made anew does not repeat the old one's cases.
    return Received(settings.name, format_, content, place.encode(), place, attributes=attributes), problem


class TopicReader:
    """Reads one topic in a thread of its own: ``start``, and ``close`` at the end. ``failed`` says why it has given up."""

    def __init__(self, settings: TopicSource, opened: FeedFactory, admission: Admission, intake: Intake) -> None:
        self._settings = settings
        self._opened = opened
        self._admission = admission
        self._intake = intake
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"topic.{settings.name}", daemon=True)
        self._troubles = 0
        self.failed: BaseException | None = None

    def start(self) -> None:
        """Begins to read."""
        self._thread.start()

    def close(self) -> None:
        """Takes no further records, and lets go of what is not durable: it is read again."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            feed = self._opened(self._settings)
            try:
                while not self._stop.is_set():
                    self._turn(feed)
            finally:
                feed.close()
        except BaseException as error:  # noqa: BLE001  # whoever started the thread raises it
            if not isinstance(error, DeidstreamError):
                site = log.crash_site(error)
                log.emit("stage.crashed", logging.ERROR, stage="ingest", error=type(error).__name__, at=site)
            self.failed = error

    def _turn(self, feed: Feed) -> None:
        try:
            records = feed.poll(_BATCH, _POLL)
        except Unavailable as error:
            self._trouble(error)
            return
        if records and self._hand_in(feed, records):
            feed.done(records)
            self._troubles = 0

    def _hand_in(self, feed: Feed, records: Sequence[Record]) -> bool:
        """Until all are durable: the intake commits them together, so none overtakes another. False: told to stop."""
        cases: list[Case] = []
        bad: dict[str, Malformed] = {}
        for record in records:
            received, problem = read_record(self._settings, record)
            case = self._admission.case(received)
            cases.append(case)
            if problem is not None:
                bad[case.id] = problem
        if bad:
            log.emit("topic.put_aside", logging.WARNING, source=self._settings.name, records=len(bad))
        lively = _Lively(feed)
        while not self._stop.is_set():
            try:
                if self._durable(self._intake.submit(cases, bad), lively):
                    return True
            except Unavailable as error:
                self._trouble(error)
            lively()
        return False

    def _durable(self, done: Future[None], lively: _Lively) -> bool:
        while not self._stop.is_set():
            try:
                done.result(_POLL)
            except FutureTimeout:
                lively()
            else:
                return True
        return False

    def _trouble(self, error: DeidstreamError) -> None:
        if not self._troubles:
            log.emit("topic.waiting", logging.WARNING, source=self._settings.name, code=error.code, place=error.place)
        self._stop.wait(_PAUSES[min(self._troubles, len(_PAUSES) - 1)])
        self._troubles += 1


class _Lively:
    """Shows the group now and then that the reader lives while it reads nothing."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._shown = time.monotonic()

    def __call__(self) -> None:
        if time.monotonic() - self._shown > _KEEP:
            self._shown = time.monotonic()
            with suppress(Unavailable):
                self._feed.keep()


def _format(settings: TopicSource, content: bytes) -> str:
    if settings.format != "auto":
        return settings.format
    found = sniff(content)
    if found in ("hl7v2", "fhir"):
        return found
    # Of nothing that is let in; whoever corrects it must have said what it shall be.
    return "fhir" if content.lstrip()[:1] in (b"{", b"[") else "hl7v2"


def _let_in(settings: TopicSource, content: bytes, format_: str) -> tuple[tuple[str, str], ...]:
    """What the case is marked with. Raises Malformed: the rules are those of the other doors."""
    if len(content) > settings.max_record_bytes:
        raise Malformed("record-too-large", "record")
    if not content.strip(b"\0 \t\r\n\xef\xbb\xbf"):
        raise Malformed("empty", "record")
    if format_ == "fhir":
        read_resource(content, settings.max_depth)
        return ("fhir.method", "POST"), ("fhir.version", settings.fhir_version)
    header, _, faults = judge(mllp.Frame(content))
    if header is None or faults:
        raise Malformed(faults[0].reason, f"MSH-{faults[0].field}" if faults[0].field else "MSH")
    return ("hl7.type", header.type), ("hl7.version", header.version)
