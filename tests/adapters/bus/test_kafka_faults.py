"""What the client tells at a bad moment, injected: a stand-in for librdkafka that fails on demand."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from confluent_kafka import OFFSET_BEGINNING, KafkaError, KafkaException
from deidstream.adapters import kafka_bus
from deidstream.adapters.kafka_bus import KafkaBusFactory
from deidstream.adapters.kafka_client import Cluster
from deidstream.adapters.kafka_membership import Membership
from deidstream.core.errors import Misconfigured, Unavailable


def message(value: bytes, offset: int, error: KafkaError | None = None) -> SimpleNamespace:
    plain = {
        "topic": "in",
        "partition": 0,
        "offset": offset,
        "key": b"k",
        "value": value,
        "headers": [],
        "error": error,
    }
    told = {name: (lambda one=one: one) for name, one in plain.items()}
    return SimpleNamespace(**told, timestamp=lambda: (1, 1_000))


class Client:
    """Gives ``first`` to ``poll`` and then what ``consume`` holds, or raises it."""

    def __init__(self, _: object) -> None:
        self.first: list[object] = []
        self.rest: list[object] | Exception = []
        self.done: list[object] | Exception = []
        self.assigned: list[object] = []

    def subscribe(self, *_: object, **__: object) -> None:
        pass

    def assignment(self) -> list[str]:
        return ["something"]

    def poll(self, _: float) -> object:
        return self.first.pop(0) if self.first else None

    def consume(self, *_: object) -> object:
        if isinstance(self.rest, Exception):
            error, self.rest = self.rest, []
            raise error
        rest, self.rest = self.rest, []
        return rest

    def committed(self, *_: object, **__: object) -> object:
        if isinstance(self.done, Exception):
            raise self.done
        return self.done

    def assign(self, lanes: list[object]) -> None:
        self.assigned += lanes

    def close(self) -> None:
        pass


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setattr(kafka_bus, "Consumer", Client)
    monkeypatch.setattr(kafka_bus, "Transactions", lambda *_: None)
    made = KafkaBusFactory(Cluster("127.0.0.1:1")).open("g", ["in"], "one")
    made.poll(10, 0)  # joins
    yield made
    made.close()


def test_what_the_client_gave_before_it_failed_is_not_lost(bus) -> None:
    bus._consumer.first, bus._consumer.rest = [message(b"a", 0)], KafkaException(KafkaError(KafkaError._TRANSPORT))
    with pytest.raises(Unavailable, match="bus-away"):
        bus.poll(10, 0)
    assert [record.value for record in bus.poll(10, 0)] == [b"a"]


def test_an_error_between_records_ends_the_member_at_every_later_call(bus) -> None:
    bus._consumer.first = [message(b"a", 0)]
    bus._consumer.rest = [message(b"", 1, KafkaError(KafkaError._FATAL)), message(b"c", 2)]
    for _ in range(2):
        with pytest.raises(Misconfigured, match="fenced"):
            bus.poll(10, 0)
    with pytest.raises(Misconfigured, match="fenced"):
        bus.commit([])


@pytest.mark.parametrize(
    "answer",
    [
        KafkaException(KafkaError(KafkaError._TIMED_OUT)),
        [SimpleNamespace(error=KafkaError(KafkaError.UNSTABLE_OFFSET_COMMIT), offset=5)],
    ],
    ids=["raised", "of one partition"],
)
def test_a_member_that_cannot_learn_its_position_asks_again(bus, answer) -> None:
    client = bus._consumer
    client.done = answer
    client.first = [message(b"", 0, KafkaError(KafkaError._AUTO_OFFSET_RESET))]
    assert bus.poll(10, 0) == []
    assert bus._lost == {("in", 0)}
    assert client.assigned == []
    client.done = [SimpleNamespace(error=None, topic="in", partition=0, offset=-1001)]
    bus.poll(10, 0)
    assert bus._lost == set()
    assert [(lane.topic, lane.partition, lane.offset) for lane in client.assigned] == [("in", 0, OFFSET_BEGINNING)]


def test_a_member_that_waits_in_vain_for_a_group_that_has_forgotten_it_ends(bus) -> None:
    """The client neither says so nor joins again: seen when a broker had stood still for long."""
    times = iter(range(0, 1_000, 10))
    bus._membership = membership = Membership(Cluster("127.0.0.1:1"), "g", "one", lambda: float(next(times)))
    membership._known = lambda: False
    bus._consumer.first = [message(b"a", 0)]
    assert len(bus.poll(10, 0)) == 1
    for _ in range(3):
        bus.poll(10, 0)
    with pytest.raises(Misconfigured, match="fenced"):
        bus.poll(10, 0)
    membership._known = lambda: True
    for _ in range(10):
        bus.poll(10, 0)
