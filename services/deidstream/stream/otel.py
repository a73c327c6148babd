"""Metrics and traces by OpenTelemetry: metrics shown at ``/metrics``, spans sent by OTLP where there is a collector."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from deidstream.core.case import Case
from deidstream.core.release import Release
from deidstream.ports import Shelved
from deidstream.stream import signals
from deidstream.stream.spans import Spans, Traced
from deidstream.stream.telemetry import Access

if TYPE_CHECKING:
    from opentelemetry.metrics import CallbackOptions, Observation

__all__ = ["OtelTelemetry"]

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class OtelTelemetry:
    """The telemetry of a process: its name, and the base URL of a collector; without one there are no spans, since they cost."""

    def __init__(self, instance: str, otlp_endpoint: str = "") -> None:
        # Imported here: a process without telemetry need not carry it in memory.
        from opentelemetry.exporter.prometheus import PrometheusMetricReader
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.view import ExplicitBucketHistogramAggregation, View
        from opentelemetry.sdk.resources import Resource
        from prometheus_client import CollectorRegistry, ProcessCollector

        resource = Resource.create({"service.name": "deidstream", "service.instance.id": instance})
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        reader = PrometheusMetricReader(scope_info_enabled=False, registry=self._registry)
        seconds = View(instrument_name="*.seconds", aggregation=ExplicitBucketHistogramAggregation(_BUCKETS))
        self._provider = MeterProvider(metric_readers=[reader], resource=resource, views=[seconds])
        self._meter = self._provider.get_meter("deidstream")
        self._cases = self._meter.create_counter(signals.CASES, description=signals.meaning(signals.CASES))
        self._retries = self._meter.create_counter(signals.RETRIES, description=signals.meaning(signals.RETRIES))
        self._batch = self._histogram(signals.BATCH_SECONDS)
        self._latency = self._histogram(signals.LATENCY_SECONDS)
        self._lags: dict[str, Callable[[], Mapping[str, int]]] = {}
        self._holds: list[Callable[[], Mapping[str, Shelved]]] = []
        self._waiting: dict[str, bool] = {}
        self._gauge(signals.LAG, self._observed_lags)
        self._gauge(signals.HOLD_WAITING, lambda: self._observed_holds("waiting"))
        self._gauge(signals.HOLD_OVERDUE, lambda: self._observed_holds("overdue"))
        self._gauge(signals.DELIVERY_WAITING, self._observed_waiting)
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
        from prometheus_client import generate_latest

        return generate_latest(self._registry)

    def close(self) -> None:
        """Sends what is left."""
        self._provider.shutdown()
        if self._spans is not None:
            self._spans.close()

    def _histogram(self, name: signals.Metric):  # type: ignore[no-untyped-def]  # the SDK's type, imported lazily
        return self._meter.create_histogram(name, unit="s", description=signals.meaning(name))

    def _gauge(self, name: signals.Metric, observe: Callable[[], Iterator[tuple[int, dict[str, str]]]]) -> None:
        from opentelemetry.metrics import Observation

        def callback(_: CallbackOptions) -> Iterable[Observation]:
            return [Observation(value, labels) for value, labels in observe()]

        self._meter.create_observable_gauge(name, callbacks=[callback], description=signals.meaning(name))

    def _observed_lags(self) -> Iterator[tuple[int, dict[str, str]]]:
        for group, lag in dict(self._lags).items():
            for topic, count in lag().items():
                yield count, {"group": group, "topic": topic}

    def _observed_holds(self, what: str) -> Iterator[tuple[int, dict[str, str]]]:
        for holds in tuple(self._holds):
            for stage, shelved in holds().items():
                yield getattr(shelved, what), {"stage": stage}

    def _observed_waiting(self) -> Iterator[tuple[int, dict[str, str]]]:
        for destination, waits in dict(self._waiting).items():
            yield int(waits), {"destination": destination}
