"""The topics that a deployment needs on Kafka: made where they are missing, compared with what they must be elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic

from deidstream.adapters.kafka_client import CALL_SECONDS, MAX_BYTES, Cluster, Heard, translated

__all__ = ["Difference", "Topic", "apply", "brokers", "check"]


@dataclass(frozen=True, slots=True)
class Topic:
    """What a topic must be. ``keep_seconds``: how long records stay (None: for ever); none may expire before it was read."""

    name: str
    partitions: int
    keep_seconds: float | None
    replication: int = 1
    min_isr: int = 1

    def config(self) -> dict[str, str]:
        """Kafka's own settings."""
        keep = -1 if self.keep_seconds is None else int(self.keep_seconds * 1e3)
        return {
            "cleanup.policy": "delete",
            "retention.ms": str(keep),
            "retention.bytes": "-1",
            "min.insync.replicas": str(self.min_isr),
            "max.message.bytes": str(MAX_BYTES),
            "message.timestamp.type": "LogAppendTime",
            "unclean.leader.election.enable": "false",
        }


@dataclass(frozen=True, slots=True)
class Difference:
    """What is not as it must be. ``setting``: one of Kafka's, ``partitions`` or ``replication``; '' when the topic is missing."""

    topic: str
    setting: str = ""
    found: str = ""
    wanted: str = ""

    def __str__(self) -> str:
        if not self.setting:
            return f"{self.topic}: missing"
        return f"{self.topic}: {self.setting} is {self.found}, must be {self.wanted}"


def brokers(cluster: Cluster) -> int:
    """How many there are. Raises as ``apply`` does."""
    heard = Heard()
    try:
        return len(AdminClient(cluster.common(heard)).list_topics(timeout=CALL_SECONDS).brokers)
    except KafkaException as error:
        heard.check()
        raise translated(error, "topics") from None


def apply(cluster: Cluster, topics: Sequence[Topic]) -> list[Difference]:
    """Makes what is missing; what is there stays as it is. Returns what is then still not as it must be.

    Raises Misconfigured where this user may not, Unavailable when the cluster does not answer.
    """
    heard = Heard()
    admin = AdminClient(cluster.common(heard))
    missing = {one.topic for one in check(cluster, topics) if not one.setting}
    new = [
        NewTopic(cluster.named(one.name), one.partitions, one.replication, config=one.config())
        for one in topics
        if one.name in missing
    ]
    for name, future in admin.create_topics(new, operation_timeout=CALL_SECONDS).items() if new else ():
        _settled(future, name)
    until = time.monotonic() + CALL_SECONDS
    differences = check(cluster, topics)
    # What one broker has made, another hears of a moment later.
    while any(not one.setting for one in differences) and time.monotonic() < until:
        time.sleep(0.2)
        differences = check(cluster, topics)
    return differences


def check(cluster: Cluster, topics: Sequence[Topic]) -> list[Difference]:
    """What is not as it must be. Raises as ``apply`` does."""
    heard = Heard()
    admin = AdminClient(cluster.common(heard))
    try:
        listed = admin.list_topics(timeout=CALL_SECONDS).topics
    except KafkaException as error:
        heard.check()
        raise translated(error, "topics") from None
    there = [one for one in topics if cluster.named(one.name) in listed]
    differences = [Difference(one.name) for one in topics if one not in there]
    for one in there:
        partitions = listed[cluster.named(one.name)].partitions
        copies = min((len(part.replicas) for part in partitions.values()), default=0)
        differences += _unequal(one.name, "partitions", len(partitions), one.partitions)
        if copies < one.replication:
            differences += _unequal(one.name, "replication", copies, one.replication)
    return differences + list(_settings(admin, cluster, there))


def _settings(admin: AdminClient, cluster: Cluster, topics: Sequence[Topic]) -> Iterator[Difference]:
    resources = {ConfigResource(ConfigResource.Type.TOPIC, cluster.named(one.name)): one for one in topics}
    futures = admin.describe_configs(list(resources)) if resources else {}
    for resource, future in futures.items():
        found = _settled(future, resource.name)
        topic = resources[resource]
        for name, wanted in topic.config().items():
            yield from _unequal(topic.name, name, found[name].value, wanted)


def _unequal(topic: str, setting: str, found: object, wanted: object) -> Iterable[Difference]:
    return [] if str(found) == str(wanted) else [Difference(topic, setting, str(found), str(wanted))]


def _settled(future: Future[object], place: str):  # type: ignore[no-untyped-def]  # whatever the future was for
    try:
        return future.result(CALL_SECONDS)
    except KafkaException as error:
        if error.args[0].code() == KafkaError.TOPIC_ALREADY_EXISTS:
            return None
        raise translated(error, place) from None
