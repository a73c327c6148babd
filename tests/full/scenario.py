"""A deployment, one process a stage, to which everything happens that signals tell of; and what its signals were."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from deidstream.cli.demo.ports import free_row
from deidstream.formats.hl7v2.acknowledgement import Verdict, acknowledge
from deidstream.formats.hl7v2.header import peek
from deidstream.ports import Output
from deidstream.stream.signals import Signal
from deidstream.stream.stages import inbox
from pydicom.dataset import Dataset
from pynetdicom import build_context
from pynetdicom.sop_class import StorageCommitmentPushModel, StorageCommitmentPushModelInstance

from tests.adapters.receivers import MllpReceiver, accept
from tests.detection.text.tagger.tiny import save
from tests.full.java import wait_for
from tests.full.observatory import STAGES, Observatory, command, observatory
from tests.full.otelcol import Span
from tests.full.postgres import Postgres
from tests.full.prometheus import RULES, api, await_scrape, query, scraping
from tests.full.seaweed import Seaweed
from tests.harness.client import message, mllp
from tests.harness.deployment import is_ready
from tests.harness.foreign import make_topic, write
from tests.harness.kafka import Broker
from tests.stages.ingest.dicom_peer import associated, sends
from tools.make_dashboards import dashboards, queries

LOOPED = STAGES[1:-1]
MRN = "MRN-778899123"
KEPT = "4471.90236"
"""A measurement that stays: as a canary, one that came out."""
PLANTED = ("Quillfeather", "Ottoline", MRN, "19580229", "told only to those who may know")
_NOTE = "OBX|9|TX|N^note||Ottoline Quillfeather was seen.||||||F"
"""Only what has a text goes by the stage of texts."""
_CT = "1.2.840.10008.5.1.4.1.1.2"
_DICOM_PEERS = [{"ae_title": "CT1", "report_to": "127.0.0.1:9"}]
_SABOTAGE = Path(__file__).parent / "sabotage"
_SOURCES = ("adt", "pacs", "crash-delivery", *(f"{what}-{stage}" for what in ("crash", "die") for stage in LOOPED))


@dataclass(frozen=True)
class Evidence:
    """What was seen: series by Prometheus (with its ``stage`` of the process), spans by the collector, lines of the log."""

    series: list[tuple[str, dict[str, str]]]
    spans: list[Span]
    lines: list[dict[str, Any]]
    rules: list[dict[str, Any]]
    recorded: dict[str, list[float]]
    leaked: list[float]
    panels: dict[str, list[float]]
    """By expression of a dashboard."""
    folder: Path

    def stages(self, signal: Signal) -> set[str]:
        """Those from which ``signal`` came."""
        if signal.kind == "event":
            return {line["instance"] for line in self.lines if line["event"] == signal.name}
        if signal.kind == "span":
            prefix = signal.name.removesuffix("*")
            return {span.instance for span in self.spans if span.name.startswith(prefix)}
        names = {signal.prometheus, f"{signal.prometheus}_bucket"}
        return {process for process, labels in self.series if labels["__name__"] in names}


class Topic(NamedTuple):
    """One of foreign producers."""

    servers: str
    name: str


class Site:
    """The deployment with all that can be done to it."""

    def __init__(
        self, made: Observatory, ports: dict[str, int], postgres: Postgres, receiver: MllpReceiver, topic: Topic
    ) -> None:
        self.running = made.running
        self.made = made
        self.ports = ports
        self.postgres = postgres
        self.receiver = receiver
        self.topic = topic
        self.sent = 0

    def send(self, *segments: str, source: str = "adt", numbers: Sequence[str] = (MRN,), identifiers: str = "") -> None:
        """One message about the person of each number, in one go."""
        person = {"name": "Quillfeather^Ottoline", "born": "19580229", "identifiers": identifiers}
        contents = []
        for number in numbers:
            self.sent += 1
            contents.append(message(f"S{self.sent}", number, _NOTE, *segments, kind="ORU^R01^ORU_R01", **person))
        assert mllp(self.ports[source], *contents) == ["CA"] * len(contents)

    def await_event(self, name: str, *stages: str, seconds: float = 90) -> None:
        def there() -> bool:
            found = {line.get("instance") for line in lines_of(self.running.folder) if line["event"] == name}
            return found.issuperset(stages)

        wait_for(there, f"{name} of {stages}", seconds)


def lines_of(folder: Path) -> list[dict[str, Any]]:
    """All log lines of all processes, without those of the supervisor."""
    found = []
    for path in folder.glob("*.log"):
        for line in path.read_text().splitlines():
            with suppress(json.JSONDecodeError):
                found.append(json.loads(line))
    return found


@contextmanager
def environment(**values: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def refuse_some(content: bytes) -> bytes:
    """What a receiver answers that never wants a message with this word."""
    return (
        acknowledge(peek(content), Verdict.REJECTED, "A", "20240101000000")
        if b"REFUSED" in content
        else accept(content)
    )


def unfold(folder: Path, kafka: Broker, postgres: Postgres) -> Evidence:
    """Runs all of it; takes two or three minutes."""
    ports = dict(zip(_SOURCES, free_row(len(_SOURCES)), strict=True))
    receiver = MllpReceiver()
    topic = Topic(kafka.servers, make_topic(kafka.servers, "lab", 1))
    (folder / "told").mkdir()
    canaries = folder / "canaries"
    canaries.write_text(f"kept {KEPT}\n")
    canaries.chmod(0o600)
    health, reports = free_row(2)
    sections = {
        "ingest": {
            "mllp": [{"name": name, "port": port} for name, port in ports.items() if name != "pacs"],
            "dicom": [{"name": "pacs", "port": ports["pacs"], "allowed": _DICOM_PEERS}],
            "folders": [{"name": "drop", "path": str(folder / "drop"), "settle_seconds": 0.1}],
            "topics": [{"name": "lab", "topic": topic.name}],
        },
        "delivery": {
            "destinations": [
                {"name": "warehouse", "kind": "mllp", "host": "127.0.0.1", "port": receiver.port}
                | {"projects": ["research"], "ordered": True, "order_seconds": 600},
                {"name": "archive", "kind": "dicom", "host": "127.0.0.1", "called_ae": "STORE"}
                | {"projects": ["pictures"], "commitment": {"host": "127.0.0.1", "port": reports}},
            ]
        },
        "resolver": {"projects": [{"name": "research"}, {"name": "pictures", "entitled": {"formats": ["dicom"]}}]},
        "monitor": {
            "window_seconds": 5,
            "drift_seconds": 600,
            "drift_least": 20,
            "drift_threshold": 0.01,
            "canaries": str(canaries),
            "health": {"port": health},
        },
    }
    (folder / "drop").mkdir()
    with (
        environment(SABOTAGE=str(folder / "told"), PYTHONPATH=str(_SABOTAGE)),
        observatory(folder, kafka, postgres.migrated(), **sections) as made,
    ):
        site = Site(made, ports | {"reports": reports}, postgres, receiver, topic)
        first = made.running.health
        targets = [f"127.0.0.1:{port}" for port in (*range(first, first + len(STAGES)), health)]
        (folder / "prometheus").mkdir()
        with scraping(folder / "prometheus", targets, [RULES]) as prometheus:
            site.send(numbers=[MRN] * 5)
            wait_for(lambda: len(receiver.got) == 5, "the first have come out", 90)
            command(made.running, "monitor", "baseline")
            with monitoring(made.running.folder, health):
                _all_that_happens(site, folder)
                await_scrape(prometheus, len(targets))  # what is logged is not yet scraped
                wait_for(lambda: query(prometheus, "deidstream_monitor_drift") != [], "drift is shown", 60)
                wait_for(lambda: query(prometheus, "deidstream:quarantine:share15m") != [], "rules have run", 60)
                leaked = query(prometheus, 'ALERTS{alertname="DeidstreamCanaryLeaked", alertstate="firing"}')
                series = _series(prometheus, dict(zip(targets, (*STAGES, "monitor"), strict=True)))
                groups = api(prometheus, "rules")["groups"]
                rules = [rule for group in groups for rule in group["rules"]]
                recorded = {one["name"]: query(prometheus, one["name"]) for one in rules if one["type"] == "recording"}
                panels = {one: query(prometheus, one.replace("$__rate_interval", "2m")) for one in shown()}
                time.sleep(2)  # each process sends its spans once a second
        made.running.stop()
        _ends(site)
        time.sleep(1)
        spans, lines = made.collector.spans(), lines_of(made.running.folder)
        return Evidence(series, spans, lines, rules, recorded, leaked, panels, folder)


def shown() -> list[str]:
    """The expressions of all panels of all dashboards, but those about Triton (``tests/deploy/test_pod_triton.py``)."""
    return [one for dashboard in dashboards().values() for one in queries(dashboard) if "nv_" not in one]


def _all_that_happens(site: Site, folder: Path) -> None:
    waves = f"OBX|2|NA|W^wave||{'~'.join(['12.5'] * 20_000)}||||||F"
    site.send(waves)
    site.send(f"OBX|1|NM|2823-3^Potassium^LN||{KEPT}|mmol/L|||||F")
    for number, other in (("M1", "412-55-7781"), ("M2", "412-55-7792"), ("M1", "412-55-7792")):
        site.send(numbers=[number], identifiers=f"~{other}^^^USSSA^SS")
    site.send(f"OBX|1|NM|{MRN}^Potassium^L||4.2|mmol/L|||||F")  # residue: held for review
    for _ in range(5):  # one waits at the destination for the one above, one goes
        site.send(numbers=(MRN, "M8"))
    calls = [
        f"OBX|{n}|TX|N^note||Please call (217) 555-0{n}00 or write to w{n}@example.org.||||||F" for n in range(1, 9)
    ]
    site.send(*calls, numbers=["M7"] * 5)
    (folder / "drop" / "one.hl7").write_bytes(message("DROP", "M9"))
    _dicom_peers(site)
    _bad_records(site, LOOPED, 1)
    site.await_event("case.quarantined", *LOOPED)
    site.await_event("folder.looked", "ingest")
    for stage in LOOPED:
        site.send(source=f"crash-{stage}", numbers=[f"C-{stage}"])
        site.send(source=f"die-{stage}", numbers=[f"D-{stage}"])
    site.send(source="crash-delivery", numbers=["C-delivery"])
    site.await_event("stage.crashed", *LOOPED, "delivery")
    site.await_event("batch.suspect", *LOOPED, seconds=120)
    _what_is_away(site, folder)
    (folder / "told" / "thread").touch()
    site.await_event("process.crashed", *STAGES, "monitor")
    site.await_event("canary.leaked", "monitor")
    site.await_event("monitor.drifted", "monitor")


def _dicom_peers(site: Site) -> None:
    """One that calls a wrong title, one whose instance is none, one that asks for commitment and does not listen for the answer;
    and one that reports it under a wrong title."""
    port = site.ports["pacs"]
    with associated(port, [build_context(_CT)], called="OTHER") as rejected:
        assert rejected.is_rejected
    with associated(port, [build_context(_CT), build_context(StorageCommitmentPushModel)]) as peer:
        assert sends(peer, _CT, "1.2.3.4", b"told only to those who may know") == 0xC000
        asked, item = Dataset(), Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = _CT, "1.2.3.4"
        asked.TransactionUID, asked.ReferencedSOPSequence = "1.2.3.5", [item]
        status, _ = peer.send_n_action(asked, 1, StorageCommitmentPushModel, StorageCommitmentPushModelInstance)
        assert status.Status == 0
    site.await_event("dicom.unreported", "ingest")
    with associated(site.ports["reports"], [build_context(StorageCommitmentPushModel)], called="OTHER") as stranger:
        assert stranger.is_rejected
    site.await_event("reports.refused", "delivery")


def _what_is_away(site: Site, folder: Path) -> None:
    site.receiver.close()
    site.send(numbers=["R1"])
    site.await_event("delivery.waiting", "delivery")
    site.receiver = MllpReceiver(refuse_some, port=site.receiver.port)
    site.await_event("delivery.resumed", "delivery")
    site.send("OBX|1|NM|1^REFUSED^L||4.2|mmol/L|||||F", numbers=["R2"])
    site.await_event("release.refused", "delivery")
    (folder / "drop").rename(folder / "gone")
    site.await_event("folder.away", "ingest")
    (folder / "gone").rename(folder / "drop")
    site.postgres.stop()
    write(*site.topic, [(0, b"no message")])
    site.await_event("topic.put_aside", "ingest")
    site.await_event("topic.waiting", "ingest")
    site.await_event("batch.retried", *LOOPED)
    site.postgres.start()
    _without(site.made.store, site)
    publish(site, [Output("deidstream.audit.v1", "stranger", b"\xff\xff no record")])
    site.await_event("monitor.unreadable", "monitor")


def _without(store: Seaweed, site: Site) -> None:
    """A large message for which the bucket is away when it comes."""
    store.kill()
    waves = f"OBX|2|NA|W^wave||{'~'.join(['13.5'] * 20_000)}||||||F"
    content = message("AWAY", "R3", waves, kind="ORU^R01^ORU_R01")
    answers: list[str] = []
    try:
        answers += mllp(site.ports["adt"], content)
    finally:
        store.start()
    assert answers in (["CE"], ["CA"])


def _bad_records(site: Site, stages: Sequence[str], count: int) -> None:
    publish(site, [Output(inbox(stage), f"bad{n}", b"\xff no case") for stage in stages for n in range(count)])


def publish(site: Site, outputs: Sequence[Output]) -> None:
    bus = site.running.bus.open("stranger", (), "stranger")
    try:
        bus.commit(outputs)
    finally:
        bus.close()


@contextmanager
def monitoring(folder: Path, port: int) -> Iterator[None]:
    with (folder / "monitor.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "deidstream.cli", "monitor", "run", "--config", str(folder / "deidstream.yaml")],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        wait_for(lambda: is_ready(port) or process.poll() is not None, "the monitor is ready", 60)
        yield
    finally:
        process.terminate()
        process.wait(60)


def _ends(site: Site) -> None:
    """What ends a process by itself: too much in quarantine, and pages whose port is taken. The first with a model that is away."""
    _bad_records(site, LOOPED, 60)
    folder = save(site.running.folder / "tagger", {})
    nobody = {"TAGGER__FOLDER": str(folder), "TAGGER__TRITON__ADDRESS": "127.0.0.1:9", "TAGGER__WHEN_AWAY": "redact"}
    with environment(**{f"DEIDSTREAM_TEXT__{name}": value for name, value in nobody.items()}):
        assert set(_each(site, "limit", dict(zip(LOOPED, free_row(len(LOOPED)), strict=True)))) == {4}
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert set(_each(site, "port", dict.fromkeys((*STAGES, "monitor"), taken.getsockname()[1]))) == {2}


def _each(site: Site, why: str, pages: Mapping[str, int]) -> list[int]:
    """Exit codes of the processes of the stages that have their pages at these ports, each started by itself."""
    processes = []
    for stage, port in pages.items():
        what = ["monitor", "run"] if stage == "monitor" else ["up", "--here", "--chain", stage]
        config = str(site.running.folder / "deidstream.yaml")
        with (site.running.folder / f"{why}-{stage}.log").open("wb") as log:
            command = [sys.executable, "-m", "deidstream.cli", *what, "--config", config]
            section = "MONITOR" if stage == "monitor" else "DEPLOYMENT"
            ports = {**os.environ, f"DEIDSTREAM_{section}__HEALTH__PORT": str(port)}
            processes.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=ports))
    return [process.wait(150) for process in processes]


def _series(prometheus: str, processes: dict[str, str]) -> list[tuple[str, dict[str, str]]]:
    found = api(prometheus, "series", **{"match[]": '{job="deidstream", instance!=""}'})
    return [(processes[one["instance"]], one) for one in found]
