"""The whole stage over a bus: what was acknowledged is on the bus once."""

from __future__ import annotations

import asyncio
import socket
import threading
from pathlib import Path

import httpx
import pytest
from deidstream.adapters.dicom_client import DicomAddress, DicomClient
from deidstream.adapters.kafka_feed import FeedAddress
from deidstream.adapters.memory_bus import MemoryBusFactory
from deidstream.adapters.memory_keys import MemoryKeyRing
from deidstream.adapters.memory_ledger import MemoryAcceptanceLedger
from deidstream.adapters.tls import server_context
from deidstream.core.errors import Misconfigured
from deidstream.formats.dicom.part10 import instance
from deidstream.formats.hl7v2.mllp import frame
from deidstream.stages.ingest import __main__ as ingest
from deidstream.stages.ingest.config import (
    DicomListener,
    FhirListener,
    FhirSource,
    IngestSettings,
    MllpListener,
    ServerTls,
    TopicSource,
)
from deidstream.stages.ingest.dicom import DicomServer
from deidstream.stages.ingest.fhir import FhirEndpoint, FhirServer
from deidstream.stages.ingest.listeners import Door, Ports, run_ingest
from deidstream.stages.ingest.mllp import MllpServer
from deidstream.stages.ingest.service import Admission
from deidstream.stream.deployment import Deployment
from deidstream.stream.instances import Instance
from deidstream.stream.intake import GroupCommit
from deidstream.wire import decode_case

from tests.stages.ingest.conftest import FixedClock, RememberingIntake
from tests.stages.ingest.dicom_peer import sample

HL7 = b"MSH|^~\\&|A|B|C|D|20240101||ADT^A01|1|P|2.5\rPID|1\r"


def tls_of(settings: ServerTls) -> object:
    return server_context(settings.certificate, settings.key, settings.client_ca, settings.client_required)


def test_all_ways_in_lead_to_the_bus(tmp_path: Path, clock: FixedClock) -> None:
    keys, factory = MemoryKeyRing(), MemoryBusFactory()
    intake = GroupCommit(factory.open("ingest", (), "0"), MemoryAcceptanceLedger(), keys, clock)
    intake.start()
    (tmp_path / "n.txt").write_bytes(b"Seen today.")
    settings = IngestSettings.model_validate(
        {
            "mllp": [{"name": "adt", "port": 0}],
            "fhir": [{"port": 0, "sources": [{"name": "fhir"}]}],
            "folders": [{"name": "drop", "path": tmp_path, "every_seconds": 0.01}],
        }
    )
    stop, ready = threading.Event(), threading.Event()
    ports: Ports = {}

    def bound(found: Ports) -> None:
        ports.update(found)
        ready.set()

    door = Door(Admission(keys, clock), intake, clock)
    thread = threading.Thread(target=run_ingest, args=(settings, door, tls_of, stop), kwargs={"ready": bound})
    thread.start()
    try:
        assert ready.wait(10)
        for _ in range(2):
            with socket.create_connection(("127.0.0.1", ports["adt"]), 5) as connection:
                connection.sendall(frame(HL7))
                assert b"MSA|AA|1" in connection.recv(4096)
        answer = httpx.put(
            f"http://127.0.0.1:{ports['fhir']}/fhir/Patient/1",
            content=b'{"resourceType":"Patient","id":"1"}',
            headers={"content-type": "application/fhir+json"},
            trust_env=False,
        )
        assert answer.status_code == 200
        for _ in range(500):
            if (tmp_path / ".done" / "n.txt").exists():
                break
            threading.Event().wait(0.01)
    finally:
        stop.set()
        thread.join()
        intake.close()
    cases = [decode_case(record.value, keys) for record in factory.scan("deidstream.identify.v1")]
    assert sorted(case.header.source for case in cases) == ["adt", "drop", "fhir"]


@pytest.mark.parametrize("shared", [False, True], ids=["alone", "shared"])
@pytest.mark.parametrize("kind", ["mllp", "fhir", "dicom", "stow"])
def test_a_port_that_is_taken_is_a_fault_of_the_deployment(kind: str, shared: bool, clock: FixedClock) -> None:
    keys = MemoryKeyRing()
    intake = GroupCommit(MemoryBusFactory().open("ingest", (), "0"), MemoryAcceptanceLedger(), keys, clock)
    door = Door(Admission(keys, clock), intake, clock, shared=shared)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        listener = (
            {"name": "a", "port": port} if kind in ("mllp", "dicom") else {"port": port, "sources": [{"name": "a"}]}
        )
        settings = IngestSettings.model_validate({kind: [listener]})
        with pytest.raises(Misconfigured) as caught:
            run_ingest(settings, door, tls_of, threading.Event())
    assert caught.value.code == "cannot-listen"


@pytest.mark.parametrize("kind", ["mllp", "fhir", "dicom"])
def test_replicas_on_one_machine_share_the_connections_of_a_port(
    kind: str, admission: Admission, clock: FixedClock
) -> None:
    intakes = (RememberingIntake(), RememberingIntake())

    async def run() -> None:
        servers: list[MllpServer | FhirServer | DicomServer] = []
        port = 0
        for intake in intakes:
            server = server_of(kind, port, admission, intake, clock)
            await server.start(shared=True)
            servers.append(server)
            port = server.port
        for _ in range(40):  # that all of them go to one of two has a chance of one in 10^12
            await {"mllp": talk, "fhir": put, "dicom": store}[kind](port)
        for server in servers:
            await server.close()

    asyncio.run(run())
    counts = [len(intake.cases) for intake in intakes]
    assert min(counts) > 0
    assert sum(counts) == 40


def server_of(
    kind: str, port: int, admission: Admission, intake: RememberingIntake, clock: FixedClock
) -> MllpServer | FhirServer | DicomServer:
    if kind == "dicom":
        return DicomServer(DicomListener(name="pacs", port=port), admission, intake)
    if kind == "mllp":
        return MllpServer(MllpListener(name="adt", port=port), admission, intake, clock)
    listener = FhirListener(port=port, sources=(FhirSource(name="fhir"),))
    return FhirServer(listener, FhirEndpoint(listener, admission, intake, clock))


async def talk(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(frame(HL7))
    assert b"MSA|AA|1" in await reader.readuntil(b"\x1c\r")
    writer.close()


async def store(port: int) -> None:
    client = DicomClient(DicomAddress("127.0.0.1", port, "DEIDSTREAM", "CT1"))
    one = instance(sample("MR_small_RLE.dcm").read_bytes())
    assert await asyncio.to_thread(client.store, one) == 0
    await asyncio.to_thread(client.close)


async def put(port: int) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        url, content = f"http://127.0.0.1:{port}/fhir/Patient/1", b'{"resourceType":"Patient","id":"1"}'
        answer = await client.put(url, content=content, headers={"content-type": "application/fhir+json"})
    assert answer.status_code == 200


def test_a_process_watches_what_it_shall_watch_and_needs_nothing_of_the_rest(tmp_path: Path, clock: FixedClock) -> None:
    keys, factory = MemoryKeyRing(), MemoryBusFactory()
    intake = GroupCommit(factory.open("ingest", (), "0"), MemoryAcceptanceLedger(), keys, clock)
    intake.start()
    for name in ("ours", "theirs"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "n.txt").write_bytes(b"Seen today.")
    folders = [
        {"name": name, "path": tmp_path / name, "every_seconds": 0.01} for name in ("ours", "theirs", "elsewhere")
    ]
    door = Door(Admission(keys, clock), intake, clock, watches=lambda source: source == "ours")
    stop = threading.Event()
    settings = IngestSettings.model_validate({"folders": folders})
    thread = threading.Thread(target=run_ingest, args=(settings, door, tls_of, stop))
    thread.start()
    for _ in range(500):
        if (tmp_path / "ours" / ".done" / "n.txt").exists():
            break
        threading.Event().wait(0.01)
    stop.set()
    thread.join()
    intake.close()
    cases = [decode_case(record.value, keys) for record in factory.scan("deidstream.identify.v1")]
    assert [case.header.source for case in cases] == ["ours"]
    assert (tmp_path / "theirs" / "n.txt").exists()


@pytest.mark.parametrize("replica", [1, 2])
def test_replicas_read_a_topic_as_one_group_each_under_its_own_name(
    replica: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[FeedAddress] = []
    monkeypatch.setattr("deidstream.adapters.kafka_feed.KafkaFeed", opened.append)
    deployment = Deployment(state=tmp_path, bus="kafka://broker:9092/site")
    name = Instance(("ingest", "identify"), replica).named(("ingest",))
    ingest._feed(TopicSource(name="lab", topic="results"), name, deployment)
    assert opened[0].group == "site.deidstream.ingest.lab"
    assert opened[0].instance == f"site.deidstream.ingest{'' if replica == 1 else '.2'}.lab"


@pytest.mark.parametrize(
    "wrong",
    [
        {"mllp": [{"name": "a"}, {"name": "a", "port": 1}]},
        {"mllp": [{"name": "Name with spaces"}]},
        {"fhir": [{"sources": []}]},
        {"fhir": [{"sources": [{"name": "a"}, {"name": "b"}]}]},
        {"mllp": [{"name": "a", "unknown": 1}]},
    ],
)
def test_settings_that_cannot_be_meant_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="."):
        IngestSettings.model_validate(wrong)
