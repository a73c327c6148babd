"""The alerts that only the chart can make, for it knows how many processes there must be: promtool runs what is rendered."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.helm import OPERATOR, chains, of_kind, rendered
from tests.full.prometheus import tool

pytestmark = [pytest.mark.full, pytest.mark.deploy]

_CORE = 'up{job="deidstream", namespace="deid", service="site-deidstream-core-pods"'
_OTHERS = ("ingest", "identify", "delivery", "pictures")
_TESTS = f"""
rule_files: [rules.yaml]
evaluation_interval: 15s
tests:
  - name: one of two goes, and stays away; then all are gone, and with them the targets
    interval: 15s
    input_series:
      - {{series: '{_CORE}, instance="a"}}', values: '1x80 _x200'}}
      - {{series: '{_CORE}, instance="b"}}', values: '1x8 _x8 1x20 0x36 _x200'}}
      - {{series: 'up{{job="deidstream", namespace="elsewhere", service="site-deidstream-core-pods"}}', values: '1x280'}}
      - {{series: 'up{{job="deidstream", namespace="deid", service="other-deidstream-core-pods"}}', values: '1x280'}}
%s
    alert_rule_test:
      - {{eval_time: 4m, alertname: DeidstreamProcessesMissing, exp_alerts: []}}
      - {{eval_time: 14m, alertname: DeidstreamProcessesMissing, exp_alerts: []}}
      - eval_time: 16m
        alertname: DeidstreamProcessesMissing
        exp_alerts:
          - exp_labels: {{severity: page, chain: core}}
            exp_annotations:
              summary: 1 of 2 processes of core are there.
              runbook: docs/runbook.md#deidstreamprocessesmissing
      - eval_time: 40m
        alertname: DeidstreamProcessesMissing
        exp_alerts:
          - exp_labels: {{severity: page, chain: core}}
            exp_annotations:
              summary: 0 of 2 processes of core are there.
              runbook: docs/runbook.md#deidstreamprocessesmissing
"""


def _rule(*more: str) -> dict[str, Any]:
    spec = of_kind(rendered("production", *OPERATOR, *more), "PrometheusRule")["site-deidstream"]["spec"]
    assert isinstance(spec, dict)
    return spec


def _missing(rule: dict[str, Any]) -> list[dict[str, Any]]:
    alerts = [one for group in rule["groups"] for one in group["rules"]]
    return [one for one in alerts if one.get("alert") == "DeidstreamProcessesMissing"]


def test_pods_that_are_gone_are_told_although_nothing_is_left_to_scrape(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(_rule()))
    there = [
        f"""      - {{series: 'up{{job="deidstream", namespace="deid", service="site-deidstream-{name}-pods", """
        f"""instance="{n}"}}', values: '1x280'}}"""
        for name in _OTHERS
        for n in (1, 2)
    ]
    (tmp_path / "tests.yaml").write_text(_TESTS % "\n".join(there))
    for command in (["check", "rules", "rules.yaml"], ["test", "rules", "tests.yaml"]):
        done = subprocess.run(
            [tool("promtool"), *command], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_each_chain_has_one_for_the_service_by_which_it_is_scraped() -> None:
    resources = rendered("production", *OPERATOR)
    services = of_kind(resources, "Service")
    expected = {}
    for name in chains(resources):
        assert [port["name"] for port in services[f"{name}-pods"]["spec"]["ports"]] == ["health"]
        expected[name.removeprefix("site-deidstream-")] = f'namespace="deid", service="{name}-pods"'
    found = {one["labels"]["chain"]: one["expr"] for one in _missing(_rule())}
    assert set(found) == set(expected)
    assert all(expected[name] in expression for name, expression in found.items())
    least = {name: expression.rpartition("< ")[2] for name, expression in found.items()}
    assert least == {"ingest": "2", "identify": "1", "core": "2", "delivery": "2", "pictures": "2"}


def test_who_scrapes_in_another_way_gets_none_for_its_targets_have_other_labels() -> None:
    assert not _missing(_rule("--set", "monitoring.serviceMonitor=false"))
