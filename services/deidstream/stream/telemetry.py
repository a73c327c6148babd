"""Metrics and traces. Silent unless a process asks for them: then OpenTelemetry, shown at ``/metrics`` and sent by OTLP.

A case's trace begins at ingest, whose ``traceparent`` travels in the plain header; each stage adds one span under it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from deidstream.core.case import Case
from deidstream.core.release import Release
from deidstream.stream import signals

if TYPE_CHECKING:
    from opentelemetry.metrics import CallbackOptions, Observation

__all__ = ["OtelTelemetry", "Silent", "Telemetry"]


class Telemetry(Protocol):
    """What the loop reports."""

    def handled(self, stage: str, cases: Sequence[Case], began: float, outcomes: Mapping[str, int]) -> None:
        """``stage`` has worked on ``cases`` since ``began`` (epoch seconds), with so many outcomes of each kind."""

    def released(self, latencies: Sequence[float]) -> None:
        """Seconds from receipt to release, one for each release that was committed."""

    def delivered(self, releases: Sequence[Release], began: float) -> None:
        """A destination has taken ``releases``, on which it has worked since ``began`` (epoch seconds)."""

    def retried(self, code: str) -> None:
        """A batch was given back."""

    def watch_lag(self, lag: Callable[[], Mapping[str, int]]) -> None:
        """Where to ask for the lag of each topic."""

    def exposition(self) -> bytes:
        """The metrics in Prometheus' text format."""

    def close(self) -> None:
        """Sends what is left."""


class Silent:
    """Reports nothing."""

    def handled(self, stage: str, cases: Sequence[Case], began: float, outcomes: Mapping[str, int]) -> None:
        """See ``Telemetry``."""

    def released(self, latencies: Sequence[float]) -> None:
        """See ``Telemetry``."""

    def delivered(self, releases: Sequence[Release], began: float) -> None:
        """See ``Telemetry``."""

    def retried(self, code: str) -> None:
        """See ``Telemetry``."""

    def watch_lag(self, lag: Callable[[], Mapping[str, int]]) -> None:
        """See ``Telemetry``."""

    def exposition(self) -> bytes:
        """Nothing."""
        return b""

    def close(self) -> None:
        """See ``Telemetry``."""


class OtelTelemetry:
    """OpenTelemetry metrics with a Prometheus reader; spans only with ``otlp_endpoint``, since they cost."""

    def __init__(self, service: str, instance: str, otlp_endpoint: str = "") -> None:
        # Imported here: a process without telemetry need not carry it in memory.
        from opentelemetry.exporter.prometheus import PrometheusMetricReader
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.view import ExplicitBucketHistogramAggregation, View
        from opentelemetry.sdk.resources import Resource

        self._resource = Resource.create({"service.name": service, "service.instance.id": instance})
        buckets = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
        seconds = View(instrument_name="*.seconds", aggregation=ExplicitBucketHistogramAggregation(buckets))
        self._metrics = MeterProvider(
            metric_readers=[PrometheusMetricReader()], resource=self._resource, views=[seconds]
        )
        self._meter = self._metrics.get_meter("deidstream")
        self._cases = self._meter.create_counter(signals.CASES, description="Cases that a stage is done with")
        self._batch = self._meter.create_histogram(
            signals.BATCH_SECONDS, unit="s", description="Time of a batch in a stage"
        )
        self._latency = self._meter.create_histogram(
            signals.LATENCY_SECONDS, unit="s", description="Time since ingest took a case"
        )
        self._retries = self._meter.create_counter(signals.RETRIES, description="Batches tried again")
        self._spans = _Spans(self._resource, otlp_endpoint) if otlp_endpoint else None

    def handled(self, stage: str, cases: Sequence[Case], began: float, outcomes: Mapping[str, int]) -> None:
        """See ``Telemetry``."""
        ended = time.time()
        self._batch.record(ended - began, {"stage": stage})
        for kind, count in outcomes.items():
            self._cases.add(count, {"stage": stage, "outcome": kind})
        if self._spans is not None:
            self._spans.add(stage, [(case.header.trace, case.id) for case in cases], began, ended)

    def released(self, latencies: Sequence[float]) -> None:
        """See ``Telemetry``."""
        for seconds in latencies:
            self._latency.record(seconds)

    def delivered(self, releases: Sequence[Release], began: float) -> None:
        """See ``Telemetry``."""
        ended = time.time()
        self._cases.add(len(releases), {"stage": "delivery", "outcome": "delivered"})
        if self._spans is not None:
            self._spans.add("delivery", [(one.trace, one.case_id) for one in releases], began, ended)

    def retried(self, code: str) -> None:
        """See ``Telemetry``."""
        self._retries.add(1, {"reason": code})

    def watch_lag(self, lag: Callable[[], Mapping[str, int]]) -> None:
        """See ``Telemetry``."""
        from opentelemetry.metrics import Observation

        def observe(_: CallbackOptions) -> Iterable[Observation]:
            return [Observation(count, {"topic": topic}) for topic, count in lag().items()]

        self._meter.create_observable_gauge(
            signals.LAG, callbacks=[observe], description="Records that wait in an inbox"
        )

    def exposition(self) -> bytes:
        """The metrics in Prometheus' text format."""
        from prometheus_client import REGISTRY, generate_latest

        return generate_latest(REGISTRY)

    def close(self) -> None:
        """Sends what is left."""
        self._metrics.shutdown()
        if self._spans is not None:
            self._spans.close()


class _Spans:
    """One span a case and stage, made after the fact from the times of the batch."""

    def __init__(self, resource: Any, endpoint: str) -> None:  # Any: the SDK's type, imported lazily
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

        class Given(RandomIdGenerator):
            """The ids that ingest has put into the traceparent are those of its own span, made after them."""

            ids: tuple[int, int] | None = None

            def generate_trace_id(self) -> int:
                return self.ids[0] if self.ids else super().generate_trace_id()

            def generate_span_id(self) -> int:
                return self.ids[1] if self.ids else super().generate_span_id()

        self._ids = Given()
        self._provider = TracerProvider(resource=resource, id_generator=self._ids)
        exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("deidstream")

    def add(self, stage: str, cases: Sequence[tuple[str, str]], began: float, ended: float) -> None:
        """``cases``: the traceparent and the id of each."""
        start, end = int(began * 1e9), int(ended * 1e9)
        for trace, case_id in cases:
            if not trace:
                continue
            first = stage == "ingest"
            self._ids.ids = _ids(trace) if first else None
            span = self._tracer.start_span(
                f"{signals.SPAN_STAGE}.{stage}",
                context=_root() if first else _parent(trace),
                start_time=start,
                attributes={"deidstream.stage": stage, "deidstream.case": case_id},
            )
            span.end(end)

    def close(self) -> None:
        self._provider.shutdown()


def _ids(traceparent: str) -> tuple[int, int]:
    _, trace, span, _ = traceparent.split("-")
    return int(trace, 16), int(span, 16)


def _root() -> Any:  # Any: opentelemetry's Context
    from opentelemetry.context import Context

    return Context()


def _parent(traceparent: str) -> Any:  # Any: opentelemetry's Context
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    return TraceContextTextMapPropagator().extract({"traceparent": traceparent})
