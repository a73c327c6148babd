"""Topics read by faust-streaming, for counts that may be too high after a crash. The data path has its own loop (``kafka_bus``).

One process, one group of its own, at least once: no exactly-once setting, with which Faust doubles and crashes (its issue #440),
and one record at a time, without which it loses some (#606). The table's changelog is the only topic that is written.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import threading
import time
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import faust
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer, Transport

from deidstream.adapters.kafka_client import Cluster
from deidstream.adapters.kafka_topics import brokers, check_group, partitions
from deidstream.core.errors import Misconfigured, Unavailable
from deidstream.ports import Record

__all__ = ["FaustStream", "Watching"]

_TURN = 0.5
_IDLE_SECONDS = 60.0
"""How long it may have no share of the topics."""
_AGAIN = 2.0
_COPIES = 3


@dataclass(frozen=True, slots=True)
class Watching:
    """What is done with records. ``counted``: topic to what adds its records to the table, at once, in the loop.

    ``looked``: topic to what looks at its records, in a thread, again when it raises Unavailable. ``tick``: called with the
    table every ``every`` seconds. ``beat``: called while the loop turns.
    """

    counted: Mapping[str, Callable[[Record, MutableMapping[str, int]], None]]
    looked: Mapping[str, Callable[[Record], None]]
    tick: Callable[[Mapping[str, int]], None]
    beat: Callable[[], None]
    every: float = 2.0


@dataclass(frozen=True, slots=True)
class FaustStream:
    """``group`` names the group, its one member and, as a prefix, its topics. ``state``: Faust's own folder."""

    cluster: Cluster
    group: str
    state: Path

    def run(self, watching: Watching, stop: threading.Event) -> None:
        """Reads from the oldest record on, or where the group was, until ``stop`` is set.

        Raises Misconfigured where the cluster refuses us or has not these topics, Unavailable when it ends by an error.
        """
        self.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        counts = partitions(self.cluster, [*watching.counted, *watching.looked])
        check_group(self.cluster, self.group)
        app = self._app(counts, watching)
        asyncio.run(_serve(app, watching, stop))

    def _app(self, counts: Mapping[str, int], watching: Watching) -> Any:  # Any: faust is not typed
        app = faust.App(
            self.cluster.named(self.group),
            broker=";".join(f"aiokafka://{server}" for server in self.cluster.servers.split(",")),
            broker_credentials=credentials(self.cluster.security),
            consumer_auto_offset_reset="earliest",
            consumer_group_instance_id=self.cluster.named(self.group),
            datadir=str(self.state),
            store="memory://",
            topic_disable_leader=True,
            topic_replication_factor=min(_COPIES, brokers(self.cluster)),
            stream_wait_empty=False,
            web_enabled=False,
            autodiscover=False,
        )
        app.transport = _CommittedTransport(app.conf.broker_consumer, app)
        table = app.Table("windows", default=int, partitions=max([counts[one] for one in watching.counted], default=1))
        for topic, count in watching.counted.items():
            app.agent(self._topic(app, topic), name=f"count.{topic}")(partial(_count, self.cluster, count, table))
        for topic, look in watching.looked.items():
            app.agent(self._topic(app, topic), name=f"look.{topic}")(partial(_look, self.cluster, look))
        app.timer(watching.every)(partial(_tick, watching.tick, table))
        return app

    def _topic(self, app: Any, topic: str) -> Any:  # Any: faust is not typed
        return app.topic(
            self.cluster.named(topic), key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw"
        )


def credentials(security: Mapping[str, str]) -> Any:  # Any: faust is not typed
    """librdkafka's settings as Faust's. Raises Misconfigured for what has no counterpart."""
    left = dict(security)
    protocol = left.pop("security.protocol", "PLAINTEXT")
    authority, certificate = left.pop("ssl.ca.location", None), left.pop("ssl.certificate.location", None)
    key, mechanism = left.pop("ssl.key.location", None), left.pop("sasl.mechanism", None)
    user, password = left.pop("sasl.username", None), left.pop("sasl.password", None)
    if left:
        raise Misconfigured("kafka-settings", sorted(left)[0], "the monitor's client has no such setting")
    context = None
    if protocol.endswith("SSL"):
        context = ssl.create_default_context(cafile=authority)
        if certificate:
            context.load_cert_chain(certificate, key)
    if protocol.startswith("SASL"):
        return faust.SASLCredentials(username=user, password=password, ssl_context=context, mechanism=mechanism)
    return faust.SSLCredentials(context) if context else None


async def _serve(app: Any, watching: Watching, stop: threading.Event) -> None:
    starting = asyncio.ensure_future(app.start())
    until = time.monotonic() + _IDLE_SECONDS
    try:
        while not stop.is_set():
            if app.crashed or app.should_stop:
                raise Unavailable("monitor-crashed", type(app.crash_reason).__name__)
            if starting.done() and app.rebalancing_count and not app.rebalancing:
                starting.result()
                watching.beat()
                until = time.monotonic() + _IDLE_SECONDS
            elif time.monotonic() > until:  # what its client may not do, it tries for ever, and tells nobody
                raise Unavailable("monitor-idle", "deployment.kafka")
            await asyncio.sleep(_TURN)
    finally:
        starting.cancel()
        await app.stop()


async def _count(cluster: Cluster, count: Callable[..., None], table: Any, stream: Any) -> None:
    async for event in stream.events():
        count(_record(cluster, event.message), table)


async def _look(cluster: Cluster, look: Callable[[Record], None], stream: Any) -> None:
    async for event in stream.events():
        record = _record(cluster, event.message)
        while True:
            try:
                await asyncio.to_thread(look, record)
                break
            except Unavailable:
                await asyncio.sleep(_AGAIN)


async def _tick(tick: Callable[[Mapping[str, int]], None], table: Any) -> None:
    tick(dict(table.items()))


def _record(cluster: Cluster, message: Any) -> Record:
    """Offsets of records begin at 1, as on our bus."""
    headers = {
        str(name): bytes(value).decode("utf-8", "replace") for name, value in dict(message.headers or ()).items()
    }
    key = (message.key or b"").decode("utf-8", "replace")
    topic, at = cluster.own(message.topic), float(message.timestamp or 0.0)
    return Record(topic, message.partition, message.offset + 1, key, message.value or b"", headers, at)


class _CommittedThread(AIOKafkaConsumerThread):
    """Reads what was committed. Faust does so only in its exactly-once mode, and offers no setting."""

    def _create_worker_consumer(self, transport: Any) -> Any:
        made = super()._create_worker_consumer(transport)
        made._isolation_level = "read_committed"
        return made


class _CommittedConsumer(Consumer):
    def _new_consumer_thread(self) -> Any:
        return _CommittedThread(self, loop=self.loop, beacon=self.beacon)


class _CommittedTransport(Transport):
    Consumer = _CommittedConsumer


_SILENT = logging.getLogger("faust")
_SILENT.setLevel(logging.ERROR)
