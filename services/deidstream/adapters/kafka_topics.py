"""The topics that a deployment needs on Kafka: made where they are missing, compared with what they must be elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, ClusterMetadata, ConfigResource, NewTopic

from deidstream.adapters.kafka_client import CALL_SECONDS, MAX_BYTES, Cluster, Heard, made, patiently, translated
from deidstream.core.errors import Misconfigured, Unavailable

__all__ = [
    "Difference",
    "Topic",
    "apply",
    "brokers",
    "check",
    "check_group",
    "check_settings",
    "check_shape",
    "confirmed",
    "partitions",
]

_KNOWN_SECONDS = 3.0
"""After so long every broker knows every topic."""
_PATIENCE = {"operation_timeout": CALL_SECONDS, "request_timeout": CALL_SECONDS}


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
    return len(_listed(*_admin(cluster)).brokers)


def partitions(cluster: Cluster, topics: Sequence[str]) -> dict[str, int]:
    """How many each of ``topics`` has. Raises as ``apply`` does, and Misconfigured (``topic-missing``)."""
    found = _listed(*_admin(cluster)).topics
    if missing := [topic for topic in topics if cluster.named(topic) not in found]:
        raise Misconfigured("topic-missing", missing[0], "run: deidstream topics apply")
    return {topic: len(found[cluster.named(topic)].partitions) for topic in topics}


def confirmed(cluster: Cluster, refused: Misconfigured) -> Misconfigured:
    """``refused``, unless it is a topic that is there after all, as a new client learns within seconds: a broker that has just come
    back may not have known it yet, and the client that was told so does not look again."""
    until = time.monotonic() + _KNOWN_SECONDS
    while refused.code == "topic-missing" and time.monotonic() < until:
        try:
            partitions(cluster, [refused.place])
        except Misconfigured:
            time.sleep(0.2)
            continue
        except Unavailable:
            pass  # a successor waits for the brokers
        return Misconfigured("fenced", refused.place, "a broker did not know this topic; starting again is right")
    return refused


def check_group(cluster: Cluster, group: str) -> None:
    """Raises Misconfigured (``kafka-not-allowed``) where we may not be of ``group``; whether there is one does not matter."""
    name = cluster.named(group)
    admin, _ = _admin(cluster)
    try:
        admin.describe_consumer_groups([name], request_timeout=CALL_SECONDS)[name].result(2 * CALL_SECONDS)
    except TimeoutError:
        raise Unavailable("bus-away", name) from None
    except KafkaException as error:
        if error.args[0].code() != KafkaError.GROUP_ID_NOT_FOUND:
            raise translated(error, name) from None


def apply(cluster: Cluster, topics: Sequence[Topic]) -> list[Difference]:
    """Makes what is missing; what is there stays as it is. Returns what is then still not as it must be.

    Raises Misconfigured where this user may not, Unavailable when the cluster does not answer.
    """
    admin, _ = _admin(cluster)
    missing = {one.topic for one in check(cluster, topics) if not one.setting}
    new = [
        NewTopic(cluster.named(one.name), one.partitions, one.replication, config=one.config())
        for one in topics
        if one.name in missing
    ]
    for name, future in admin.create_topics(new, **_PATIENCE).items() if new else ():
        _settled(future, cluster.own(name))
    until = time.monotonic() + CALL_SECONDS
    while True:
        differences = check(cluster, topics)
        if all(one.setting for one in differences) or time.monotonic() > until:
            return differences
        time.sleep(0.2)  # a broker learns of what it has made from its controller


def check(cluster: Cluster, topics: Sequence[Topic]) -> list[Difference]:
    """What is not as it must be. Raises as ``apply`` does."""
    differences = check_shape(cluster, topics)
    missing = {one.topic for one in differences if not one.setting}
    return differences + check_settings(cluster, [one for one in topics if one.name not in missing])


def check_shape(cluster: Cluster, topics: Sequence[Topic]) -> list[Difference]:
    """Of ``check`` what whoever reads or writes a topic may see: whether it is there, its partitions and copies."""
    admin, heard = _admin(cluster)
    listed = _listed(admin, heard).topics
    there = [one for one in topics if cluster.named(one.name) in listed]
    differences = [Difference(one.name) for one in topics if one not in there]
    for one in there:
        partitions = listed[cluster.named(one.name)].partitions
        copies = min((len(part.replicas) for part in partitions.values()), default=0)
        differences += _unequal(one.name, "partitions", len(partitions), one.partitions)
        if copies < one.replication:
            differences += _unequal(one.name, "replication", copies, one.replication)
    return differences


def check_settings(cluster: Cluster, topics: Sequence[Topic]) -> list[Difference]:
    """Of ``check`` the settings of ``topics``, all of which are there. Raises as ``apply`` does."""
    return list(_settings(_admin(cluster)[0], cluster, topics))


def _admin(cluster: Cluster) -> tuple[AdminClient, Heard]:
    heard = Heard()
    return made(AdminClient, cluster.common(heard)), heard


def _listed(admin: AdminClient, heard: Heard) -> ClusterMetadata:
    try:
        return patiently(lambda seconds: admin.list_topics(timeout=seconds), admin.poll, heard)
    except KafkaException as error:
        raise translated(error, "topics") from None


def _settings(admin: AdminClient, cluster: Cluster, topics: Sequence[Topic]) -> Iterator[Difference]:
    resources = {ConfigResource(ConfigResource.Type.TOPIC, cluster.named(one.name)): one for one in topics}
    futures = admin.describe_configs(list(resources), request_timeout=CALL_SECONDS) if resources else {}
    for resource, future in futures.items():
        found = _settled(future, cluster.own(resource.name))
        topic = resources[resource]
        for name, wanted in topic.config().items():
            yield from _unequal(topic.name, name, found[name].value, wanted)


def _unequal(topic: str, setting: str, found: object, wanted: object) -> Iterable[Difference]:
    return [] if str(found) == str(wanted) else [Difference(topic, setting, str(found), str(wanted))]


def _settled(future: Future[object], place: str):  # type: ignore[no-untyped-def]  # whatever the future was for
    try:
        return future.result(2 * CALL_SECONDS)
    except TimeoutError:
        raise Unavailable("bus-away", place) from None
    except KafkaException as error:
        if error.args[0].code() == KafkaError.TOPIC_ALREADY_EXISTS:
            return None
        raise translated(error, place) from None
