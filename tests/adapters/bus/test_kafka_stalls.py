"""A producer that sends nothing any more, injected: its client was seen to stay like that after a broker had stood still."""

from __future__ import annotations

import pytest
from confluent_kafka import KafkaError, KafkaException
from deidstream.adapters import kafka_transactions
from deidstream.adapters.kafka_client import Cluster, Heard, patiently, translated
from deidstream.adapters.kafka_transactions import Transactions
from deidstream.core.errors import Misconfigured, Unavailable
from deidstream.ports import Output


class Client:
    """Sends nothing while ``stalled``."""

    def __init__(self, _: object) -> None:
        self.stalled = True
        self.calls: list[str] = []

    def init_transactions(self, _: float) -> None:
        pass

    def poll(self, _: float) -> None:
        pass

    def begin_transaction(self) -> None:
        self.calls.append("begin")

    def list_topics(self, topic: str, _: float) -> object:
        class Listed:
            topics = {topic: type("T", (), {"error": None, "partitions": {0: None}})}

        return Listed

    def produce(self, *_: object, **__: object) -> None:
        pass

    def flush(self, _: float) -> int:
        return int(self.stalled)

    def abort_transaction(self, _: float) -> None:
        self.calls.append("abort")

    def commit_transaction(self, _: float) -> None:
        self.calls.append("commit")


@pytest.fixture
def transactions(monkeypatch: pytest.MonkeyPatch) -> Transactions:
    monkeypatch.setattr(kafka_transactions, "Producer", Client)
    return Transactions(Cluster("127.0.0.1:1"), "one", Heard())


def commit(transactions: Transactions) -> None:
    transactions.commit([Output("out", "key", b"value")], [], None)


def test_a_client_that_sends_nothing_while_the_cluster_answers_ends_the_process(
    transactions: Transactions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka_transactions, "answers", lambda _: True)
    with pytest.raises(Unavailable, match="bus-away"):
        commit(transactions)
    with pytest.raises(Misconfigured, match="fenced"):
        commit(transactions)
    assert transactions._producer.calls == ["begin", "abort", "begin"]  # the successor aborts what is open


def test_a_cluster_that_is_away_is_waited_for(transactions: Transactions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka_transactions, "answers", lambda _: False)
    for _ in range(5):
        with pytest.raises(Unavailable, match="bus-away"):
            commit(transactions)
    transactions._producer.stalled = False
    commit(transactions)
    assert transactions._producer.calls[-1] == "commit"


def test_stalls_that_pass_are_none(transactions: Transactions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka_transactions, "answers", lambda _: True)
    for _ in range(3):
        transactions._producer.stalled = True
        with pytest.raises(Unavailable):
            commit(transactions)
        transactions._producer.stalled = False
        commit(transactions)


def test_nobody_answers_where_nothing_is() -> None:
    assert not kafka_transactions.answers(Cluster("127.0.0.1:1"))


def test_a_partition_without_a_leader_is_waited_for_and_never_a_topic_that_is_missing() -> None:
    """A node that stood still for long is out of its own cluster for a moment when it goes on."""
    error = KafkaError(KafkaError._UNKNOWN_PARTITION)
    answered = iter([error, error, None])

    def ask(_: float) -> str:
        if (found := next(answered)) is not None:
            raise KafkaException(found)
        return "answer"

    assert patiently(ask, lambda _: None, Heard()) == "answer"
    assert isinstance(translated(error, "topic"), Unavailable)
