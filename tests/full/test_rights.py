"""Each chain with a user and rights of its own, on a Kafka that asks: a message goes through, and nobody may do more."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)
from deidstream.cli.demo.ports import free_row
from deidstream.stream.stages import GROUP, RELEASES, inbox

from tests.certificates import make_certificates
from tests.cli.command import Ran, run
from tests.full.java import wait_for
from tests.full.postgres import Postgres
from tests.harness.client import message, mllp
from tests.harness.deployment import is_ready
from tests.harness.kafka import PASSWORDS, Secured, secured_broker

pytestmark = pytest.mark.full

CHAINS = [["ingest"], ["identify"], ["fields", "text", "resolver", "writer"], ["delivery"]]
USERS = {f"deidstream-{name}": f"password-of-{name}" for name in (*(chain[0] for chain in CHAINS), "setup", "operator")}
_KINDS = {
    "--topic": ResourceType.TOPIC,
    "--group": ResourceType.GROUP,
    "--transactional-id": ResourceType.TRANSACTIONAL_ID,
}
_OPERATIONS = {"DescribeConfigs": "DESCRIBE_CONFIGS"}


@dataclass
class Site:
    secured: Secured
    config: Path
    health: int
    port: int

    def settings(self, user: str) -> dict[str, str]:
        """Of a client of librdkafka."""
        return {
            "bootstrap.servers": self.secured.scram,
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "SCRAM-SHA-512",
            "ssl.ca.location": str(self.secured.certificates.ca),
            "sasl.username": user,
            "sasl.password": (PASSWORDS | USERS)[user],
            "log_level": "0",
        }

    def environment(self, user: str) -> dict[str, str]:
        return {
            "DEIDSTREAM_DEPLOYMENT__KAFKA__USER": user,
            "DEIDSTREAM_DEPLOYMENT__KAFKA__PASSWORD": (PASSWORDS | USERS)[user],
        }

    @contextmanager
    def process(self, number: int, user: str) -> Iterator[subprocess.Popen[bytes]]:
        """The chain of this number, as ``user``."""
        chain = "+".join(CHAINS[number])
        command = [
            sys.executable,
            "-m",
            "deidstream.cli.chains",
            "--config",
            str(self.config),
            "--chain",
            chain,
            "--number",
            str(number),
        ]
        with (self.config.parent / f"{chain}-{user}.log").open("wb") as log:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=os.environ | self.environment(user)
            )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(60)


def grant(admin: AdminClient, lines: list[str]) -> None:
    """Does what kafka-acls would do with these arguments."""
    bindings = []
    for line in lines:
        words = shlex.split(line)
        kind = next(word for word in words if word in _KINDS)
        name, user = words[words.index(kind) + 1], words[words.index("--allow-principal") + 1]
        pattern = ResourcePatternType[words[words.index("--resource-pattern-type") + 1].upper()]
        for at, word in enumerate(words):
            if word == "--operation":
                operation = AclOperation[_OPERATIONS.get(words[at + 1], words[at + 1].upper())]
                bindings.append(AclBinding(_KINDS[kind], name, pattern, user, "*", operation, AclPermissionType.ALLOW))
    for future in admin.create_acls(bindings).values():
        future.result(15)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, postgres: Postgres) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("rights")
    certificates = make_certificates(folder)
    health, *_, port = free_row(len(CHAINS) + 1)
    (folder / "out").mkdir()
    with secured_broker(folder / "kafka", certificates, PASSWORDS | USERS) as secured:
        kafka = {"partitions": 2, "protocol": "SASL_SSL", "ca": str(certificates.ca)}
        tree = {
            "deployment": {
                "state": str(folder / "state"),
                "bus": f"kafka://{secured.scram}/site",
                "kafka": kafka,
                "database": postgres.migrated(),
                "chains": CHAINS,
                "health": {"port": health},
            },
            "ingest": {"mllp": [{"name": "adt", "port": port}]},
            "resolver": {"projects": [{"name": "research"}]},
            "delivery": {
                "destinations": [
                    {"name": "out", "kind": "folder", "path": str(folder / "out"), "projects": ["research"]}
                ]
            },
        }
        (folder / "deidstream.yaml").write_text(yaml.safe_dump(tree))
        made = Site(secured, folder / "deidstream.yaml", health, port)
        with pytest.MonkeyPatch.context() as patch:
            for name, value in made.environment("deidstream-setup").items():
                patch.setenv(name, value)
            printed = run("topics", "rights", "--operator", "--config", made.config)
            assert printed.code == 0, printed.err
            admin = AdminClient(made.settings("admin"))
            grant(admin, printed.out.splitlines())
            applied = run("topics", "apply", "--config", made.config)
            assert applied.code == 0, applied.out + applied.err
        yield made


def test_whoever_leads_the_group_shares_out_every_inbox(site: Site) -> None:
    """One member of a group shares the partitions out, and has to see those of topics that it does not read itself."""
    with ExitStack() as stack:
        leader, other = (
            Consumer(site.settings(f"deidstream-{stage}") | {"group.id": f"site.{GROUP}", "enable.auto.commit": False})
            for stage in ("fields", "identify")
        )
        for member, stage in ((leader, "fields"), (other, "identify")):
            stack.callback(member.close)
            member.subscribe([f"site.{inbox(stage)}"])
            wait_for(lambda: (leader.poll(0.2), other.poll(0.2)) and member.assignment(), f"{stage} has its share", 60)  # noqa: B023


def test_a_message_goes_through_all_chains_each_with_its_own_rights(site: Site) -> None:
    with ExitStack() as stack:
        users = [f"deidstream-{chain[0]}" for chain in CHAINS]
        processes = [stack.enter_context(site.process(number, user)) for number, user in enumerate(users)]
        wait_for(
            lambda: (
                all(is_ready(site.health + number) for number in range(4))
                or any(one.poll() is not None for one in processes)
            ),
            "all chains are ready",
            120,
        )
        assert [one.poll() for one in processes] == [None] * 4
        assert mllp(site.port, message("RIGHT1", "4711")) == ["CA"]
        wait_for(lambda: list((site.config.parent / "out").rglob("*.hl7")), "the message is released", 90)
        assert [one.poll() for one in processes] == [None] * 4
    log = "".join(file.read_text() for file in site.config.parent.glob("*.log"))
    assert "kafka-not-allowed" not in log


def _reads(site: Site, user: str, topic: str) -> int:
    """What keeps ``user`` from reading the records of ``topic``, a code of Kafka's; 0 where it has read one."""
    name = f"site.{topic}"
    consumer = Consumer(site.settings(user) | {"group.id": "nobody", "enable.auto.commit": False})
    try:
        hidden = consumer.list_topics(name, 15).topics[name].error
        if hidden is not None:
            return int(hidden.code())
        consumer.assign([TopicPartition(name, partition, 0) for partition in range(2)])
        for _ in range(60):
            found = consumer.poll(0.5)
            error = None if found is None else found.error()
            if found is not None and (error is None or error.code() != KafkaError.GROUP_AUTHORIZATION_FAILED):
                return 0 if error is None else int(error.code())  # of positions in the group nobody has asked
    finally:
        consumer.close()
    raise AssertionError("neither a record nor an error")


@pytest.mark.parametrize(
    ("user", "topic"),
    [
        ("deidstream-delivery", inbox("identify")),
        ("deidstream-delivery", inbox("fields")),
        ("deidstream-identify", inbox("fields")),
        ("deidstream-fields", inbox("identify")),
        ("deidstream-ingest", RELEASES),
        ("deidstream-fields", RELEASES),
        ("deidstream-setup", inbox("identify")),
    ],
)
def test_no_user_reads_what_is_another_ones(site: Site, user: str, topic: str) -> None:
    """What the message above has left there, and the administrator may read."""
    assert _reads(site, user, topic) == KafkaError.TOPIC_AUTHORIZATION_FAILED
    assert _reads(site, "admin", topic) == 0


@pytest.mark.parametrize(
    ("user", "transactional", "topic", "code"),
    [
        ("deidstream-delivery", "deidstream.delivery.x", inbox("identify"), KafkaError.TOPIC_AUTHORIZATION_FAILED),
        ("deidstream-delivery", "deidstream.delivery.x", RELEASES, KafkaError.TOPIC_AUTHORIZATION_FAILED),
        ("deidstream-ingest", "deidstream.ingest.x", RELEASES, KafkaError.TOPIC_AUTHORIZATION_FAILED),
        (
            "deidstream-fields",
            "deidstream.deidstream.fields+text+resolver+writer.x",
            inbox("identify"),
            KafkaError.TOPIC_AUTHORIZATION_FAILED,
        ),
        ("deidstream-fields", "deidstream.ingest.x", RELEASES, KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED),
    ],
)
def test_no_user_writes_where_it_has_nothing_to_write(
    site: Site, user: str, transactional: str, topic: str, code: int
) -> None:
    producer = Producer(site.settings(user) | {"transactional.id": f"site.{transactional}", "message.timeout.ms": 8000})
    errors: list[int] = []
    try:
        producer.init_transactions(20)
        producer.begin_transaction()
        producer.produce(
            f"site.{topic}", b"x", on_delivery=lambda error, _: errors.append(error.code() if error else 0)
        )
        producer.flush(20)
        producer.commit_transaction(20)
    except KafkaException as error:
        errors.append(error.args[0].code())
    assert code in errors
    assert 0 not in errors


def test_a_process_with_the_user_of_another_chain_ends_and_says_so(site: Site) -> None:
    with site.process(1, "deidstream-delivery") as process:
        assert process.wait(90) == 2
    assert "kafka-not-allowed" in (site.config.parent / "identify-deidstream-delivery.log").read_text()


def test_people_have_a_user_for_their_commands_and_those_of_chains_may_not_do_as_they(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    producer = Producer(site.settings("admin"))
    producer.produce(f"site.{inbox('identify')}", b"\xff no case", b"stranger")
    producer.flush(20)

    def command(user: str, *words: str) -> Ran:
        for name, value in site.environment(user).items():
            monkeypatch.setenv(name, value)
        return run(*words, "--config", site.config)

    with site.process(1, "deidstream-identify"):
        wait_for(lambda: "identify" in command("deidstream-operator", "quarantine", "list").out, "it is there", 120)
    refused = command("deidstream-ingest", "quarantine", "replay", "--all")
    assert (refused.code, "kafka-not-allowed" in refused.err) == (2, True)
    replayed = command("deidstream-operator", "quarantine", "replay", "--all")
    assert (replayed.code, replayed.out.strip()) == (0, "1 sent back"), replayed.err
    assert command("deidstream-operator", "audit", "verify").code == 0
