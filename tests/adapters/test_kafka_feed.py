"""Foreign topics on a real Apache Kafka: where a reader begins, what it stores, what a destination makes of refusals."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient
from deidstream.adapters.kafka_client import Cluster
from deidstream.adapters.kafka_destination import KafkaDestination
from deidstream.adapters.kafka_feed import FeedAddress, KafkaFeed
from deidstream.core.errors import Malformed, Misconfigured, Unavailable
from deidstream.ports import Receipt, Record

from tests.adapters.test_folder_destination import release
from tests.harness.foreign import make_topic, read_all, write
from tests.harness.kafka import Broker

pytestmark = pytest.mark.full


def feed(kafka: Broker, topic: str, *, earliest: bool = True) -> KafkaFeed:
    return KafkaFeed(FeedAddress(Cluster(kafka.servers), topic, f"g.{topic}", f"i.{topic}", earliest))


def take(reader: KafkaFeed, count: int, seconds: float = 15.0) -> list[Record]:
    found: list[Record] = []
    until = time.monotonic() + seconds
    while len(found) < count and time.monotonic() < until:
        found += reader.poll(100, 0.2)
    return found


def quiet(reader: KafkaFeed, seconds: float = 1.5) -> Sequence[Record]:
    until = time.monotonic() + seconds
    found: list[Record] = []
    while time.monotonic() < until:
        found += reader.poll(100, 0.2)
    return found


def test_what_is_done_is_not_read_again_and_what_is_not_done_is(kafka: Broker) -> None:
    topic = make_topic(kafka.servers, "lab", 2)
    write(kafka.servers, topic, [(number % 2, b"%d" % number) for number in range(20)] + [(0, None)])
    first = feed(kafka, topic)
    found = take(first, 21)
    for partition in (0, 1):
        values = [one.value for one in found if one.partition == partition]
        assert values[:10] == [b"%d" % number for number in range(partition, 20, 2)]
    first.done([one for one in found if one.partition == 0])
    first.close()
    second = feed(kafka, topic)
    assert [one.value for one in take(second, 10)] == [b"%d" % number for number in range(1, 20, 2)]
    assert not quiet(second)
    second.close()


def test_a_reader_that_reads_nothing_for_a_while_stays_and_loses_nothing(kafka: Broker) -> None:
    topic = make_topic(kafka.servers, "lab", 1)
    write(kafka.servers, topic, [(0, b"%d" % number) for number in range(300)])
    reader = feed(kafka, topic)
    found = take(reader, 1)
    for _ in range(16):  # longer than a session
        reader.keep()
        time.sleep(0.5)
    found += take(reader, 300 - len(found))
    assert [one.value for one in found] == [b"%d" % number for number in range(300)]
    reader.close()


def test_a_group_that_begins_behind_the_last_record_begins_there_after_a_restart_too(kafka: Broker) -> None:
    topic = make_topic(kafka.servers, "lab", 1)
    write(kafka.servers, topic, [(0, b"old")])
    first = feed(kafka, topic, earliest=False)
    assert not quiet(first, 3.0)
    first.close()
    write(kafka.servers, topic, [(0, b"while away")])
    second = feed(kafka, topic, earliest=False)
    assert [one.value for one in take(second, 1)] == [b"while away"]
    second.close()


def test_a_topic_that_is_not_there_is_named(kafka: Broker) -> None:
    reader = feed(kafka, "nobody.made.this")
    with pytest.raises(Misconfigured, match="topic-missing: nobody.made.this"):
        take(reader, 1)
    reader.close()


def test_records_that_expired_before_they_were_read_stop_the_reader(kafka: Broker) -> None:
    topic = make_topic(kafka.servers, "lab", 1)
    write(kafka.servers, topic, [(0, b"%d" % number) for number in range(10)])
    first = feed(kafka, topic)
    first.done(take(first, 10)[:2])
    first.close()
    admin = AdminClient({"bootstrap.servers": kafka.servers})
    for one in admin.delete_records([TopicPartition(topic, 0, 5)]).values():
        one.result(20)
    second = feed(kafka, topic)
    with pytest.raises(Misconfigured, match="records-expired"):
        take(second, 1)
    second.close()


def test_releases_are_written_in_order_under_their_ids(kafka: Broker) -> None:
    topic = make_topic(kafka.servers, "out")
    destination = KafkaDestination(Cluster(kafka.servers), topic)
    releases = [release(f"R{number}", content=b"%d" % number, key=f"s{number % 5}") for number in range(100)]
    assert destination.send(releases) == [Receipt("written")] * 100
    found = read_all(kafka.servers, topic)
    assert {one.headers["id"].decode(): one.value for one in found} == {one.id: one.content for one in releases}
    for key in {one.key for one in found}:
        numbers = [int(one.value) for one in found if one.key == key]
        assert numbers == sorted(numbers)
        assert len(numbers) == 20
    destination.close()


@pytest.mark.parametrize("limit", [1_000, 32 << 20])
def test_what_is_too_large_is_refused_and_the_others_are_written(kafka: Broker, limit: int) -> None:
    topic = make_topic(kafka.servers, "out", 1, max_message_bytes=str(limit))
    destination = KafkaDestination(Cluster(kafka.servers), topic)
    large = bytes(2_000) if limit == 1_000 else bytes(17 << 20)
    left = [release("R1"), release("R2", content=large), release("R3")]
    refused = []
    for _ in range(5):
        answers = destination.send(left)
        refused += [one.id for one, answer in zip(left, answers, strict=True) if isinstance(answer, Malformed)]
        left = [one for one, answer in zip(left, answers, strict=True) if isinstance(answer, Unavailable)]
        if not left:
            break
    assert refused == ["R2"]
    assert list(dict.fromkeys(one.headers["id"] for one in read_all(kafka.servers, topic))) == [b"R1", b"R3"]
    destination.close()


def test_a_topic_or_cluster_that_is_not_there_is_an_answer_and_no_end(kafka: Broker) -> None:
    nowhere = KafkaDestination(Cluster(kafka.servers), "nobody.made.this")
    (answer,) = nowhere.send([release()])
    assert isinstance(answer, Misconfigured)
    assert answer.code == "topic-missing"
    away = KafkaDestination(Cluster("127.0.0.1:9"), "t")
    (answer,) = away.send([release()])
    assert isinstance(answer, Unavailable)
