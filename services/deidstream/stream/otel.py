"""Metrics and traces by OpenTelemetry: metrics shown at ``/metrics``, spans sent by OTLP where there is a collector."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from deidstream.core.case import Case
from deidstream.core.release import Release
from deidstream.ports import Shelved
from deidstream.stream import signals
from deidstream.stream.meters import Meters, Observed, resource_of
from deidstream.stream.spans import Spans, Traced
from deidstream.stream.telemetry import Access

__all__ = ["OtelTelemetry"]


class OtelTelemetry:
    """The telemetry of a process: its name, and the base URL of a collector; without one there are no spans, since they cost."""

    def __init__(self, instance: str, otlp_endpoint: str = "") -> None:
        resource = resource_of(instance)
        self._meters = Meters(resource)
        self._cases = self._meters.counter(signals.CASES)
        self._retries = self._meters.counter(signals.RETRIES)
        self._batch = self._meters.histogram(signals.BATCH_SECONDS)
        self._latency = self._meters.histogram(signals.LATENCY_SECONDS)
        self._lags: dict[str, Callable[[], Mapping[str, int]]] = {}
        self._holds: list[Callable[[], Mapping[str, Shelved]]] = []
        self._waiting: dict[str, bool] = {}
        self._meters.gauge(signals.LAG, self._observed_lags)
        self._meters.gauge(signals.HOLD_WAITING, lambda: self._observed_holds("waiting"))
        self._meters.gauge(signals.HOLD_OVERDUE, lambda: self._observed_holds("overdue"))
        self._meters.gauge(signals.DELIVERY_WAITING, self._observed_waiting)
        self._spans = Spans(resource, otlp_endpoint) if otlp_endpoint else None

    @property
    def tracing(self) -> bool:
        """Whether there is a collector."""
        return self._spans is not None

    def handled(self, stage: str, cases: Sequence[Case], began: float, outcomes: Mapping[str, int]) -> None:
        """See ``Telemetry``."""
        ended = time.time()
        if cases:
            self._batch.record(ended - began, {"stage": stage})
        for kind, count in outcomes.items():
            self._cases.add(count, {"stage": stage, "outcome": kind})
        if self._spans is not None:
            self._spans.add(stage, [Traced.of(case.header) for case in cases], began, ended)

    def committed(self, latencies: Sequence[float]) -> None:
        """See ``Telemetry``."""
        for seconds in latencies:
            self._latency.record(seconds)
        if self._spans is not None:
            self._spans.add_late()

    def delivered(self, destination: str, releases: Sequence[Release], began: float) -> None:
        """See ``Telemetry``."""
        ended = time.time()
        if releases:
            self._cases.add(len(releases), {"stage": "delivery", "outcome": "delivered"})
        if self._spans is not None:
            traced = [Traced(one.trace, one.case_id, one.project, destination) for one in releases]
            self._spans.add("delivery", traced, began, ended)

    def accessed(self, access: Access) -> None:
        """See ``Telemetry``."""
        if self._spans is not None:
            self._spans.note(access)

    def retried(self, code: str) -> None:
        """See ``Telemetry``."""
        self._retries.add(1, {"reason": code})

    def waiting(self, destination: str, waits: bool) -> None:
        """See ``Telemetry``."""
        self._waiting[destination] = waits

    def watch_lag(self, group: str, lag: Callable[[], Mapping[str, int]]) -> None:
        """See ``Telemetry``."""
        self._lags[group] = lag

    def watch_holds(self, holds: Callable[[], Mapping[str, Shelved]]) -> None:
        """See ``Telemetry``."""
        self._holds.append(holds)

    def exposition(self) -> bytes:
        """The metrics in Prometheus' text format."""
        return self._meters.exposition()

    def close(self) -> None:
        """Sends what is left."""
        self._meters.close()
        if self._spans is not None:
            self._spans.close()

    def _observed_lags(self) -> Observed:
        for group, lag in dict(self._lags).items():
            for topic, count in lag().items():
                yield count, {"group": group, "topic": topic}

    def _observed_holds(self, what: str) -> Observed:
        for holds in tuple(self._holds):
            for stage, shelved in holds().items():
                yield getattr(shelved, what), {"stage": stage}

    def _observed_waiting(self) -> Observed:
        for destination, waits in dict(self._waiting).items():
            yield int(waits), {"destination": destination}
