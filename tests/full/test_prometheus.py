"""Prometheus reads our metrics."""

from __future__ import annotations

import subprocess
from pathlib import Path

import httpx
import pytest
from deidstream.stream.instances import instances

from tests.full.conftest import Hospital
from tests.full.java import Java, wait_for
from tests.full.prometheus import RULES, query, scraping, tool
from tests.full.test_mllp import Feed, send_and_release

pytestmark = pytest.mark.full


def pages(hospital: Hospital) -> list[str]:
    first = hospital.running.health
    return [f"127.0.0.1:{port}" for port in range(first, first + len(instances()))]


def test_promtool_finds_nothing_to_object_to(hospital: Hospital) -> None:
    for page in pages(hospital):
        text = httpx.get(f"http://{page}/metrics").text
        done = subprocess.run(
            [tool("promtool"), "check", "metrics"], input=text, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_prometheus_scrapes_every_process(hospital: Hospital, java: Java, tmp_path: Path) -> None:
    with scraping(tmp_path, pages(hospital)) as prometheus:
        # Each has answered within a second once: beside other tests not all do at every look.
        wait_for(lambda: query(prometheus, "sum(max_over_time(up[1m]))") == [3.0], "all targets are up", 180)
        send_and_release(hospital, Feed(tmp_path / "feed", 340, 350), java)
        wait_for(lambda: query(prometheus, "sum(deidstream_cases_total)") > [10.0], "cases are counted")
        wait_for(lambda: bool(query(prometheus, "sum(deidstream_latency_seconds_count)")), "latency is measured")
        assert query(prometheus, "deidstream_lag")
        assert query(prometheus, "histogram_quantile(0.99, sum by (le) (deidstream_latency_seconds_bucket))")


def test_the_rules_are_rules_and_each_alert_fires_when_it_should() -> None:
    for command in (["check", "rules", str(RULES)], ["test", "rules", str(RULES.with_name("tests.yaml"))]):
        done = subprocess.run([tool("promtool"), *command], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
