"""Every metric, span and log event that deidstream emits: the one place where names are. None carries content.

Metric labels are names of stages, kinds and codes; span attributes are ids; log fields are ids, codes and counts.
"""

from __future__ import annotations

from typing import Final, Literal

__all__ = [
    "BATCH_SECONDS",
    "CASES",
    "LAG",
    "LATENCY_SECONDS",
    "RETRIES",
    "SPAN_STAGE",
    "Event",
    "Metric",
]

Metric = Literal[
    # Counter, labels stage and outcome (forward, released, quarantine, hold, gap, done): cases that left a stage.
    "deidstream.cases",
    # Histogram in seconds, label stage: one call of a stage on a batch.
    "deidstream.batch.seconds",
    # Histogram in seconds, no label: from received by ingest to released.
    "deidstream.latency.seconds",
    # Counter, label reason (a code): times that a batch was given back because something was away.
    "deidstream.retries",
    # Gauge, label topic: records that this group has not yet done.
    "deidstream.lag",
]

CASES: Final[Metric] = "deidstream.cases"
BATCH_SECONDS: Final[Metric] = "deidstream.batch.seconds"
LATENCY_SECONDS: Final[Metric] = "deidstream.latency.seconds"
RETRIES: Final[Metric] = "deidstream.retries"
LAG: Final[Metric] = "deidstream.lag"

SPAN_STAGE: Final = "deidstream.stage"
"""One a case and stage, child of the span that ingest opened. Attributes: deidstream.stage, deidstream.case."""

Event = Literal[
    # A chain runs: instance, stages.
    "chain.started",
    # It was told to end, finished its batch and has left: instance, cases.
    "chain.drained",
    # It cannot go on: code, place, hint.
    "chain.stopped",
    # A batch was given back: code, place, pause.
    "batch.retried",
    # A case went to quarantine: case, stage, code, place.
    "case.quarantined",
    # A stage raised what it must not raise: stage, error (class name), at (file and line).
    "stage.crashed",
    # A process or one of its threads ended by an error that nobody expected: error (class name), at (file and line).
    "process.crashed",
    # The process died in this batch before; its cases go one by one: records.
    "batch.suspect",
    # Too many cases were quarantined: quarantined, of.
    "quarantine.limit",
    # A listener of ingest is bound, or a folder or bucket is watched: source, port.
    "ingest.listening",
    # A look at a watched folder or bucket did or found something: source, taken, put_aside, unreadable.
    "folder.looked",
    # A watched folder or bucket cannot be read or written: source, code, place, hint.
    "folder.away",
    "topic.put_aside",
    "topic.waiting",
    # A destination does not take releases now: destination, code, place, pause.
    "delivery.waiting",
    # A destination takes releases again: destination.
    "delivery.resumed",
    # A release was refused for good and is in quarantine: destination, release, code, place.
    "release.refused",
]
