"""What goes wrong with the records of a real Kafka."""

from __future__ import annotations

import uuid

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient
from deidstream.adapters.kafka_bus import KafkaBusFactory
from deidstream.adapters.kafka_client import Cluster
from deidstream.adapters.kafka_topics import Topic, apply
from deidstream.core.errors import Misconfigured
from deidstream.ports import Bus

from tests.adapters.bus.contract import IN, drain, outputs, publish, take
from tests.harness.kafka import Broker

pytestmark = pytest.mark.full


@pytest.fixture
def cluster(kafka: Broker) -> Cluster:
    """A part of the cluster for this test alone; topics have one partition."""
    made = Cluster(kafka.servers, f"t{uuid.uuid4().hex[:12]}")
    assert apply(made, [Topic(IN, 1, 3600.0)]) == []
    return made


def member(cluster: Cluster) -> Bus:
    return KafkaBusFactory(cluster).open("g", [IN], "one")


def delete_before(cluster: Cluster, offset: int) -> None:
    """As retention does."""
    client = AdminClient({"bootstrap.servers": cluster.servers})
    for future in client.delete_records([TopicPartition(cluster.named(IN), 0, offset)]).values():
        future.result(15)


def committed(cluster: Cluster) -> int:
    consumer = Consumer({"bootstrap.servers": cluster.servers, "group.id": cluster.named("g")})
    try:
        (place,) = consumer.committed([TopicPartition(cluster.named(IN), 0)], timeout=15)
        return int(place.offset)
    finally:
        consumer.close()


def test_records_that_expired_unread_stop_the_member_that_comes_back_and_none_is_skipped(cluster: Cluster) -> None:
    publish(KafkaBusFactory(cluster), outputs(10))
    bus = member(cluster)
    take(bus, 4)
    bus.commit([])
    bus.close()
    delete_before(cluster, 8)
    for _ in range(2):  # nor does starting again help
        with pytest.raises(Misconfigured, match="records-expired: in"):
            drain(member(cluster), quiet=10.0)
    assert committed(cluster) == 4


def test_records_that_expired_unread_stop_the_member_that_is_running(cluster: Cluster) -> None:
    factory = KafkaBusFactory(cluster)
    publish(factory, outputs(3))
    bus = member(cluster)
    take(bus, 3)
    bus.commit([])
    lanes = bus._consumer.assignment()  # type: ignore[attr-defined]  # a member that falls behind, without the wait for it
    bus._consumer.pause(lanes)  # type: ignore[attr-defined]
    publish(factory, outputs(10, first=3))
    delete_before(cluster, 9)
    bus._consumer.resume(lanes)  # type: ignore[attr-defined]
    with pytest.raises(Misconfigured, match="records-expired: in"):
        drain(bus, quiet=10.0)
    assert committed(cluster) == 3


def test_a_group_that_has_never_been_there_begins_with_what_is_left(cluster: Cluster) -> None:
    publish(KafkaBusFactory(cluster), outputs(10))
    delete_before(cluster, 8)
    assert [record.value for record in drain(member(cluster), quiet=3.0)] == [b"8", b"9"]
