"""The metrics of a process, by the names of ``signals``, in Prometheus' text format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from deidstream.stream import signals

if TYPE_CHECKING:
    from opentelemetry.metrics import CallbackOptions, Counter, Histogram, Observation
    from opentelemetry.sdk.resources import Resource

__all__ = ["Meters", "Observed", "resource_of"]

Observed = Iterator[tuple[float, Mapping[str, str]]]
"""Values of a gauge, each with its labels."""

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


def resource_of(instance: str) -> Resource:
    """What OpenTelemetry calls the process ``instance``."""
    from opentelemetry.sdk.resources import Resource

    return Resource.create({"service.name": "deidstream", "service.instance.id": instance})


class Meters:
    """OpenTelemetry's meters with a Prometheus reader, and the process' own (``process_*``)."""

    def __init__(self, resource: Any) -> None:  # Any: the SDK's type, imported lazily
        # Imported here: a process without telemetry need not carry it in memory.
        from opentelemetry.exporter.prometheus import PrometheusMetricReader
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.view import ExplicitBucketHistogramAggregation, View
        from prometheus_client import CollectorRegistry, ProcessCollector

        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        reader = PrometheusMetricReader(scope_info_enabled=False, registry=self._registry)
        seconds = View(instrument_name="*.seconds", aggregation=ExplicitBucketHistogramAggregation(_BUCKETS))
        self._provider = MeterProvider(metric_readers=[reader], resource=resource, views=[seconds])
        self._meter = self._provider.get_meter("deidstream")

    def counter(self, name: signals.Metric) -> Counter:
        """The counter ``name``."""
        return self._meter.create_counter(name, description=signals.meaning(name))

    def histogram(self, name: signals.Metric) -> Histogram:
        """The histogram ``name``, of seconds."""
        return self._meter.create_histogram(name, unit="s", description=signals.meaning(name))

    def gauge(self, name: signals.Metric, observe: Callable[[], Observed]) -> None:
        """Shows what ``observe`` gives whenever somebody looks."""
        from opentelemetry.metrics import Observation

        def callback(_: CallbackOptions) -> Iterable[Observation]:
            return [Observation(value, labels) for value, labels in observe()]

        self._meter.create_observable_gauge(name, callbacks=[callback], description=signals.meaning(name))

    def exposition(self) -> bytes:
        """All of them."""
        from prometheus_client import generate_latest

        return generate_latest(self._registry)

    def close(self) -> None:
        """Lets go."""
        self._provider.shutdown()
