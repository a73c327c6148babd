"""What the monitor counts: tallies of audit entries, in windows, and how far shares have moved."""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path

import pytest
from deidstream.core.errors import Misconfigured
from deidstream.stages.monitor.drift import read_baseline, stability, write_baseline
from deidstream.stages.monitor.tallies import CATEGORY, FLOW, Tally, of_entries
from deidstream.stages.monitor.windows import Windows


@pytest.mark.parametrize(
    ("event", "details", "labels"),
    [
        ("case.accepted", {"source": "adt"}, ("ingest", "accepted", "")),
        ("identity.contradiction", {}, ("identify", "held", "")),
        ("case.quarantined", {"stage": "text", "code": "x"}, ("text", "quarantined", "")),
        ("case.held", {"reason": "residue"}, ("writer", "held", "")),
        ("release.gap", {"destination": "d"}, ("delivery", "gap", "")),
    ],
)
def test_an_entry_is_a_case_that_a_stage_is_done_with(event: str, details: object, labels: tuple[str, ...]) -> None:
    entry = {"event": event, "at": 7.5, "case": "c1", "details": details}
    assert list(of_entries([entry])) == [(7.5, Tally(FLOW, labels, 1))]


def test_a_release_counts_its_decisions_by_category() -> None:
    decisions = [["PID-5.1", "name", "pseudonym", "r", "d", 2], ["PID-7", "birth_date", "shift", "r", "d", 1]]
    entry = {"event": "case.released", "at": 1.0, "case": "c1", "details": {"project": "p", "decisions": decisions}}
    assert [tally for _, tally in of_entries([entry])] == [
        Tally(FLOW, ("writer", "released", "p"), 1),
        Tally(CATEGORY, ("p", "name"), 2),
        Tally(CATEGORY, ("p", "birth_date"), 1),
    ]


def test_what_an_operator_did_is_no_case() -> None:
    assert not list(of_entries([{"event": "key.rotated", "at": 1.0, "case": "", "details": {"purpose": "content"}}]))


def test_windows_add_up_over_partitions_and_keep_apart_what_is_counted() -> None:
    windows, table = Windows(10.0, 3), {}
    flow, category = Tally(FLOW, ("ingest", "accepted", ""), 1), Tally(CATEGORY, ("p", "name"), 5)
    for partition, at, tally in ((0, 100.0, flow), (1, 109.9, flow), (0, 110.0, flow), (0, 100.0, category)):
        windows.add(table, partition, at, tally)
    assert windows.totals(table, FLOW, 10, 10) == Counter({("ingest", "accepted", ""): 2})
    assert windows.totals(table, FLOW, 10, 11) == Counter({("ingest", "accepted", ""): 3})
    assert windows.totals(table, CATEGORY, 10, 11) == Counter({("p", "name"): 5})


def test_windows_that_are_long_past_are_forgotten_and_not_counted_again() -> None:
    windows, table = Windows(10.0, 3), {}
    tally = Tally(FLOW, ("ingest", "accepted", ""), 1)
    for at in (100.0, 110.0, 120.0, 150.0):
        windows.add(table, 0, at, tally)
    assert sorted(json.loads(row)[0] for row in table) == [12, 15]
    windows.add(table, 0, 100.0, tally)
    assert sorted(json.loads(row)[0] for row in table) == [12, 15]
    windows.add(table, 1, 100.0, tally)  # another partition may be behind, and its rows are its own
    assert windows.totals(table, FLOW, 10, 10).total() == 1


def test_the_index_is_that_of_its_definition() -> None:
    now, baseline = {"name": 30, "date": 70}, {"name": 50, "date": 50}
    p, q = [30.5 / 101, 70.5 / 101], [50.5 / 101, 50.5 / 101]
    expected = sum((a - b) * math.log(a / b) for a, b in zip(p, q, strict=True))
    assert stability(now, baseline) == pytest.approx(expected)
    assert stability(baseline, now) == pytest.approx(expected)
    assert stability(now, {"name": 300, "date": 700}) == pytest.approx(0, abs=1e-3)


def test_a_category_that_is_new_or_gone_is_a_shift_and_no_division_by_zero() -> None:
    assert stability({"name": 50, "phone": 50}, {"name": 100}) > 0.25
    assert stability({"name": 100}, {"name": 50, "phone": 50}) > 0.25
    assert stability({}, {"name": 1}) == stability({"name": 1}, {}) == 0.0


def test_a_baseline_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "monitor" / "baseline.json"
    assert read_baseline(path) == {}
    write_baseline(path, {"research": {"name": 3}})
    assert read_baseline(path) == {"research": {"name": 3}}


@pytest.mark.parametrize("content", ["", "[1]", '{"research": 5}', '{"research": {"name": "many"}}'])
def test_what_is_no_baseline_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "baseline.json"
    path.write_text(content)
    with pytest.raises(Misconfigured, match="baseline-unreadable"):
        read_baseline(path)
