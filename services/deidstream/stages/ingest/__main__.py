"""``python -m deidstream.stages.ingest``: this stage as a process of its own."""

from __future__ import annotations

import ssl
import sys
import threading
from collections.abc import Callable

from deidstream.adapters.opening import KAFKA
from deidstream.adapters.sqlite_ledger import open_acceptance
from deidstream.adapters.tls import server_context
from deidstream.core.errors import Misconfigured
from deidstream.ports import ArtifactStore, Feed
from deidstream.stages.ingest.config import BucketSource, IngestSettings, ServerTls, TopicSource
from deidstream.stages.ingest.listeners import Door, Ports, run_ingest
from deidstream.stages.ingest.service import Admission
from deidstream.stages.process import Process, open_bucket
from deidstream.stages.serving import Served, serving
from deidstream.stream.chain import stop_on_signals
from deidstream.stream.deployment import Deployment
from deidstream.stream.doubts import settle_doubts
from deidstream.stream.health import Pulse
from deidstream.stream.instances import Instance
from deidstream.stream.intake import GroupCommit, IntakeOptions

__all__ = ["serve"]


def serve(
    process: Process, stop: threading.Event, shown: bool = True, ready: Callable[[Ports], None] = lambda _: None
) -> int:
    """Listens until ``stop`` is set; returns an exit code. ``ready`` is told the ports once all are bound."""
    return serving("ingest", process, lambda served: _listen(served, stop, ready), shown)


def _listen(served: Served, stop: threading.Event, ready: Callable[[Ports], None]) -> None:
    process = served.process
    settings = process.settings.section("ingest", IngestSettings)
    ledger = process.observed(open_acceptance(process.deployment.database_url("acceptance"), "ingest"), "acceptance")
    bus = served.bus.open("ingest", (), "ingest")
    settle_doubts(ledger, served.bus.scan, process.clock.now())
    options = IntakeOptions(
        remember_seconds=settings.remember_days * 86_400,
        raw=settings.raw_log,
        audit=served.audit("ingest"),
        telemetry=served.telemetry,
        claims=process.claims,
    )
    intake = GroupCommit(bus, ledger, process.keys, process.clock, options)
    pulse = Pulse()
    served.show(pulse)
    intake.start()
    try:
        door = Door(
            Admission(process.keys, process.clock),
            intake,
            process.clock,
            _bucket,
            lambda topic: _feed(topic, process.deployment),
        )
        run_ingest(settings, door, _tls, stop, pulse, ready)
    finally:
        intake.close()
        bus.close()


def _bucket(settings: BucketSource) -> ArtifactStore:
    return open_bucket(settings.url, settings.access)


def _tls(settings: ServerTls) -> ssl.SSLContext:
    return server_context(settings.certificate, settings.key, settings.client_ca, settings.client_required)


def _feed(settings: TopicSource, deployment: Deployment) -> Feed:
    # Only who reads topics loads it: librdkafka takes 10 MB.
    from deidstream.adapters.kafka_client import Cluster
    from deidstream.adapters.kafka_feed import FeedAddress, KafkaFeed

    if settings.servers:
        cluster = Cluster(settings.servers, "", settings.security.client())
    elif deployment.bus_url.startswith(KAFKA):
        cluster = Cluster.at(deployment.bus_url.removeprefix(KAFKA), deployment.kafka.client())
    else:
        raise Misconfigured("no-cluster", settings.name, "give the servers of the topic: the bus is not on Kafka")
    name = f"deidstream.ingest.{settings.name}"
    group = settings.group or cluster.named(name)
    return KafkaFeed(FeedAddress(cluster, settings.topic, group, cluster.named(name), settings.start == "earliest"))


if __name__ == "__main__":
    sys.exit(serve(Process.open(None, Instance(("ingest",))), stop_on_signals()))
