"""The table of signals against a real deployment to which everything happens: what it says is seen, and nothing else is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatch

import pytest
from deidstream.stream.signals import SIGNALS, Signal

from tests.full.postgres import serving
from tests.full.scenario import PLANTED, Evidence, unfold
from tests.harness.client import Search
from tests.harness.kafka import Broker

pytestmark = pytest.mark.full

_FOREIGN = ("process_", "scrape_", "up", "target_info", "ALERTS")
"""Of the process, of Prometheus, and the name that OpenTelemetry gives a process."""
_BY_PROMETHEUS = {"__name__", "instance", "job", "le"}
_OF_EVERY_LINE = {"time", "level", "event", "instance"}


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory, kafka: Broker) -> Iterator[Evidence]:
    with serving() as postgres:  # of its own: it is stopped meanwhile
        yield unfold(tmp_path_factory.mktemp("signals"), kafka, postgres)


@pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: signal.name)
def test_it_is_seen_from_every_stage_that_the_table_names_and_from_no_other(evidence: Evidence, signal: Signal) -> None:
    assert evidence.stages(signal) == set(signal.stages)


def _allowed(signal: Signal) -> tuple[set[str], set[str]]:
    """Labels that are always there, and those that may be."""
    always = {label for label in signal.labels if not label.startswith("[")}
    return always, always | {label.strip("[]") for label in signal.labels}


def _fits(signal: Signal, labels: set[str]) -> bool:
    always, allowed = _allowed(signal)
    return always <= labels <= allowed


def test_no_metric_is_seen_that_the_table_does_not_have(evidence: Evidence) -> None:
    known = {}
    for signal in SIGNALS:
        if signal.prometheus:
            suffixes = ("_bucket", "_sum", "_count") if signal.kind == "histogram" else ("",)
            known |= {signal.prometheus + suffix: signal for suffix in suffixes}
    for _, labels in evidence.series:
        name = labels["__name__"]
        if not name.startswith(_FOREIGN):
            assert name in known
            assert _fits(known[name], set(labels) - _BY_PROMETHEUS), labels


def test_no_span_is_seen_that_the_table_does_not_have(evidence: Evidence) -> None:
    spans = [signal for signal in SIGNALS if signal.kind == "span"]
    for span in evidence.spans:
        (signal,) = (one for one in spans if fnmatch(span.name, one.name))
        assert _fits(signal, set(span.attributes)), span


def test_no_event_is_seen_that_the_table_does_not_have(evidence: Evidence) -> None:
    events = {signal.name: signal for signal in SIGNALS if signal.kind == "event"}
    for line in evidence.lines:
        assert _fits(events[line["event"]], set(line) - _OF_EVERY_LINE), line


def test_a_line_about_a_case_joins_the_trace_of_that_case(evidence: Evidence) -> None:
    of_case = {str(span.attributes["deidstream.case"]): span for span in evidence.spans if span.stage == "ingest"}
    lines = [line for line in evidence.lines if line.get("case") in of_case]
    assert {line["event"] for line in lines} == {"case.quarantined"}
    for line in lines:
        ingest = of_case[line["case"]]
        assert (line["trace_id"], line["span_id"]) == (ingest.trace, ingest.id)
    traces = {span.trace for span in evidence.spans}
    for event in ("case.quarantined", "stage.crashed", "release.refused", "canary.leaked"):
        joined = [line for line in evidence.lines if line["event"] == event and "trace_id" in line]
        assert joined
        assert {line["trace_id"] for line in joined} <= traces


def test_every_rule_is_evaluated_and_what_is_recorded_has_data(evidence: Evidence) -> None:
    assert len(evidence.rules) == 22
    assert {(rule["name"], rule["health"], rule.get("lastError", "")) for rule in evidence.rules} == {
        (rule["name"], "ok", "") for rule in evidence.rules
    }
    assert {name: bool(values) for name, values in evidence.recorded.items()} == dict.fromkeys(evidence.recorded, True)


def test_the_alert_for_a_canary_fires(evidence: Evidence) -> None:
    assert evidence.leaked == [1.0]


def test_nothing_that_was_sent_or_said_by_an_error_is_in_logs_spans_or_series(evidence: Evidence) -> None:
    search = Search(PLANTED)
    for path in (*evidence.folder.glob("deployment/*.log"), *evidence.folder.glob("collector/*")):
        assert search.content(path.read_bytes()) == set(), path.name
    assert search.content(str(evidence.series).encode()) == set()


def test_every_query_of_every_dashboard_returns_something(evidence: Evidence) -> None:
    assert len(evidence.panels) > 20
    assert [one for one, values in evidence.panels.items() if not values] == []


def test_what_is_held_for_review_is_seen_on_the_panels_that_are_about_it(evidence: Evidence) -> None:
    held = {one: values for one, values in evidence.panels.items() if re.search(r"hold_waiting.*review", one)}
    assert len(held) == 2
    assert all(max(values) > 0 for values in held.values())  # the scenario has a residue that nobody decides on
