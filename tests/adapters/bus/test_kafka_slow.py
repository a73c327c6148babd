"""A member whose batch takes longer than its group waits for a poll keeps its share, and commits."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from confluent_kafka import Producer
from deidstream.adapters import kafka_bus, kafka_client
from deidstream.adapters.kafka_bus import KafkaBusFactory
from deidstream.adapters.kafka_client import Cluster
from deidstream.ports import Output, Record

_INTERVAL = 6.0
"""Seconds: no less than a session may be."""


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A mock cluster of librdkafka: it knows groups, and makes topics."""
    monkeypatch.setattr(kafka_client, "_POLL_INTERVAL_MS", int(_INTERVAL * 1000))
    owner = Producer({"test.mock.num.brokers": 1, "log_level": 0})
    broker = owner.list_topics(timeout=10).brokers.popitem()[1]
    owner.produce("inbox", b"slow", b"k")
    owner.flush(10)
    yield Cluster(f"{broker.host}:{broker.port}")
    owner.purge()  # it lives as long as its owner


def _polled(cluster: Cluster) -> tuple[object, Record]:
    bus = KafkaBusFactory(cluster).open("group", ["inbox"], "image-0")
    until = time.monotonic() + 20
    while time.monotonic() < until:
        if records := bus.poll(1, 1.0):
            return bus, records[0]
    raise AssertionError("nothing came")


def test_a_batch_may_take_longer_than_the_group_waits_for_a_poll(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka_bus, "_LONG_SECONDS", 1.0)
    bus, record = _polled(cluster)
    assert record.value == b"slow"
    time.sleep(_INTERVAL + 2)  # the look at a picture
    assert list(bus.poll(1, 0.5)) == [], "it is not dealt out again"
    bus.commit([Output("next", "k", b"done")])
    bus.close()
