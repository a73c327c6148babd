"""Every metric, span and log event that deidstream emits, in one table: what it says, its labels, which stages emit it.

None carries content: labels are names of stages, kinds and codes; attributes of spans are ids, codes and sizes; fields of
events are ids, codes and counts. ``docs/signals.md`` is this table, and the tests on a whole deployment are driven by it.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

__all__ = [
    "BATCH_SECONDS",
    "CANARIES",
    "CASES",
    "DELIVERY_WAITING",
    "DRIFT",
    "HOLD_OVERDUE",
    "HOLD_WAITING",
    "LAG",
    "LATENCY_SECONDS",
    "MONITOR_LAST",
    "RATE",
    "RETRIES",
    "SIGNALS",
    "SPAN_STAGE",
    "SPAN_STORE",
    "UNREADABLE",
    "Event",
    "Metric",
    "Signal",
    "meaning",
]

Metric = Literal[
    "deidstream.cases",
    "deidstream.batch.seconds",
    "deidstream.latency.seconds",
    "deidstream.retries",
    "deidstream.lag",
    "deidstream.hold.waiting",
    "deidstream.hold.overdue",
    "deidstream.delivery.waiting",
    "deidstream.monitor.rate",
    "deidstream.monitor.drift",
    "deidstream.monitor.canaries",
    "deidstream.monitor.unreadable",
    "deidstream.monitor.last",
]

CASES: Final[Metric] = "deidstream.cases"
BATCH_SECONDS: Final[Metric] = "deidstream.batch.seconds"
LATENCY_SECONDS: Final[Metric] = "deidstream.latency.seconds"
RETRIES: Final[Metric] = "deidstream.retries"
LAG: Final[Metric] = "deidstream.lag"
HOLD_WAITING: Final[Metric] = "deidstream.hold.waiting"
HOLD_OVERDUE: Final[Metric] = "deidstream.hold.overdue"
DELIVERY_WAITING: Final[Metric] = "deidstream.delivery.waiting"
RATE: Final[Metric] = "deidstream.monitor.rate"
DRIFT: Final[Metric] = "deidstream.monitor.drift"
CANARIES: Final[Metric] = "deidstream.monitor.canaries"
UNREADABLE: Final[Metric] = "deidstream.monitor.unreadable"
MONITOR_LAST: Final[Metric] = "deidstream.monitor.last"

SPAN_STAGE: Final = "deidstream.stage"
"""Prefix of the span that a stage makes of a case."""
SPAN_STORE: Final = "deidstream.store"
"""Prefix of the span of one access to a store, below that of the stage."""

Event = Literal[
    "chain.started",
    "chain.drained",
    "chain.stopped",
    "shares.none",
    "batch.retried",
    "case.quarantined",
    "stage.crashed",
    "process.crashed",
    "batch.suspect",
    "quarantine.limit",
    "ingest.listening",
    "dicom.rejected",
    "dicom.refused",
    "dicom.committed",
    "dicom.unreported",
    "folder.looked",
    "folder.away",
    "topic.put_aside",
    "topic.waiting",
    "delivery.waiting",
    "delivery.resumed",
    "release.refused",
    "reports.refused",
    "text.unread",
    "canary.leaked",
    "monitor.drifted",
    "monitor.unreadable",
    "library",
]

Kind = Literal["counter", "gauge", "histogram", "span", "event"]

_LOOPED = ("identify", "fields", "text", "resolver", "writer")
_ON_ITS_WAY = ("ingest", *_LOOPED, "delivery")
_ALL = (*_ON_ITS_WAY, "monitor")


class Signal(NamedTuple):
    """One row. ``labels``: those of a metric, the attributes of a span or the fields of an event; in brackets: not always."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    stages: tuple[str, ...]
    meaning: str

    @property
    def prometheus(self) -> str:
        """How Prometheus knows a metric; '' for what is none."""
        if self.kind in ("span", "event"):
            return ""
        return self.name.replace(".", "_") + ("_total" if self.kind == "counter" else "")


SIGNALS: Final[tuple[Signal, ...]] = (
    Signal(CASES, "counter", ("stage", "outcome"), _ON_ITS_WAY, "Cases that a stage is done with"),
    Signal(BATCH_SECONDS, "histogram", ("stage",), ("ingest", *_LOOPED), "Seconds of a stage with a batch"),
    Signal(LATENCY_SECONDS, "histogram", (), ("writer",), "Seconds from ingest to the release"),
    Signal(RETRIES, "counter", ("reason",), _ON_ITS_WAY, "Batches tried again because something was away"),
    Signal(LAG, "gauge", ("group", "topic"), (*_LOOPED, "delivery"), "Records that a group has not done, at most"),
    Signal(HOLD_WAITING, "gauge", ("stage",), (*_LOOPED, "delivery"), "What waits on hold at a stage, or for review"),
    Signal(HOLD_OVERDUE, "gauge", ("stage",), (*_LOOPED, "delivery"), "Of that, past its deadline"),
    Signal(DELIVERY_WAITING, "gauge", ("destination",), ("delivery",), "1 while a destination takes no releases"),
    Signal(
        RATE,
        "gauge",
        ("stage", "outcome", "[project]"),
        ("monitor",),
        "Cases a second of the window, for dashboards: at least once, no account",
    ),
    Signal(
        DRIFT,
        "gauge",
        ("project",),
        ("monitor",),
        "Population stability index of the window's categories against the baseline, for dashboards",
    ),
    Signal(
        CANARIES,
        "counter",
        ("canary",),
        ("monitor",),
        "Sightings of a canary in a release, at least once: any is a leak",
    ),
    Signal(UNREADABLE, "counter", ("topic",), ("monitor",), "Records that the monitor could not read or look into"),
    Signal(
        MONITOR_LAST,
        "gauge",
        ("topic",),
        ("monitor",),
        "Time of the newest record that the monitor has read, epoch seconds",
    ),
    Signal(
        f"{SPAN_STAGE}.*",
        "span",
        ("deidstream.stage", "deidstream.case", "[deidstream.project]", "[deidstream.destination]"),
        _ON_ITS_WAY,
        "A stage's work on a case; child of ingest's, which may be the child of a client's",
    ),
    Signal(
        f"{SPAN_STORE}.artifacts.*",
        "span",
        ("deidstream.artifact", "deidstream.bytes"),
        _ON_ITS_WAY,
        "A large ciphertext put or fetched, by its key",
    ),
    Signal(
        f"{SPAN_STORE}.identity.*",
        "span",
        ("db.system.name", "db.collection.name", "db.operation.name", "[db.operation.batch.size]"),
        ("identify",),
        "The store of identities was asked",
    ),
    Signal(
        f"{SPAN_STORE}.hold.*",
        "span",
        ("db.system.name", "db.collection.name", "db.operation.name", "[db.operation.batch.size]"),
        ("identify", "writer", "delivery"),
        "The shelf of held cases was asked",
    ),
    Signal(
        f"{SPAN_STORE}.acceptance.*",
        "span",
        ("db.system.name", "db.collection.name", "db.operation.name", "[db.operation.batch.size]"),
        ("ingest",),
        "The ledger of accepted cases was asked",
    ),
    Signal(
        f"{SPAN_STORE}.ledger.*",
        "span",
        ("db.system.name", "db.collection.name", "db.operation.name", "[db.operation.batch.size]"),
        ("delivery",),
        "The ledger of a destination was asked",
    ),
    Signal("chain.started", "event", ("stages",), _ALL, "A chain runs"),
    Signal("chain.drained", "event", ("[cases]",), _ALL, "It was told to end, finished its batch and has left"),
    Signal("chain.stopped", "event", ("code", "place", "hint"), _ALL, "It cannot go on"),
    Signal(
        "shares.none",
        "event",
        ("stage", "code"),
        ("delivery",),
        "It has no share of the work now: another process has its name, or nobody tells",
    ),
    Signal("batch.retried", "event", ("code", "place", "pause"), _LOOPED, "A batch was given back"),
    Signal(
        "case.quarantined",
        "event",
        ("case", "stage", "code", "place", "[trace_id]", "[span_id]"),
        _LOOPED,
        "A case went to quarantine",
    ),
    Signal(
        "stage.crashed",
        "event",
        ("stage", "error", "at", "[trace_id]", "[span_id]"),
        (*_LOOPED, "delivery"),
        "A stage raised what it must not raise",
    ),
    Signal("process.crashed", "event", ("error", "at"), _ALL, "A thread ended by an error that nobody expected"),
    Signal(
        "batch.suspect", "event", ("partitions",), _LOOPED, "The process died in a batch: records of it go one by one"
    ),
    Signal("quarantine.limit", "event", ("quarantined", "of"), _LOOPED, "Too many cases went to quarantine"),
    Signal("ingest.listening", "event", ("source", "[port]"), ("ingest",), "A listener is bound, a place is watched"),
    Signal("dicom.rejected", "event", ("source", "reason"), ("ingest",), "A DICOM peer was refused an association"),
    Signal("dicom.refused", "event", ("source", "code"), ("ingest",), "A DICOM instance or request was not taken"),
    Signal(
        "dicom.committed",
        "event",
        ("source", "instances", "failed"),
        ("ingest",),
        "A DICOM peer asked for storage commitment: of how many it was given, of how many not",
    ),
    Signal("dicom.unreported", "event", ("source", "code"), ("ingest",), "It could not be told so now"),
    Signal(
        "folder.looked",
        "event",
        ("source", "taken", "put_aside", "unreadable"),
        ("ingest",),
        "A look at a watched folder or bucket did or found something",
    ),
    Signal("topic.put_aside", "event", ("source", "records"), ("ingest",), "Foreign records went to quarantine"),
    Signal("topic.waiting", "event", ("source", "code", "place"), ("ingest",), "A foreign topic cannot be read now"),
    Signal("folder.away", "event", ("source", "code", "place", "hint"), ("ingest",), "It cannot be read or written"),
    Signal(
        "delivery.waiting",
        "event",
        ("destination", "code", "place", "pause"),
        ("delivery",),
        "A destination does not take releases now",
    ),
    Signal("delivery.resumed", "event", ("destination",), ("delivery",), "It takes releases again"),
    Signal(
        "release.refused",
        "event",
        ("destination", "release", "code", "place", "[trace_id]", "[span_id]"),
        ("delivery",),
        "A release was refused for good and is in quarantine",
    ),
    Signal(
        "reports.refused",
        "event",
        ("destination", "code", "reports"),
        ("delivery",),
        "Somebody reported storage commitment wrongly, or without having been asked; once a minute, with how many since the last",
    ),
    Signal(
        "text.unread",
        "event",
        ("code", "place", "texts"),
        ("text",),
        "The tagger's model does not answer, and texts are redacted unread; once a minute, with how many since the last",
    ),
    Signal(
        "canary.leaked",
        "event",
        ("canary", "release", "project", "[trace_id]", "[span_id]"),
        ("monitor",),
        "A canary stands in a release",
    ),
    Signal("monitor.drifted", "event", ("project", "index", "threshold"), ("monitor",), "Categories shifted"),
    Signal("monitor.unreadable", "event", ("topic", "code"), ("monitor",), "A record could not be read"),
    Signal("library", "event", ("logger", "at"), _ALL, "A library logged something; what it said is left out"),
)


def meaning(name: str) -> str:
    """What the signal ``name`` says."""
    return next(signal.meaning for signal in SIGNALS if signal.name == name)
