"""From foreign topics to a foreign topic: raw HL7 and FHIR in, ingest killed again and again, each record out exactly once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from deidstream.stream import quarantine

from tests.chaos.feed import PLANTED, messages, number_of
from tests.harness.client import eventually, log_lines
from tests.harness.deployment import Running, deployment
from tests.harness.foreign import Read, make_topic, read_all, write
from tests.harness.kafka import Broker

pytestmark = pytest.mark.full

_MESSAGES = 300
_PATIENTS = 30
_LIMIT = 100_000
_PORTIONS = 12
POISON: tuple[tuple[bytes | None, str], ...] = (
    (None, "empty"),
    (b"", "empty"),
    (b"Winterbourne was here", "no-msh"),
    (b"\x00\xff\xfe binary", "no-msh"),
    (b"MSH|^~\\&|x|y|||||ACK|1|P|2.5\r", "unsupported-message-type"),
    (b"MSH" + b"x" * 2 * _LIMIT, "record-too-large"),
    (b"MSH|^~\\&|HIS|STMARY|||2026||ADT^A08|1|P|2.5\r" * 2, ""),
)
"""The reason, or '' where it is for a later stage to find."""
NOT_FHIR = ((b"{", "not-json"), (b'{"resourceType": 1}', "not-a-resource"), (b'{"a": "\xff"}', "not-json"))


def patient(number: int) -> bytes:
    """One whom no HL7 message speaks of."""
    identifier = {"system": "urn:oid:2.16.840.1.113883.19.5", "value": f"F{number:05}"}
    name = {"family": f"Winterbourne{number}", "given": ["Alma"]}
    return json.dumps({"resourceType": "Patient", "identifier": [identifier], "name": [name]}).encode()


def lab() -> list[tuple[int, bytes | None]]:
    """The feed, each person in one partition, with poison strewn in."""
    values: list[tuple[int, bytes | None]] = [
        ((number * 7 + 1) % 50 % 3, value) for number, value in enumerate(messages(_MESSAGES, 1))
    ]
    for number, (value, _) in enumerate(POISON):
        values.insert(37 + number * 40, (number % 3, value))
    return values


def fhir() -> list[tuple[int, bytes | None]]:
    values: list[tuple[int, bytes | None]] = [(number % 3, patient(number)) for number in range(_PATIENTS)]
    for number, (value, _) in enumerate(NOT_FHIR):
        values.insert(5 + number * 10, (number, value))
    return values


def in_portions(servers: str, topic: str, values: list[tuple[int, bytes | None]]) -> None:
    size = len(values) // _PORTIONS + 1
    for start in range(0, len(values), size):
        write(servers, topic, values[start : start + size])
        time.sleep(0.5)


def listens(running: Running, deaths: int) -> bool:
    """Whether the process that reads the topics has come up again after so many deaths."""
    listening = [one for one in log_lines(running) if one["event"] == "ingest.listening" and one["source"] == "fhir"]
    return len(listening) > deaths


def kill_ingest(running: Running) -> bool:
    """kill -9 of the process that reads the topics."""
    for child in running.children():
        arguments = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
        if any(one.startswith(b"ingest") for one in arguments):
            os.kill(child, signal.SIGKILL)
            return True
    return False


def sections(kafka: Broker, foreign: str) -> tuple[dict[str, Any], str]:
    lab_topic, fhir_topic = make_topic(kafka.servers, "hospital.lab"), make_topic(kafka.servers, "hospital.fhir")
    out = make_topic(kafka.servers, "research.out")
    topics = [
        {"name": "lab", "topic": lab_topic, "servers": foreign, "max_record_bytes": _LIMIT, "group": f"g.{lab_topic}"},
        {"name": "fhir", "topic": fhir_topic, "servers": foreign, "format": "fhir", "group": f"g.{fhir_topic}"},
    ]
    there = {"name": "out", "kind": "kafka", "servers": kafka.servers, "topic": out, "projects": ["research"]}
    return {"ingest": {"topics": topics}, "delivery": {"destinations": [there]}}, out


@pytest.mark.parametrize(("bus", "replicas"), [("sqlite", 1), ("kafka", 1), ("sqlite", 2), ("kafka", 2)])
def test_each_record_of_a_foreign_topic_comes_out_once_whatever_dies(
    kafka: Broker, tmp_path: Path, bus: str, replicas: int
) -> None:
    own = bus == "kafka"
    configured, out = sections(kafka, "" if own else kafka.servers)
    processes: dict[str, Any] = {"replicas": {"ingest": replicas}}
    if own:
        processes["bus"] = f"kafka://{kafka.servers}/{out}"
    with deployment(tmp_path, processes, **configured) as running:
        if own:
            command = [sys.executable, "-m", "deidstream.cli", "topics", "apply", "--config"]
            subprocess.run([*command, str(tmp_path / "deidstream.yaml")], check=True, stdout=subprocess.DEVNULL)
        running.start()
        running.wait_ready(120)
        topics = configured["ingest"]["topics"]
        feeding = [
            threading.Thread(target=in_portions, args=(kafka.servers, one["topic"], values), daemon=True)
            for one, values in zip(topics, (lab(), fhir()), strict=True)
        ]
        for thread in feeding:
            thread.start()
        deaths = 0
        while any(thread.is_alive() for thread in feeding) or deaths < 4:
            assert eventually(lambda: listens(running, deaths), 60)  # noqa: B023  # called at once
            time.sleep(0.2 + 0.3 * (deaths % 4))
            deaths += kill_ingest(running)
        bad = len(POISON) + len(NOT_FHIR)
        expected = _MESSAGES + _PATIENTS
        eventually(lambda: running.quarantined() >= bad and len(messages_in(kafka, out)) >= expected, 90)
        assert eventually(lambda: listens(running, deaths), 60)
        assert kill_ingest(running)  # and once more when all is quiet: nothing is read again
        assert eventually(lambda: listens(running, deaths + 1), 60)
        time.sleep(4)
        check_releases(messages_in(kafka, out))
        check_quarantine(running)
        check_logs(running)


def messages_in(kafka: Broker, topic: str) -> list[Read]:
    """What is there but for the Provenance that goes with each FHIR resource."""
    return [one for one in read_all(kafka.servers, topic) if b'"Provenance"' not in one.value]


def check_releases(found: list[Read]) -> None:
    """Each once, in the order of its partition, and nothing readable beside the content."""
    lab_records = [one for one in found if one.headers["format"] == b"hl7v2"]
    assert Counter(number_of(one.value) for one in lab_records) == Counter(range(_MESSAGES))
    assert len(found) - len(lab_records) == _PATIENTS
    assert len({one.headers["id"] for one in found}) == len(found)
    for key in {one.key for one in lab_records}:
        numbers = [number_of(one.value) for one in lab_records if one.key == key]
        assert numbers == sorted(numbers)
    beside = b"\n".join(part for one in found for part in (one.key, *one.headers.values()))
    assert not [name for name in PLANTED if name in beside + b"".join(one.value for one in found)]


def check_quarantine(running: Running) -> None:
    """Each bad record once, with the reason of whoever found it."""
    records = quarantine.list_open(running.bus)
    at_the_door = Counter(one.code for one in records if one.stage == "ingest")
    assert at_the_door == Counter(code for _, code in (*POISON, *NOT_FHIR) if code)
    assert len(records) == len(POISON) + len(NOT_FHIR)
    assert len({one.case_id for one in records}) == len(records)


def check_logs(running: Running) -> None:
    """That records were put aside is said; what they were is not."""
    lines = log_lines(running)
    assert [one for one in lines if one["event"] == "topic.put_aside"]
    assert PLANTED[0].decode() not in (running.folder / "up.log").read_text()
