"""``deidstream topics`` and ``deidstream up`` on a real Kafka: what is wrong is told in one line, by its place."""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, ConfigEntry, ConfigResource, NewPartitions, NewTopic
from confluent_kafka.admin import AlterConfigOpType as Alter
from deidstream.adapters.kafka_bus import KafkaBusFactory
from deidstream.adapters.kafka_client import Cluster
from deidstream.adapters.memory_keys import Key, MemoryKeyRing
from deidstream.core.errors import Unavailable
from deidstream.ports import BusFactory
from deidstream.stream import quarantine
from deidstream.stream.stages import inbox
from deidstream.wire import QuarantineRecord, encode_case

from tests.certificates import Certificates
from tests.cli.command import run
from tests.harness.client import eventually
from tests.harness.kafka import PASSWORDS, Broker, Secured, broker
from tests.stream.fixtures import case

pytestmark = pytest.mark.full

RESOLVER = {"projects": [{"name": "research", "policy": "research-dates-shifted"}]}


def configured(folder: Path, bus: str, **kafka: object) -> Path:
    config = folder / "deidstream.yaml"
    deployment = {"state": str(folder / "state"), "bus": bus, "health": None, "kafka": {"partitions": 2} | kafka}
    config.write_text(yaml.safe_dump({"deployment": deployment, "resolver": RESOLVER}, sort_keys=False))
    return config


def process(config: Path, chain: str = "identify") -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "deidstream.cli.chains", "--config", str(config), "--chain", chain]
    return subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def ended(started: subprocess.Popen[str], seconds: float = 20.0) -> tuple[int, str]:
    try:
        said, _ = started.communicate(timeout=seconds)
    finally:
        started.kill()
    return started.returncode, said


@pytest.fixture
def config(kafka: Broker, tmp_path: Path) -> Path:
    return configured(tmp_path, f"kafka://{kafka.servers}/t{uuid.uuid4().hex[:8]}")


def in_quarantine(bus: BusFactory) -> list[QuarantineRecord]:
    """A topic that has just been made may have no leader yet."""
    with suppress(Unavailable):
        return quarantine.list_open(bus)
    return []


def prefix(config: Path) -> str:
    return str(yaml.safe_load(config.read_text())["deployment"]["bus"]).rpartition("/")[2]


def altered(kafka: Broker, topic: str, settings: Mapping[str, str]) -> None:
    client = AdminClient({"bootstrap.servers": kafka.servers})
    entries = [ConfigEntry(name, value, incremental_operation=Alter.SET) for name, value in settings.items()]
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=entries)
    for future in client.incremental_alter_configs([resource]).values():
        future.result(15)


def test_topics_are_made_once_and_each_difference_is_named(kafka: Broker, config: Path) -> None:
    assert run("topics", "check", "--config", config).code == 1
    made = run("topics", "apply", "--config", config)
    assert made.code == 0, made
    assert run("topics", "apply", "--config", config) == made
    assert run("topics", "check", "--config", config) == made

    own = inbox("identify")
    altered(kafka, f"{prefix(config)}.{own}", {"retention.ms": "1000", "min.insync.replicas": "2"})
    client = AdminClient({"bootstrap.servers": kafka.servers})
    client.create_partitions([NewPartitions(f"{prefix(config)}.{inbox('text')}", 3)])[
        f"{prefix(config)}.{inbox('text')}"
    ].result(15)
    client.delete_topics([f"{prefix(config)}.{inbox('writer')}"])[f"{prefix(config)}.{inbox('writer')}"].result(15)

    def told() -> bool:
        checked = run("topics", "check", "--config", config)
        return checked.code == 1 and sorted(checked.out.splitlines()) == sorted(
            [
                f"{own}: retention.ms is 1000, must be 604800000",
                f"{own}: min.insync.replicas is 2, must be 1",
                f"{inbox('text')}: partitions is 3, must be 2",
                f"{inbox('writer')}: missing",
            ]
        )

    eventually(told, 15)


def test_a_topic_with_too_few_partitions_stays_as_it_is_and_is_named(kafka: Broker, config: Path) -> None:
    client = AdminClient({"bootstrap.servers": kafka.servers})
    name = f"{prefix(config)}.{inbox('fields')}"
    client.create_topics([NewTopic(name, 1, 1)])[name].result(15)
    applied = run("topics", "apply", "--config", config)
    assert applied.code == 1
    assert f"{inbox('fields')}: partitions is 1, must be 2" in applied.out


def test_two_deployments_with_prefixes_share_a_cluster(kafka: Broker, config: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = configured(tmp_path / "other", f"kafka://{kafka.servers}/t{uuid.uuid4().hex[:8]}")
    assert run("topics", "apply", "--config", config).code == 0
    assert "missing" in run("topics", "check", "--config", other).out
    assert run("topics", "apply", "--config", other).code == 0


def test_three_nodes_give_three_copies_of_which_two_must_be_written(tmp_path: Path) -> None:
    with broker(tmp_path / "kafka", 3) as cluster:
        config = configured(tmp_path, f"kafka://{cluster.servers}")
        assert run("topics", "apply", "--config", config).code == 0
        client = AdminClient({"bootstrap.servers": cluster.servers})
        name = inbox("identify")
        parts = client.list_topics(name, timeout=15).topics[name].partitions
        assert {len(part.replicas) for part in parts.values()} == {3}
        resource = ConfigResource(ConfigResource.Type.TOPIC, name)
        assert client.describe_configs([resource])[resource].result(15)["min.insync.replicas"].value == "2"


def test_more_copies_than_brokers_are_refused(kafka: Broker, tmp_path: Path) -> None:
    config = configured(tmp_path, f"kafka://{kafka.servers}/t{uuid.uuid4().hex[:8]}", replication=3)
    told = run("topics", "apply", "--config", config)
    assert (told.code, "too-few-brokers" in told.err) == (2, True)


def test_a_process_without_topics_says_what_to_do_and_ends_with_2(config: Path) -> None:
    code, said = ended(process(config))
    assert code == 2
    assert "topic-missing" in said
    assert "run: deidstream topics apply" in said


def test_of_two_processes_of_one_name_the_first_ends_so_that_it_is_started_again(config: Path, tmp_path: Path) -> None:
    run("topics", "apply", "--config", config)
    first = process(config)
    (tmp_path / "elsewhere").mkdir()
    bus = yaml.safe_load(config.read_text())["deployment"]["bus"]
    try:
        assert first.stdout is not None
        assert "chain.started" in first.stdout.readline()
        second = process(configured(tmp_path / "elsewhere", bus))
        try:
            code, said = ended(first, 40)
            assert code == 3, said
            assert '"fenced"' in said
        finally:
            second.kill()
            second.wait()
    finally:
        first.kill()


def test_records_that_are_no_cases_go_to_quarantine_once_each_and_the_loop_goes_on(
    kafka: Broker, config: Path, tmp_path: Path
) -> None:
    run("topics", "apply", "--config", config)
    own = inbox("identify")
    foreign = Producer({"bootstrap.servers": kafka.servers})
    strange = MemoryKeyRing({"content": (Key("strange", bytes(32)),)})
    lost = encode_case(case("0123456789abcdef", itinerary=("identify",)), strange)
    for key, value in ((b"\xff\x00", bytes(range(256))), (None, b"\x08\x01"), (b"k", None), (None, lost)):
        foreign.produce(f"{prefix(config)}.{own}", value, key)
    assert foreign.flush(15) == 0
    started = process(config)
    bus = KafkaBusFactory(Cluster(kafka.servers, prefix(config)))
    try:
        eventually(lambda: len(in_quarantine(bus)) >= 4)
        foreign.produce(f"{prefix(config)}.{own}", b"another")
        foreign.flush(15)
        eventually(lambda: len(in_quarantine(bus)) >= 5)
    finally:
        started.terminate()
        code, said = ended(started)
    assert code == 0, said
    found = in_quarantine(bus)
    codes = sorted(record.code for record in found)
    assert codes == ["foreign-key", *["wire-no-case-id"] * 2, *["wire-unreadable"] * 2]
    assert {record.payload for record in found} >= {lost, bytes(range(256)), b""}


@pytest.mark.parametrize("kept", ["here", "in-a-file"])
def test_a_deployment_with_a_password_works_and_shows_it_nowhere(secured: Secured, tmp_path: Path, kept: str) -> None:
    given = {"protocol": "SASL_SSL", "ca": str(secured.certificates.ca), "user": "admin"}
    secret = PASSWORDS["admin"]
    (tmp_path / "password").write_text(secret + "\n")
    where = {"password": secret} if kept == "here" else {"password_file": str(tmp_path / "password")}
    config = configured(tmp_path, f"kafka://{secured.scram}/t{uuid.uuid4().hex[:8]}", **given, **where)
    assert run("topics", "apply", "--config", config).code == 0
    command = [sys.executable, "-m", "deidstream.cli", "up", "--config", str(config), "--chain", "identify", "--here"]
    log = tmp_path / "up.log"
    with log.open("wb") as out:
        started = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        eventually(lambda: b"chain.started" in log.read_bytes())
        assert secret.encode() not in Path(f"/proc/{started.pid}/cmdline").read_bytes()
        started.terminate()
        assert started.wait(30) == 0, log.read_text()
    finally:
        started.kill()
    assert secret not in log.read_text()


def test_a_process_that_is_refused_ends_with_2_and_one_line(
    secured: Secured, strangers: Certificates, tmp_path: Path
) -> None:
    given = {
        "protocol": "SASL_SSL",
        "ca": str(secured.certificates.ca),
        "user": "admin",
        "password": PASSWORDS["admin"],
    }
    wrong = {"kafka-authentication": {"password": "not-the-password"}, "kafka-tls": {"ca": str(strangers.ca)}}
    for code, change in wrong.items():
        config = configured(tmp_path, f"kafka://{secured.scram}", **given | change)
        told = run("topics", "check", "--config", config)
        assert (told.code, len(told.err.splitlines())) == (2, 1)
        assert told.err.startswith(f"deidstream: {code}: deployment.kafka: ")
        ending, said = ended(process(config))
        assert (ending, f'"{code}"' in said) == (2, True), said
        assert "not-the-password" not in said + told.err


@pytest.mark.parametrize(
    ("kafka_section", "line", "reason"),
    [
        ({"protocol": "SASL_SSL", "user": "x"}, 5, "SASL needs user and password"),
        ({"protocol": "SSL", "certificate": __file__}, 5, "certificate and key go together"),
        ({"protocol": "SSL", "ca": "/nowhere/ca.pem"}, 8, "the file must exist and be readable"),
        ({"user": "x", "password": "secret-1"}, 5, "a password needs protocol SASL"),
        ({"ca": __file__}, 5, "ca and certificate need protocol SSL"),
        ({"user": "x", "password_file": __file__}, 5, "a password needs protocol SASL"),
        ({"protocol": "SASL_SSL", "user": "x", "password_file": "/nowhere/password"}, 9, "the file must exist"),
        (
            {"protocol": "SASL_SSL", "user": "x", "password": "secret-1", "password_file": __file__},
            5,
            "here or in a file, not both",
        ),
    ],
)
def test_settings_that_are_incomplete_are_told_with_their_line(
    tmp_path: Path, kafka_section: dict[str, object], line: int, reason: str
) -> None:
    config = configured(tmp_path, "kafka://127.0.0.1:1", **kafka_section)
    told = run("topics", "check", "--config", config)
    assert told.code == 2
    assert told.err.startswith(f"deidstream: settings-invalid: deidstream.yaml:{line}: deployment.kafka")
    assert reason in told.err
    assert len(told.err.splitlines()) == 1
    assert "secret-1" not in told.err
