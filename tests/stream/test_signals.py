"""One table says what is emitted; code, docs and rules agree with it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import yaml
from deidstream.cli.signals import page
from deidstream.stream.signals import SIGNALS, Event, Metric
from deidstream.stream.stages import STAGES

_ROOT = Path(__file__).parents[2]
_RULES = yaml.safe_load((_ROOT / "deploy/prometheus/rules.yaml").read_text())["groups"]
_ALERTS = [rule for group in _RULES for rule in group["rules"] if "alert" in rule]
_OF_CHART = re.findall(r"- alert: (\w+)", (_ROOT / "helm/deidstream/templates/monitoring.yaml").read_text())
"""Alerts that only a chart can make (how many processes there must be); what they say is tested with the chart."""


def test_every_name_that_the_code_may_use_stands_in_the_table_once() -> None:
    names = [signal.name for signal in SIGNALS if signal.kind != "span"]
    assert sorted(names) == sorted([*get_args(Metric), *get_args(Event)])


def test_stages_are_stages() -> None:
    assert {stage for signal in SIGNALS for stage in signal.stages} <= {*STAGES, "monitor"}


def test_the_page_in_the_docs_is_the_table() -> None:
    assert (_ROOT / "docs/signals.md").read_text() == page(), "run: deidstream signals > docs/signals.md"


def test_rules_speak_of_metrics_that_there_are() -> None:
    known = {signal.prometheus for signal in SIGNALS} | {
        f"{signal.prometheus}_bucket" for signal in SIGNALS if signal.kind == "histogram"
    }
    text = " ".join(str(rule["expr"]) for group in _RULES for rule in group["rules"])
    assert set(re.findall(r"\bdeidstream_\w+", text)) <= known


def test_every_alert_has_its_entry_in_the_runbook_and_every_entry_its_alert() -> None:
    runbook = (_ROOT / "docs/runbook.md").read_text()
    entries = dict(re.findall(r"^## (\w+)\n\n(.*?)(?=^## |\Z)", runbook, re.MULTILINE | re.DOTALL))
    assert _OF_CHART == ["DeidstreamProcessesMissing"]
    assert [one for one in entries if one not in _OF_CHART] == [alert["alert"] for alert in _ALERTS]
    assert set(_OF_CHART) <= set(entries)
    for alert in _ALERTS:
        assert alert["annotations"]["runbook"] == f"docs/runbook.md#{alert['alert'].lower()}"
        assert all(word in entries[alert["alert"]] for word in ("**Means.**", "**Look at**", "**Do**"))
