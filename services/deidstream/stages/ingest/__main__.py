"""``python -m deidstream.stages.ingest``: this stage as a process of its own."""

from __future__ import annotations

import ssl
import sys
import threading
from collections.abc import Callable

from deidstream.adapters.opening import KAFKA
from deidstream.adapters.sqlite_ledger import open_acceptance
from deidstream.adapters.tls import client_context, server_context
from deidstream.core.errors import Misconfigured, Unavailable
from deidstream.ports import ArtifactStore, Feed
from deidstream.stages.ingest.config import BucketSource, DicomPeer, IngestSettings, ServerTls, TopicSource
from deidstream.stages.ingest.listeners import Door, Ports, run_ingest
from deidstream.stages.ingest.service import Admission
from deidstream.stages.process import Process, open_bucket
from deidstream.stages.serving import Served, serving
from deidstream.stream.chain import stop_on_signals
from deidstream.stream.deployment import Deployment
from deidstream.stream.doubts import Heir, settle_doubts
from deidstream.stream.health import Pulse
from deidstream.stream.instances import Instance
from deidstream.stream.intake import GroupCommit, IntakeOptions

__all__ = ["serve"]

_GROUP = "ingest"


def serve(
    process: Process, stop: threading.Event, shown: bool = True, ready: Callable[[Ports], None] = lambda _: None
) -> int:
    """Listens until ``stop`` is set; returns an exit code. ``ready`` is told the ports once all are bound."""
    name = process.instance.named(("ingest",))
    return serving(name, process, lambda served: _listen(name, served, stop, ready), shown)


def _listen(name: str, served: Served, stop: threading.Event, ready: Callable[[Ports], None]) -> None:
    process = served.process
    settings = process.settings.section("ingest", IngestSettings)
    ledger = process.observed(open_acceptance(process.deployment.database_url("acceptance"), name), "acceptance")
    bus = served.bus.open(_GROUP, (), name)
    settle_doubts(ledger, served.bus.scan, process.clock.now())
    options = IntakeOptions(
        remember_seconds=settings.remember_days * 86_400,
        raw=settings.raw_log,
        audit=served.audit(name),
        telemetry=served.telemetry,
        claims=process.claims,
    )
    intake = GroupCommit(bus, ledger, process.keys, process.clock, options)
    heir = Heir(ledger, served.bus.scan, lambda owner: served.bus.open(_GROUP, (), owner).close())
    pulse = Pulse()
    served.show(pulse)
    intake.start()
    heir.start()
    try:
        run_ingest(settings, _door(name, process, intake), _tls, stop, pulse, ready)
    finally:
        heir.close()
        intake.close()
        bus.close()


def _door(name: str, process: Process, intake: GroupCommit) -> Door:
    return Door(
        Admission(process.keys, process.clock),
        intake,
        process.clock,
        _bucket,
        lambda topic: _feed(topic, name, process.deployment),
        process.shares,
        lambda _: process.instance.replica == 1,
        _report,
    )


def _bucket(settings: BucketSource) -> ArtifactStore:
    return open_bucket(settings.url, settings.access)


def _tls(settings: ServerTls) -> ssl.SSLContext:
    return server_context(settings.certificate, settings.key, settings.client_ca, settings.client_required)


def _report(peer: DicomPeer, title: str, kind: int, information: bytes) -> None:
    from deidstream.adapters.dicom_client import DicomAddress, DicomClient

    host, _, port = peer.report_to.rpartition(":")
    trust = peer.report_tls
    tls = client_context(trust.ca, trust.certificate, trust.key) if trust else None
    client = DicomClient(DicomAddress(host.strip("[]"), int(port), peer.ae_title, title, tls))
    try:
        status = client.report(kind, information)
    finally:
        client.close()
    if status:
        raise Unavailable(f"status-{status & 0xFFFF:04x}", peer.ae_title)


def _feed(settings: TopicSource, instance: str, deployment: Deployment) -> Feed:
    # Only who reads topics loads it: librdkafka takes 10 MB.
    from deidstream.adapters.kafka_client import Cluster
    from deidstream.adapters.kafka_feed import FeedAddress, KafkaFeed

    if settings.servers:
        cluster = Cluster(settings.servers, "", settings.security.client())
    elif deployment.bus_url.startswith(KAFKA):
        cluster = Cluster.at(deployment.bus_url.removeprefix(KAFKA), deployment.kafka.client())
    else:
        raise Misconfigured("no-cluster", settings.name, "give the servers of the topic: the bus is not on Kafka")
    # All replicas are one group, between which the cluster divides the partitions.
    group = settings.group or cluster.named(f"deidstream.{_GROUP}.{settings.name}")
    member = cluster.named(f"deidstream.{instance}.{settings.name}")
    return KafkaFeed(FeedAddress(cluster, settings.topic, group, member, settings.start == "earliest"))


if __name__ == "__main__":
    sys.exit(serve(Process.open(None, Instance(("ingest",))), stop_on_signals()))
