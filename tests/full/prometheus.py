"""A real Prometheus, with promtool: those that ``tests/full/prepare`` has unpacked."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import yaml
from deidstream.cli.demo.ports import free_row

from tests.full.java import CACHE, absent, wait_for

RULES = Path(__file__).parents[2] / "deploy/prometheus/rules.yaml"


def tool(name: str) -> str:
    found = shutil.which(name, path=f"{CACHE / 'prometheus/usr/bin'}:/usr/bin:/usr/local/bin")
    if found is None:
        absent(f"no {name}")
    return str(found)


@contextmanager
def scraping(folder: Path, targets: list[str], rules: Sequence[Path] = ()) -> Iterator[str]:
    """The address of a Prometheus that scrapes ``targets`` once a second, as the job ``deidstream``."""
    (port,) = free_row(1)
    jobs = [{"job_name": "deidstream", "static_configs": [{"targets": targets}]}]
    config = folder / "prometheus.yml"
    timing = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config.write_text(yaml.safe_dump({"global": timing, "scrape_configs": jobs, "rule_files": list(map(str, rules))}))
    command = [tool("prometheus"), f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*command, f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def api(prometheus: str, path: str, **parameters: str) -> Any:  # Any: JSON
    """The data of an answer; None where there is none yet."""
    try:
        answer = httpx.get(f"{prometheus}/api/v1/{path}", params=parameters)
    except httpx.TransportError:
        return None
    return answer.json()["data"] if answer.status_code == 200 else None


def query(prometheus: str, expression: str) -> list[float]:
    answer = api(prometheus, "query", query=expression)
    return [float(one["value"][1]) for one in answer["result"]] if answer else []


def await_scrape(prometheus: str, targets: int) -> None:
    """Returns when each of ``targets`` has been scraped by a look that began after this call."""
    asked = time.time()

    def scraped() -> bool:
        looks = query(prometheus, 'timestamp(up{job="deidstream"})')
        return len(looks) == targets and min(looks) > asked

    wait_for(scraped, "all are scraped", 60)
