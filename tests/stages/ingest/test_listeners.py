"""The whole stage over a bus: what was acknowledged is on the bus once."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import httpx
import pytest
from deidstream.adapters.memory_bus import MemoryBusFactory
from deidstream.adapters.memory_keys import MemoryKeyRing
from deidstream.adapters.memory_ledger import MemoryAcceptanceLedger
from deidstream.adapters.tls import server_context
from deidstream.core.errors import Misconfigured
from deidstream.formats.hl7v2.mllp import frame
from deidstream.stages.ingest.config import IngestSettings, ServerTls
from deidstream.stages.ingest.listeners import Door, Ports, run_ingest
from deidstream.stages.ingest.service import Admission
from deidstream.stream.intake import GroupCommit
from deidstream.wire import decode_case

from tests.stages.ingest.conftest import FixedClock

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


@pytest.mark.parametrize("kind", ["mllp", "fhir"])
def test_a_port_that_is_taken_is_a_fault_of_the_deployment(kind: str, clock: FixedClock) -> None:
    keys = MemoryKeyRing()
    intake = GroupCommit(MemoryBusFactory().open("ingest", (), "0"), MemoryAcceptanceLedger(), keys, clock)
    door = Door(Admission(keys, clock), intake, clock)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        listener = {"name": "a", "port": port} if kind == "mllp" else {"port": port, "sources": [{"name": "a"}]}
        settings = IngestSettings.model_validate({kind: [listener]})
        with pytest.raises(Misconfigured) as caught:
            run_ingest(settings, door, tls_of, threading.Event())
    assert caught.value.code == "cannot-listen"


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
