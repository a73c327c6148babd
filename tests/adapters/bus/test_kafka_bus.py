"""The bus on a real Apache Kafka."""

from __future__ import annotations

import time
import uuid
from threading import Event, Thread, Timer

import pytest
from deidstream.adapters.kafka_bus import KafkaBusFactory
from deidstream.adapters.kafka_client import Cluster
from deidstream.adapters.kafka_topics import Topic, apply
from deidstream.core.errors import Misconfigured, Unsafe
from deidstream.ports import Bus, BusFactory, Output

from tests.adapters.bus.contract import IN, OUT, BusContract, MakeBus, outputs, publish, take
from tests.harness.kafka import Broker

pytestmark = pytest.mark.full


@pytest.fixture
def cluster(kafka: Broker) -> Cluster:
    """A part of the cluster for this test alone."""
    made = Cluster(kafka.servers, f"t{uuid.uuid4().hex[:12]}")
    assert apply(made, [Topic(name, 8, 3600.0) for name in (IN, OUT)]) == []
    return made


@pytest.fixture
def make_bus(cluster: Cluster) -> MakeBus:
    return lambda _: KafkaBusFactory(cluster)


class TestKafkaBus(BusContract):
    quiet = 1.5

    def settle(self, *members: Bus) -> None:
        """Members join and hand over in rounds, each of which needs all of them to poll."""
        until = time.monotonic() + 8
        while time.monotonic() < until:
            for member in members:
                assert not member.poll(1, 0.05)

    def test_lag_counts_what_the_group_has_not_committed(self, factory: BusFactory) -> None:
        publish(factory, outputs(10))
        bus = factory.open("g", [IN], "one")
        until = time.monotonic() + 20
        while (
            bus.lag().get(IN, 0) < 10 and time.monotonic() < until
        ):  # of a partition that has not answered yet nothing is known
            bus.poll(1, 0.25)
        assert bus.lag()[IN] >= 10
        self.drain(bus)
        bus.commit([])
        assert bus.lag()[IN] <= 8  # ends of transactions, one a partition

    def test_the_last_record_of_a_key_is_found(self, factory: BusFactory) -> None:
        publish(factory, outputs(20))
        publish(factory, outputs(2_000, keys=1, first=20))
        last = factory.last(IN, "key-3")
        assert last is not None
        assert last.value == b"18"
        assert factory.last(IN, "nobody") is None

    def test_a_topic_into_which_others_go_on_writing_has_an_end(self, factory: BusFactory) -> None:
        publish(factory, outputs(20))
        bus, ended = factory.open("", [], "busy"), Event()

        def write() -> None:
            for _ in range(1_500):
                if ended.wait(0.01):
                    return
                bus.commit(outputs(8))

        writer = Thread(target=write)
        writer.start()
        try:
            found = factory.scan(IN)
            assert writer.is_alive(), "the scan ended when nobody wrote any more"
            assert len(found) >= 20
        finally:
            ended.set()
            writer.join()
            bus.close()

    def test_a_topic_that_is_not_there_is_named_with_what_to_do(self, factory: BusFactory) -> None:
        with pytest.raises(Misconfigured, match="topic-missing: no-topic: run: deidstream topics apply"):
            factory.last("no-topic", "key-3")
        with pytest.raises(Misconfigured, match="topic-missing"):
            publish(factory, outputs(1, "no-topic"))

    def test_a_topic_that_a_broker_did_not_know_for_a_moment_is_no_reason_to_stop(
        self, factory: BusFactory, cluster: Cluster
    ) -> None:
        name = f"late-{uuid.uuid4().hex}"
        bus = factory.open("g", [name], "one")
        Timer(1.0, apply, (cluster, [Topic(name, 8, 3600.0)])).start()
        with pytest.raises(Misconfigured, match="fenced: .*starting again is right"):
            bus.poll(1, 30.0)
        bus.close()
        publish(factory, outputs(3, name))
        take(factory.open("g", [name], "one"), 3)

    def test_a_record_over_the_limit_is_refused_and_the_next_transaction_goes_through(
        self, factory: BusFactory
    ) -> None:
        bus = factory.open("", [], "publisher")
        with pytest.raises(Unsafe, match="record-too-large"):
            bus.commit([Output(IN, "small", b"x"), Output(IN, "big", bytes(17 << 20))])
        bus.commit([Output(IN, "small", b"y")])
        assert [record.value for record in factory.scan(IN)] == [b"y"]
