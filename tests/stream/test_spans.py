"""Spans of stages, and of the stores that they ask."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from deidstream.adapters.artifacts_memory import MemoryArtifacts
from deidstream.adapters.memory_hold import MemoryHold
from deidstream.core.errors import Unsafe
from deidstream.ports import Held
from deidstream.stream.meters import resource_of
from deidstream.stream.spans import Spans, Traced
from deidstream.stream.stores import observed, observed_artifacts
from deidstream.stream.telemetry import Access
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

TRACE = f"00-{'a' * 32}-{'b' * 16}-01"
OTHER = f"00-{'c' * 32}-{'d' * 16}-01"


class Made:
    def __init__(self) -> None:
        self.spans = Spans(resource_of("core"), "http://127.0.0.1:9")
        self._exporter = InMemorySpanExporter()
        processor = self.spans._provider._active_span_processor
        for one in processor._span_processors:
            one.shutdown()
        processor._span_processors = (SimpleSpanProcessor(self._exporter),)

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self._exporter.get_finished_spans() if span.name == name]


@pytest.fixture
def made() -> Iterator[Made]:
    one = Made()
    yield one
    one.spans.close()


def access(name: str, began: float, case: str = "") -> Access:
    return Access(name, began, began + 1, {"db.operation.name": name}, case)


def span_id(span: ReadableSpan) -> str:
    return f"{span.context.span_id:016x}"


def parent_id(span: ReadableSpan) -> str:
    return f"{span.parent.span_id:016x}" if span.parent else ""


def test_the_span_of_ingest_is_the_one_that_the_traceparent_names_below_that_of_the_client(made: Made) -> None:
    made.spans.add("ingest", [Traced(TRACE, "c1"), Traced(OTHER, "c2", parent="e" * 16)], 10.0, 11.0)
    first, second = made.named("deidstream.stage.ingest")
    assert (span_id(first), parent_id(first)) == ("b" * 16, "")
    assert (span_id(second), parent_id(second)) == ("d" * 16, "e" * 16)
    assert f"{second.context.trace_id:032x}" == "c" * 32


def test_what_a_stage_asked_for_its_batch_stands_in_the_trace_of_every_case(made: Made) -> None:
    made.spans.note(access("early", 5.0))  # before this batch: of none of its cases
    made.spans.note(access("identity.resolve", 10.5))
    made.spans.add("identify", [Traced(TRACE, "c1"), Traced(OTHER, "c2")], 10.0, 12.0)
    stages, stores = made.named("deidstream.stage.identify"), made.named("deidstream.store.identity.resolve")
    assert [parent_id(one) for one in stores] == [span_id(one) for one in stages]
    assert {one.context.trace_id for one in stores} == {one.context.trace_id for one in stages}
    assert made.named("deidstream.store.early") == []
    made.spans.add("fields", [Traced(TRACE, "c1")], 13.0, 14.0)
    assert len(made.named("deidstream.store.identity.resolve")) == 2


def test_what_was_fetched_for_a_case_before_its_stage_lies_within_its_span_and_no_other(made: Made) -> None:
    made.spans.note(access("artifacts.get", 8.0, "c1"))
    made.spans.add("text", [Traced(TRACE, "c1"), Traced(OTHER, "c2")], 10.0, 12.0)
    (store,), (mine, other) = made.named("deidstream.store.artifacts.get"), made.named("deidstream.stage.text")
    assert parent_id(store) == span_id(mine)
    assert mine.start_time == 8_000_000_000
    assert other.start_time == 10_000_000_000


def test_what_is_put_after_the_last_stage_belongs_to_it(made: Made) -> None:
    made.spans.add("writer", [Traced(TRACE, "c1")], 10.0, 12.0)
    putting = threading.Thread(target=made.spans.note, args=(access("artifacts.put", 12.0, "c1"),))
    putting.start()
    putting.join()
    made.spans.add_late()
    (store,), (stage,) = made.named("deidstream.store.artifacts.put"), made.named("deidstream.stage.writer")
    assert parent_id(store) == span_id(stage)
    made.spans.add_late()
    assert len(made.named("deidstream.store.artifacts.put")) == 1


def test_a_case_without_a_trace_has_no_span(made: Made) -> None:
    made.spans.note(access("identity.resolve", 10.0))
    made.spans.add("identify", [Traced("", "c1")], 10.0, 12.0)
    assert made.named("deidstream.stage.identify") == made.named("deidstream.store.identity.resolve") == []


def test_an_observed_store_does_what_it_did_and_says_the_name_of_the_operation_alone() -> None:
    noted: list[Access] = []
    shelf = observed(MemoryHold(), "hold", "sqlite", noted.append)
    item = Held("c1.research", "review", "residue", 5.0, b"sealed")
    shelf.put([item, Held("c2", "delivery.folder", "release", 5.0, b"sealed")])
    assert list(shelf.list()) == [item, *shelf.list("delivery.folder")]
    assert [(one.name, one.case, one.attributes["db.operation.batch.size"]) for one in noted] == [("hold.put", "c1", 2)]
    shelf.take("review", ["c1.research"])
    assert [one.name for one in noted] == ["hold.put", "hold.take"]
    assert "review" not in str([one.attributes for one in noted])


def test_an_artifact_is_noted_for_the_case_in_its_key_and_one_that_is_gone_is_not() -> None:
    noted: list[Access] = []
    store = observed_artifacts(MemoryArtifacts(), noted.append)
    store.put("cases/c1/source-1", b"12345")
    assert store.get("cases/c1/source-1") == b"12345"
    with pytest.raises(Unsafe):
        store.get("cases/c2/source-1")
    assert [(one.name, one.case, one.attributes["deidstream.bytes"]) for one in noted] == [
        ("artifacts.put", "c1", 5),
        ("artifacts.get", "c1", 5),
    ]
