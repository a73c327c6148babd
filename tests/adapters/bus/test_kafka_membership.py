"""A member that its group has forgotten finds out, on a real Apache Kafka."""

from __future__ import annotations

import uuid

import pytest
from deidstream.adapters.kafka_bus import KafkaBusFactory
from deidstream.adapters.kafka_client import Cluster
from deidstream.adapters.kafka_membership import Membership
from deidstream.adapters.kafka_topics import Topic, apply
from deidstream.core.errors import Misconfigured

from tests.harness.kafka import Broker

pytestmark = pytest.mark.full


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def cluster(kafka: Broker) -> Cluster:
    made = Cluster(kafka.servers, f"t{uuid.uuid4().hex[:12]}")
    assert apply(made, [Topic("in", 4, 3600.0)]) == []
    return made


def missing_after(membership: Membership, time: Time) -> float | None:
    """Seconds until it says that it is no member, of two minutes."""
    while time.now < 120:
        try:
            membership.check()
        except Misconfigured as error:
            return time.now if error.code == "fenced" else None
        time.now += 5
    return None


def test_a_member_that_reads_nothing_stays_one(cluster: Cluster) -> None:
    bus, time = KafkaBusFactory(cluster).open("g", ["in"], "one"), Time()
    try:
        assert not bus.poll(1, 0.1)
        assert missing_after(Membership(cluster, cluster.named("g"), "one", time), time) is None
    finally:
        bus.close()


@pytest.mark.parametrize("group", ["g", "no-such-group"])
def test_one_that_the_group_does_not_know_any_more_ends(cluster: Cluster, group: str) -> None:
    bus, time = KafkaBusFactory(cluster).open("g", ["in"], "one"), Time()
    try:
        assert not bus.poll(1, 0.1)
        assert missing_after(Membership(cluster, cluster.named(group), "two", time), time) == 40
    finally:
        bus.close()


def test_what_is_committed_shows_that_it_is_one(cluster: Cluster) -> None:
    time = Time()
    membership = Membership(cluster, cluster.named("no-such-group"), "two", time)
    for _ in range(10):
        time.now += 19
        membership.progress()
        membership.check()


def test_a_cluster_that_does_not_answer_proves_nothing() -> None:
    time = Time()
    membership = Membership(Cluster("127.0.0.1:1"), "g", "one", time)
    time.now = 20
    membership.check()
    assert membership._missed == 0
