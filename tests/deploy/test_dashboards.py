"""The dashboards as files: made of the table, asking for what there is, and a run-book for each alert that they name."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from deidstream.stream.signals import SIGNALS

from tools.make_dashboards import FOLDER, dashboards, queries, written

TRITON = {
    "nv_inference_count",
    "nv_inference_exec_count",
    "nv_inference_request_success",
    "nv_inference_request_failure",
    "nv_inference_queue_duration_us",
    "nv_inference_compute_infer_duration_us",
}
"""What a Triton server shows by itself."""

_ROOT = Path(__file__).parents[2]
_RULES = yaml.safe_load((_ROOT / "deploy/prometheus/rules.yaml").read_text())


def test_the_files_are_those_that_the_table_makes() -> None:
    there = {file.stem: file.read_text() for file in FOLDER.glob("*.json")}
    assert there == {name: written(one) for name, one in dashboards().items()}


def test_every_query_asks_for_a_signal_a_recorded_rule_the_process_or_triton() -> None:
    known = {signal.prometheus for signal in SIGNALS if signal.prometheus}
    known |= {rule["record"] for group in _RULES["groups"] for rule in group["rules"] if "record" in rule}
    for dashboard in dashboards().values():
        for expression in queries(dashboard):
            asked = set(
                re.findall(r"\b(?:deidstream|process|up|ALERTS|nv_)[a-z_0-9:]*", re.sub('"[^"]*"', "", expression))
            )
            assert asked, expression
            for name in asked:
                base = re.sub("_bucket$", "", name)
                assert base in known or base.startswith("process_") or base in ("up", "ALERTS") or base in TRITON, name


def test_what_waits_on_hold_is_asked_for_by_the_shelves_on_which_it_lies() -> None:
    """The resolver and the writer hold for review: under their own names there is never anything."""
    shelves = {"identify", "review", "delivery"}
    for dashboard in dashboards().values():
        for expression in queries(dashboard):
            for stages in re.findall(r'hold_(?:waiting|overdue):max\{stage=~?"([^"]*)"', expression):
                assert {one.partition(".")[0] for one in stages.split("|")} <= shelves, expression


def test_every_metric_is_on_some_dashboard() -> None:
    asked = " ".join(expression for one in dashboards().values() for expression in queries(one))
    recorded = {
        rule["record"]: rule["expr"] for group in _RULES["groups"] for rule in group["rules"] if "record" in rule
    }
    asked += " ".join(expression for name, expression in recorded.items() if name in asked)
    assert not [signal.prometheus for signal in SIGNALS if signal.prometheus and signal.prometheus not in asked]


def test_panels_do_not_lie_upon_one_another_and_are_explained() -> None:
    for dashboard in dashboards().values():
        taken: set[tuple[int, int]] = set()
        for panel in dashboard["panels"]:
            place = panel["gridPos"]
            cells = {
                (x, y)
                for x in range(place["x"], place["x"] + place["w"])
                for y in range(place["y"], place["y"] + place["h"])
            }
            assert max(x for x, _ in cells) < 24
            assert not cells & taken, panel["title"]
            taken |= cells
            assert panel["type"] == "row" or panel["description"]


def test_alerts_that_panels_name_are_alerts_and_each_alert_has_its_place_in_the_run_book() -> None:
    alerts = {rule["alert"]: rule for group in _RULES["groups"] for rule in group["rules"] if "alert" in rule}
    named = set(re.findall(r"Deidstream[A-Za-z]+", json.dumps(dashboards())))
    assert named <= set(alerts)
    headings = set(re.findall(r"^## (Deidstream\w+)$", (_ROOT / "docs/runbook.md").read_text(), re.MULTILINE))
    chart = (_ROOT / "helm/deidstream/templates/monitoring.yaml").read_text()
    assert headings == set(alerts) | set(re.findall(r"alert: (Deidstream\w+)", chart))
    for name, rule in alerts.items():
        assert rule["annotations"]["runbook"] == f"docs/runbook.md#{name.lower()}"


@pytest.mark.parametrize("name", ["pipeline", "detection", "quality", "kafka", "models", "security"])
def test_the_chart_brings_them_along(name: str) -> None:
    assert (_ROOT / f"helm/deidstream/files/dashboards/{name}.json").read_text() == (
        FOLDER / f"{name}.json"
    ).read_text()
