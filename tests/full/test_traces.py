"""One trace for each message, from sender to destination, across Kafka, with the stores inside: seen by a real collector."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.full.java import wait_for
from tests.full.observatory import STAGES, Observatory, observatory
from tests.full.otelcol import Span
from tests.full.postgres import Postgres
from tests.harness.client import Search, case_of, http, message, mllp
from tests.harness.kafka import Broker

pytestmark = pytest.mark.full

PLANTED = ("Quillfeather", "Ottoline", "MRN-778899123", "19580229")
CLIENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, kafka: Broker, postgres: Postgres) -> Iterator[Observatory]:
    with observatory(tmp_path_factory.mktemp("traces"), kafka, postgres.migrated()) as made:
        yield made


def planted(control: str, size: int = 0) -> bytes:
    """A message about somebody whose data must not show anywhere; ``size`` bytes of it are measurements."""
    waves = [f"OBX|2|NA|W^wave||{'~'.join(['12.5'] * (size // 5))}||||||F"] if size else []
    note = "OBX|1|TX|N^note||Ottoline Quillfeather was seen.||||||F"
    person = {"name": "Quillfeather^Ottoline", "born": "19580229"}
    return message(control, "MRN-778899123", note, *waves, kind="ORU^R01^ORU_R01", **person)


def trace_of(site: Observatory, of: Callable[[Span], bool]) -> list[Span]:
    """All spans of the traces that have such a span, once delivery's has come."""

    def spans() -> list[Span]:
        all_ = site.collector.spans()
        traces = {span.trace for span in all_ if of(span)}
        return [span for span in all_ if span.trace in traces]

    wait_for(lambda: any(span.stage == "delivery" for span in spans()), "the trace has come", 60)
    time.sleep(2.5)  # each process sends once a second
    return spans()


def of_case(case: str) -> Callable[[Span], bool]:
    return lambda span: span.attributes.get("deidstream.case") == case


def children(spans: list[Span], parent: Span) -> list[str]:
    return sorted({span.name.removeprefix("deidstream.") for span in spans if span.parent == parent.id})


def by_stage(spans: list[Span]) -> dict[str, Span]:
    found = {span.stage: span for span in spans if span.stage}
    assert len(found) == sum(1 for span in spans if span.stage)
    return found


def test_a_message_by_mllp_is_one_trace_with_the_stores_inside(site: Observatory) -> None:
    content = planted("TRACE1")
    assert mllp(site.running.mllp, content) == ["CA"]
    spans = trace_of(site, of_case(case_of(site.running, "adt", b"TRACE1", content)))
    assert len({span.trace for span in spans}) == 1
    stages = by_stage(spans)
    assert set(stages) == set(STAGES)
    assert stages["ingest"].parent == ""
    assert {span.parent for stage, span in stages.items() if stage != "ingest"} == {stages["ingest"].id}
    assert {stage: span.instance for stage, span in stages.items()} == {stage: stage for stage in STAGES}
    assert children(spans, stages["ingest"]) == sorted(
        ["store.acceptance.claim", *(f"stage.{stage}" for stage in STAGES if stage != "ingest")]
    )
    assert children(spans, stages["identify"]) == ["store.identity.resolve"]
    assert children(spans, stages["delivery"]) == ["store.ledger.record", "store.ledger.settled"]
    for stage in ("fields", "text", "resolver", "writer"):
        assert children(spans, stages[stage]) == []
    order = [stages[stage].began for stage in STAGES]
    assert order == sorted(order)


def test_a_large_message_has_its_artifacts_in_the_trace(site: Observatory) -> None:
    content = planted("TRACE2", 300_000)
    assert mllp(site.running.mllp, content) == ["CA"]
    spans = trace_of(site, of_case(case_of(site.running, "adt", b"TRACE2", content)))
    stages = by_stage(spans)
    for stage in STAGES:
        stored = [name for name in children(spans, stages[stage]) if "artifacts" in name]
        expected = {"ingest": ["put"], "delivery": ["get"], "writer": ["get", "put"]}
        assert {name.rpartition(".")[2] for name in stored} >= set(expected.get(stage, ["get"])), (stage, stored)
    put = next(span for span in spans if span.name == "deidstream.store.artifacts.put")
    assert int(put.attributes["deidstream.bytes"]) > 300_000


def test_a_fhir_client_finds_the_message_in_its_own_trace(site: Observatory) -> None:
    body = json.dumps({"resourceType": "Patient", "name": [{"family": "Quillfeather", "given": ["Ottoline"]}]}).encode()
    assert http(site.running.fhir, "POST", "/Patient", body, {"traceparent": CLIENT}).status == 201
    _, trace, parent, _ = CLIENT.split("-")
    spans = [span for span in trace_of(site, lambda span: span.trace == trace) if span.stage]
    # A resource without a text does not visit that stage; it is delivered, and so is its Provenance.
    assert sorted(span.stage for span in spans) == sorted([*({*STAGES} - {"text"}), "delivery"])
    (root,) = (span for span in spans if span.stage == "ingest")
    assert root.parent == parent
    assert {span.parent for span in spans if span is not root} == {root.id}


def test_nothing_that_was_sent_reached_the_collector(site: Observatory) -> None:
    assert len(site.collector.spans()) > 20
    found: dict[str, set[str]] = Search(PLANTED).folder(Path(site.collector.out.parent))
    assert found == {}
