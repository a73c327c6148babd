"""The monitor beside a real deployment on a real Kafka."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from confluent_kafka.admin import AdminClient
from deidstream.adapters.kafka_client import Cluster
from deidstream.adapters.kafka_reading import scan
from deidstream.cli.demo.ports import free_row
from deidstream.stream.stages import AUDIT, QUARANTINE, RAW, RELEASES, STAGES, inbox

from tests.full.java import wait_for
from tests.full.observatory import command
from tests.harness.client import Search, message, mllp
from tests.harness.deployment import Running, deployment, is_ready
from tests.harness.kafka import Broker

pytestmark = pytest.mark.full

WINDOW = 10
MRN = "MRN-778899123"
KEPT = "4471.90236"
"""A measurement, which stays: as a canary, it is one that came out."""
PLANTED = (MRN, KEPT, "Quillfeather", "Ottoline")
TOPICS = {*map(inbox, STAGES[1:]), RELEASES, AUDIT, QUARANTINE, RAW}
Flow = tuple[str, str, str]
"""Stage, outcome, project."""
TABLE = "deidstream.monitor-windows-changelog"


@dataclass
class Site:
    running: Running
    kafka: Broker
    port: int
    monitor: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        return self.running.folder / "monitor.log"

    @property
    def cluster(self) -> Cluster:
        return Cluster(self.kafka.servers, "watched")

    def start(self) -> None:
        config = str(self.running.folder / "deidstream.yaml")
        with self.log.open("ab") as out:
            self.monitor = subprocess.Popen(
                [sys.executable, "-m", "deidstream.cli", "monitor", "run", "--config", config],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )
        wait_for(self.ready, "the monitor is ready", 60)

    def ready(self) -> bool:
        assert self.monitor is not None
        assert self.monitor.poll() is None, self.log.read_text()[-3000:]
        return is_ready(self.port)

    def kill(self) -> None:
        assert self.monitor is not None
        self.monitor.send_signal(signal.SIGKILL)
        self.monitor.wait(10)

    def metrics(self) -> dict[str, float]:
        """Sample to value."""
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=5) as answer:
                lines = answer.read().decode().splitlines()
        except OSError:
            return {}
        pairs = (line.rpartition(" ") for line in lines if not line.startswith("#"))
        return {name: float(value) for name, _, value in pairs}

    def sample(self, metric: str, **labels: str) -> float:
        wanted = ",".join(f'{name}="{value}"' for name, value in sorted(labels.items()))
        return self.metrics().get(f"{metric}{{{wanted}}}", -1.0)

    def restart(self) -> None:
        """As an operator does, to give it a new baseline."""
        assert self.monitor is not None
        self.monitor.terminate()
        assert self.monitor.wait(60) == 0
        self.start()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, kafka: Broker) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("watched")
    canaries = folder / "canaries"
    canaries.write_text(f"# planted\nward-7 {MRN}\nkept {KEPT}\n")
    canaries.chmod(0o600)
    (port,) = free_row(1)
    watch = {
        "window_seconds": WINDOW,
        "drift_seconds": 6 * WINDOW,
        "drift_least": 50,
        "canaries": str(canaries),
        "health": {"port": port},
    }
    with deployment(folder, {"bus": f"kafka://{kafka.servers}/watched"}, monitor=watch) as running:
        command(running, "topics", "apply")
        running.start()
        running.wait_ready(120.0)
        made = Site(running, kafka, port)
        made.start()
        try:
            yield made
        finally:
            if made.monitor is not None and made.monitor.poll() is None:
                made.monitor.terminate()
                made.monitor.wait(30)


def about(control: str, *segments: str, kind: str = "ADT^A08^ADT_A01") -> bytes:
    return message(control, MRN, *segments, kind=kind, name="Quillfeather^Ottoline")


def released(site: Site) -> int:
    return sum(1 for _ in site.running.released.rglob("*.hl7"))


def rates(site: Site, flows: Sequence[Flow], done: threading.Event, found: Counter[Flow]) -> None:
    """Adds the cases of each flow, window by window until one after ``done``: each is shown, whole, while the next one passes."""
    left = 3
    while left:
        time.sleep((1.7 * WINDOW - time.time() % WINDOW) % WINDOW + 0.01)
        for flow in flows:
            labels = dict(zip(("stage", "outcome", "project"), flow, strict=True))
            found[flow] += max(0, round(site.sample("deidstream_monitor_rate", **labels) * WINDOW))
        left -= done.is_set()


def events(site: Site, name: str) -> list[dict[str, Any]]:
    """What the monitor logged under that name."""
    lines = [json.loads(line) for line in site.log.read_text().splitlines()]
    return [line for line in lines if line["event"] == name]


def send(site: Site, *messages: bytes) -> None:
    """Until all are delivered."""
    before = released(site)
    assert mllp(site.running.mllp, *messages) == ["CA"] * len(messages)
    wait_for(lambda: released(site) == before + len(messages), "they have come out", 90)


def test_rates_are_those_of_what_was_sent(site: Site) -> None:
    flows = [("ingest", "accepted", ""), ("writer", "released", "research"), ("delivery", "delivered", "")]
    done, found = threading.Event(), Counter[Flow]()
    watching = threading.Thread(target=rates, args=(site, flows, done, found))
    watching.start()
    send(site, *(about(f"RATE{n}") for n in range(20)))
    done.set()
    watching.join()
    assert found == dict.fromkeys(flows, 20)


def test_a_canary_that_came_out_is_told_by_its_name(site: Site) -> None:
    send(site, about("LEAK", f"OBX|1|NM|2823-3^Potassium^LN||{KEPT}|mmol/L|||||F", kind="ORU^R01^ORU_R01"))
    wait_for(lambda: site.sample("deidstream_monitor_canaries_total", canary="kept") == 1.0, "it is counted", 60)
    assert site.sample("deidstream_monitor_canaries_total", canary="ward-7") == 0.0
    (line,) = events(site, "canary.leaked")
    (leak,) = (one for one in site.running.releases() if KEPT.encode() in one.content)
    assert (line["level"], line["canary"], line["release"], line["project"]) == ("error", "kept", leak.id, "research")
    assert line["trace_id"] == leak.trace.split("-")[1]


def test_categories_that_shift_are_told_from_those_that_do_not(site: Site) -> None:
    assert "decisions in" in command(site.running, "monitor", "baseline", "--days", "1")
    site.restart()
    send(site, *(about(f"SAME{n}") for n in range(20)))
    wait_for(lambda: site.sample("deidstream_monitor_drift", project="research") >= 0, "there is enough to compare", 60)
    assert site.sample("deidstream_monitor_drift", project="research") < 0.1
    calls = [
        f"OBX|{n}|TX|N^note||Please call (217) 555-0{n}00 or write to w{n}@example.org.||||||F" for n in range(1, 9)
    ]
    send(site, *(about(f"SHIFT{n}", *calls, kind="ORU^R01^ORU_R01") for n in range(20)))
    wait_for(lambda: site.sample("deidstream_monitor_drift", project="research") > 0.25, "the shift is seen", 60)
    (line,) = events(site, "monitor.drifted")
    assert (line["project"], line["threshold"]) == ("research", 0.25)


def test_the_data_path_goes_on_without_the_monitor_and_it_comes_back(site: Site) -> None:
    site.kill()
    send(site, *(about(f"ALONE{n}") for n in range(10)))
    site.start()
    newest = max(record.timestamp for record in site.running.bus.scan(AUDIT))
    wait_for(lambda: site.sample("deidstream_monitor_last", topic=AUDIT) >= newest, "it has caught up", 60)


def test_nothing_that_was_sent_is_in_the_log_or_the_topic_of_the_monitor(site: Site) -> None:
    search = Search(PLANTED)
    assert search.content(site.log.read_bytes()) == set()
    assert search.content(json.dumps(site.metrics()).encode()) == set()
    records = scan(site.cluster, TABLE, {})
    assert len(records) > 20
    assert search.content(b"".join(record.key.encode() + record.value for record in records)) == set()


def test_the_monitor_has_made_one_topic_and_that_is_its_own(site: Site) -> None:
    before = {line.partition(" ")[0] for line in command(site.running, "topics", "check").splitlines()}
    assert before == {str(len(TOPICS))}
    admin = AdminClient({"bootstrap.servers": site.kafka.servers})
    there = {name for name in admin.list_topics(timeout=10).topics if name.startswith("watched.")}
    assert {site.cluster.own(name) for name in there} - TOPICS == {TABLE}
