"""The spans of a case: one for each stage, children of the one that ingest opened; below each, what the stage asked of stores.

A batch is worked on by many calls for all of its cases at once, so spans are made after the fact, from the times of the batch:
every case has the whole picture in its own trace, and a process without a collector pays nothing.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from deidstream.core.case import Header
from deidstream.stream import signals
from deidstream.stream.telemetry import Access

__all__ = ["PARENT", "Spans", "Traced"]

PARENT = "trace.parent"
"""Attribute of a case: the span of the client's in whose trace ours is, 16 hexadecimal digits."""

_REMEMBERED = 4_096
"""Cases of which something is remembered between two reports."""
_QUEUE = 16_384
"""Spans that may wait to be sent; a collector that is away costs that much memory and then the rest of the spans."""
_SHARED = 256


class Traced(NamedTuple):
    """Whose span it is."""

    trace: str
    case: str
    project: str = ""
    destination: str = ""
    parent: str = ""

    @classmethod
    def of(cls, header: Header) -> Traced:
        """The case with this header."""
        return cls(header.trace, header.case_id, header.project, "", header.attribute(PARENT))

    def attributes(self, stage: str) -> dict[str, str]:
        """Those of its span."""
        found = {"deidstream.stage": stage, "deidstream.case": self.case}
        if self.project:
            found["deidstream.project"] = self.project
        if self.destination:
            found["deidstream.destination"] = self.destination
        return found


class Spans:
    """Makes spans and sends them in the background. Any thread may."""

    def __init__(self, resource: Any, endpoint: str) -> None:  # Any: the SDK's type, imported lazily
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        self._given = threading.local()
        self._provider = TracerProvider(resource=resource, id_generator=_ids_given(self._given))
        exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
        self._provider.add_span_processor(
            BatchSpanProcessor(exporter, max_queue_size=_QUEUE, schedule_delay_millis=1_000)
        )
        self._tracer = self._provider.get_tracer("deidstream")
        self._batch = threading.local()
        self._lock = threading.Lock()
        self._accesses: OrderedDict[str, list[Access]] = OrderedDict()
        self._last: OrderedDict[str, Any] = OrderedDict()  # Any: opentelemetry's Context

    def note(self, access: Access) -> None:
        """Keeps ``access`` until the stage that it belongs to reports."""
        if not access.case:
            self._shared().append(access)
            return
        with self._lock:
            self._accesses.setdefault(access.case, []).append(access)
            while len(self._accesses) > _REMEMBERED:
                self._accesses.popitem(last=False)

    def add(self, stage: str, cases: Sequence[Traced], began: float, ended: float) -> None:
        """One span of ``stage`` for each of ``cases``, with the accesses noted for it, and on this thread, since ``began``."""
        shared = [access for access in self._shared() if access.began >= began]
        self._shared().clear()
        for case in cases:
            if case.trace:
                own = self._taken(case.case)
                start = min([began, *(access.began for access in own)])
                within = self._stage(stage, case, start, ended)
                self._children(within, (*own, *shared))

    def add_late(self) -> None:
        """What stores were asked after the last stage of a case had reported: what it left was put, or shelved."""
        with self._lock:
            late = [(self._last[case], self._accesses.pop(case)) for case in self._last if case in self._accesses]
            self._last.clear()
        for within, accesses in late:
            self._children(within, accesses)

    def close(self) -> None:
        """Sends what is left."""
        self._provider.shutdown()

    def _stage(self, stage: str, case: Traced, start: float, ended: float) -> Any:  # Any: opentelemetry's Context
        from opentelemetry.trace import SpanKind, set_span_in_context

        first = stage == "ingest"
        self._given.ids = _ids(case.trace) if first else None
        parent = case.trace if not first else f"{case.trace[:36]}{case.parent}-01" if case.parent else ""
        span = self._tracer.start_span(
            f"{signals.SPAN_STAGE}.{stage}",
            context=_context(parent),
            kind=SpanKind.SERVER if first else SpanKind.CONSUMER,
            start_time=_nanoseconds(start),
            attributes=case.attributes(stage),
        )
        self._given.ids = None
        span.end(_nanoseconds(ended))
        within = set_span_in_context(span, _context(""))
        with self._lock:
            self._last[case.case] = within
            while len(self._last) > _REMEMBERED:
                self._last.popitem(last=False)
        return within

    def _children(self, within: Any, accesses: Iterable[Access]) -> None:  # Any: opentelemetry's Context
        from opentelemetry.trace import SpanKind

        for access in accesses:
            attributes: Mapping[str, str | int] = access.attributes
            span = self._tracer.start_span(
                f"{signals.SPAN_STORE}.{access.name}",
                context=within,
                kind=SpanKind.CLIENT,
                start_time=_nanoseconds(access.began),
                attributes=dict(attributes),
            )
            span.end(_nanoseconds(access.ended))

    def _taken(self, case: str) -> list[Access]:
        with self._lock:
            return self._accesses.pop(case, [])

    def _shared(self) -> deque[Access]:
        if not hasattr(self._batch, "accesses"):
            self._batch.accesses = deque(maxlen=_SHARED)
        found: deque[Access] = self._batch.accesses
        return found


def _ids_given(given: threading.local) -> Any:  # Any: the SDK's type, imported lazily
    from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

    class Given(RandomIdGenerator):
        """The ids that ingest has put into the traceparent are those of its own span, made after them."""

        def generate_trace_id(self) -> int:
            ids: tuple[int, int] | None = getattr(given, "ids", None)
            return ids[0] if ids else super().generate_trace_id()

        def generate_span_id(self) -> int:
            ids: tuple[int, int] | None = getattr(given, "ids", None)
            return ids[1] if ids else super().generate_span_id()

    return Given()


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 1e9)


def _ids(traceparent: str) -> tuple[int, int]:
    _, trace, span, _ = traceparent.split("-")
    return int(trace, 16), int(span, 16)


def _context(traceparent: str) -> Any:  # Any: opentelemetry's Context
    from opentelemetry.context import Context
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    if not traceparent:
        return Context()
    return TraceContextTextMapPropagator().extract({"traceparent": traceparent}, Context())
