"""Who may use a real Kafka: passwords, certificates and access lists; what is wrong is told at once and by name."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)
from deidstream.adapters.kafka_bus import KafkaBusFactory
from deidstream.adapters.kafka_client import Cluster
from deidstream.adapters.kafka_topics import Topic, apply
from deidstream.core.errors import Misconfigured, Unavailable
from deidstream.ports import BusFactory
from deidstream.stream.kafka import Kafka
from pydantic import SecretStr

from tests.adapters.bus.contract import IN, OUT, drain, outputs, publish
from tests.certificates import Certificates
from tests.harness.kafka import PASSWORDS, Secured

pytestmark = pytest.mark.full

_AT_ONCE = 10.0
"""Seconds. A call that only gives up takes 15."""

Grant = tuple[str, ResourceType, str, AclOperation]


def scram(secured: Secured, user: str = "admin", password: str = "", ca: Path | None = None) -> Kafka:
    return Kafka(
        protocol="SASL_SSL",
        ca=ca or secured.certificates.ca,
        user=user,
        password=SecretStr(password or PASSWORDS[user]),
    )


def mtls(secured: Secured, own: Certificates | None = None) -> Kafka:
    own = own or secured.certificates
    return Kafka(protocol="SSL", ca=secured.certificates.ca, certificate=own.client, key=own.client_key)


@pytest.fixture
def admin(secured: Secured) -> Cluster:
    """A part of the cluster for this test alone, with topics, as the user who may do everything."""
    made = Cluster(secured.scram, f"t{uuid.uuid4().hex[:8]}", scram(secured).client())
    assert apply(made, [Topic(name, 2, 3600.0) for name in (IN, OUT)]) == []
    return made


def grant(admin: Cluster, *grants: Grant) -> None:
    reads = [(user, ResourceType.GROUP, admin.named("deidstream.reader."), AclOperation.READ) for user, *_ in grants]
    bindings = [
        AclBinding(kind, name, pattern, f"User:{user}", "*", operation, AclPermissionType.ALLOW)
        for pattern, given in ((ResourcePatternType.LITERAL, grants), (ResourcePatternType.PREFIXED, reads[:1]))
        for user, kind, name, operation in given
    ]
    client = AdminClient({"bootstrap.servers": admin.servers, **admin.security})
    for future in client.create_acls(bindings).values():
        future.result(15)


def everything_for(user: str, admin: Cluster, group: str = "g", transactional: str = "g.one") -> dict[str, Grant]:
    """What a member needs to read ``in`` and write ``out``."""
    topic, read, write = ResourceType.TOPIC, AclOperation.READ, AclOperation.WRITE
    return {
        "read": (user, topic, admin.named(IN), read),
        "write": (user, topic, admin.named(OUT), write),
        "group": (user, ResourceType.GROUP, admin.named(group), read),
        "id": (user, ResourceType.TRANSACTIONAL_ID, admin.named(f"deidstream.{transactional}"), write),
    }


def passes_on(factory: BusFactory) -> int:
    """How many records a member reads from ``in`` and writes to ``out``."""
    bus = factory.open("g", [IN], "one")
    try:
        records = drain(bus, quiet=1.5)
        bus.commit(outputs(len(records), OUT))
        return len(records)
    finally:
        bus.close()


def refused(does: Callable[[], object], code: str) -> Misconfigured:
    began = time.monotonic()
    with pytest.raises(Misconfigured) as caught:
        does()
    assert caught.value.code == code
    assert time.monotonic() - began < _AT_ONCE
    assert not any(password in str(caught.value) for password in PASSWORDS.values())
    return caught.value


@pytest.mark.parametrize("user", ["stage", "client"])
def test_a_user_with_its_rights_reads_and_writes_whether_by_password_or_by_certificate(
    secured: Secured, admin: Cluster, user: str
) -> None:
    grant(admin, *everything_for(user, admin).values())
    publish(KafkaBusFactory(admin), outputs(10))
    kafka, servers = (mtls(secured), secured.mtls) if user == "client" else (scram(secured, user), secured.scram)
    assert passes_on(KafkaBusFactory(Cluster(servers, admin.prefix, kafka.client()))) == 10
    assert len(KafkaBusFactory(admin).scan(OUT)) == 10


def _everywhere(servers: str, kafka: Kafka, code: str) -> None:
    cluster = Cluster(servers, "", kafka.client())
    factory = KafkaBusFactory(cluster)
    for does in (
        lambda: factory.open("g", [IN], "one"),
        lambda: factory.scan(IN),
        lambda: apply(cluster, [Topic(IN, 1, 3600.0)]),
    ):
        assert refused(does, code).place == "deployment.kafka"


def test_a_wrong_password_is_told_at_once(secured: Secured) -> None:
    _everywhere(secured.scram, scram(secured, password="not-the-password"), "kafka-authentication")


def test_a_broker_of_an_unknown_authority_is_told_at_once(secured: Secured, strangers: Certificates) -> None:
    _everywhere(secured.scram, scram(secured, ca=strangers.ca), "kafka-tls")


def test_a_certificate_that_the_broker_does_not_know_is_told_at_once(secured: Secured, strangers: Certificates) -> None:
    _everywhere(secured.mtls, mtls(secured, strangers), "kafka-tls")


def test_no_certificate_where_one_is_required_is_told_at_once(secured: Secured) -> None:
    _everywhere(secured.mtls, Kafka(protocol="SSL", ca=secured.certificates.ca), "kafka-tls")


def test_a_key_of_another_certificate_is_told_at_once(secured: Secured, strangers: Certificates) -> None:
    own = secured.certificates
    kafka = Kafka(protocol="SSL", ca=own.ca, certificate=own.client, key=strangers.client_key)
    _everywhere(secured.mtls, kafka, "kafka-tls")


@pytest.mark.parametrize(
    ("lacking", "named"),
    [("read", IN), ("write", OUT), ("group", "{prefix}.g"), ("id", "{prefix}.deidstream.g.one")],
)
def test_a_right_that_is_missing_is_told_with_the_place(
    secured: Secured, admin: Cluster, lacking: str, named: str
) -> None:
    rights = everything_for("stage", admin)
    grant(admin, *(right for name, right in rights.items() if name != lacking))
    publish(KafkaBusFactory(admin), outputs(3))
    factory = KafkaBusFactory(Cluster(secured.scram, admin.prefix, scram(secured, "stage").client()))
    told = refused(lambda: passes_on(factory), "kafka-not-allowed")
    assert told.place == named.format(prefix=admin.prefix)


def test_who_may_not_make_topics_is_told_which(secured: Secured, admin: Cluster) -> None:
    cluster = Cluster(secured.scram, admin.prefix, scram(secured, "stage").client())
    assert refused(lambda: apply(cluster, [Topic("new", 1, 3600.0)]), "kafka-not-allowed").place == "new"


def test_a_broker_that_restarts_looks_like_no_wrong_password_and_no_wrong_certificate(
    secured: Secured, admin: Cluster
) -> None:
    """Clients connect all the while, so that some are in the middle of it when the broker dies."""
    grant(admin, ("client", ResourceType.TOPIC, admin.named(IN), AclOperation.READ))
    parts = [(secured.scram, scram(secured).client()), (secured.mtls, mtls(secured).client())]
    factories = [KafkaBusFactory(Cluster(servers, admin.prefix, given)) for servers, given in parts]
    node, stop = secured.broker.nodes[0], threading.Event()
    with ThreadPoolExecutor() as threads:
        clients = [threads.submit(_connect_all_the_while, factory, stop) for factory in factories * 2]
        for end in (node.kill, node.stop):
            time.sleep(1)
            end()
            node.restart()
        stop.set()
        assert all(client.result() for client in clients)


def _connect_all_the_while(factory: BusFactory, stop: threading.Event) -> int:
    """How often it came through. Raises Misconfigured."""
    count = 0
    while not stop.is_set():
        with suppress(Unavailable):
            count += len(factory.scan(IN)) + 1
    return count
