"""Prometheus reads our metrics."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import yaml
from deidstream.cli.demo.ports import free_row
from deidstream.stream.instances import instances

from tests.full.conftest import Hospital
from tests.full.java import CACHE, Java, absent, wait_for
from tests.full.test_mllp import Feed, send_and_release

pytestmark = pytest.mark.full


def tool(name: str) -> str:
    found = shutil.which(name, path=f"{CACHE / 'prometheus/usr/bin'}:/usr/bin:/usr/local/bin")
    if found is None:
        absent(f"no {name}")
    return str(found)


def pages(hospital: Hospital) -> list[str]:
    first = hospital.running.health
    return [f"127.0.0.1:{port}" for port in range(first, first + len(instances()))]


@contextmanager
def scraping(folder: Path, targets: list[str]) -> Iterator[str]:
    """The address of a Prometheus that scrapes ``targets`` once a second."""
    (port,) = free_row(1)
    jobs = [{"job_name": "deidstream", "static_configs": [{"targets": targets}]}]
    config = folder / "prometheus.yml"
    config.write_text(yaml.safe_dump({"global": {"scrape_interval": "1s"}, "scrape_configs": jobs}))
    command = [tool("prometheus"), f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*command, f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def query(prometheus: str, expression: str) -> list[float]:
    try:
        answer = httpx.get(f"{prometheus}/api/v1/query", params={"query": expression})
    except httpx.TransportError:
        return []
    if answer.status_code != 200:
        return []
    return [float(one["value"][1]) for one in answer.json()["data"]["result"]]


def test_promtool_finds_nothing_to_object_to(hospital: Hospital) -> None:
    for page in pages(hospital):
        text = httpx.get(f"http://{page}/metrics").text
        done = subprocess.run(
            [tool("promtool"), "check", "metrics"], input=text, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_prometheus_scrapes_every_process(hospital: Hospital, java: Java, tmp_path: Path) -> None:
    with scraping(tmp_path, pages(hospital)) as prometheus:
        wait_for(lambda: query(prometheus, "sum(up)") == [3.0], "all targets are up")
        send_and_release(hospital, Feed(tmp_path / "feed", 340, 350), java)
        wait_for(lambda: query(prometheus, "sum(deidstream_cases_total)") > [10.0], "cases are counted")
        wait_for(lambda: bool(query(prometheus, "sum(deidstream_latency_seconds_count)")), "latency is measured")
        assert query(prometheus, "deidstream_lag")
        assert query(prometheus, "histogram_quantile(0.99, sum by (le) (deidstream_latency_seconds_bucket))")
