"""``python -m deidstream.stages.delivery``: this stage as a process of its own."""

from __future__ import annotations

import ssl
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from deidstream.adapters.bucket_destination import BucketDestination
from deidstream.adapters.fhir_client import FhirAddress
from deidstream.adapters.fhir_destination import FhirDestination
from deidstream.adapters.folder_destination import FolderDestination
from deidstream.adapters.mllp_client import MllpAddress
from deidstream.adapters.mllp_destination import MllpDestination
from deidstream.adapters.opening import open_locks
from deidstream.adapters.sql_hold import SqlHold
from deidstream.adapters.sql_ledger import SqlDeliveryLedger, ledger_engine
from deidstream.adapters.tls import client_context, server_context
from deidstream.adapters.topic_destination import TopicDestination
from deidstream.ports import BusFactory, Destination
from deidstream.stages.delivery.config import (
    BucketDestinationSettings,
    ClientTls,
    CommitmentSettings,
    DeliverySettings,
    DestinationSettings,
    DicomDestinationSettings,
    FhirDestinationSettings,
    FolderDestinationSettings,
    KafkaDestinationSettings,
    MllpDestinationSettings,
    StowDestinationSettings,
)
from deidstream.stages.delivery.refused_reports import RefusedReports
from deidstream.stages.delivery.workers import Workers, Workplace
from deidstream.stages.process import Process, open_bucket
from deidstream.stages.serving import Served, serving
from deidstream.stream.chain import stop_on_signals
from deidstream.stream.instances import Instance
from deidstream.stream.shares import Shares

if TYPE_CHECKING:  # only who sends there loads it
    from deidstream.adapters.dicom_client import DicomAddress

__all__ = ["open_destination", "serve"]


def serve(process: Process, stop: threading.Event, shown: bool = True) -> int:
    """Delivers until ``stop`` is set; returns an exit code."""
    return serving(process.instance.named(("delivery",)), process, lambda served: _deliver(served, stop), shown)


def open_destination(settings: DestinationSettings, bus: BusFactory) -> Destination:
    """The destination that ``settings`` describe."""
    if isinstance(settings, FolderDestinationSettings):
        return FolderDestination(settings.path, settings.ndjson)
    if isinstance(settings, MllpDestinationSettings):
        tls = _tls(settings.tls)
        address = MllpAddress(settings.host, settings.port, tls, settings.connect_seconds, settings.answer_seconds)
        return MllpDestination(address)
    if isinstance(settings, FhirDestinationSettings):
        token = settings.token.get_secret_value() if settings.token else ""
        return FhirDestination(FhirAddress(settings.url, token, _tls(settings.tls), settings.answer_seconds))
    if isinstance(settings, DicomDestinationSettings):
        return _dicom(settings)
    if isinstance(settings, StowDestinationSettings):
        return _stow(settings)
    if isinstance(settings, KafkaDestinationSettings):
        return _kafka(settings)
    if isinstance(settings, BucketDestinationSettings):
        return BucketDestination(open_bucket(settings.url, settings.access))
    name = f"delivery.{settings.name}.out"
    return TopicDestination(bus.open(name, (), name), settings.topic)


def _deliver(served: Served, stop: threading.Event) -> None:
    process = served.process
    deployment = process.deployment
    engine = ledger_engine(deployment.database_url("ledger"))
    place = Workplace(
        served.bus,
        process.keys,
        process.observed(SqlHold(deployment.database_url("hold")), "hold"),
        process.clock,
        served.telemetry,
        lambda name: process.observed(SqlDeliveryLedger(engine, name), "ledger"),
        served.audit,
        lambda settings: open_destination(settings, served.bus),
        process.claims,
    )
    shares = Shares(open_locks(deployment.database, deployment.state), "delivery", process.instance.replica)
    workers = Workers(process.settings.section("delivery", DeliverySettings).destinations, place, shares)
    served.show(workers.pulse)
    workers.run(stop)


def _kafka(settings: KafkaDestinationSettings) -> Destination:
    # Only who writes there loads it: librdkafka takes 10 MB.
    from deidstream.adapters.kafka_client import Cluster
    from deidstream.adapters.kafka_destination import KafkaDestination

    return KafkaDestination(Cluster(settings.servers, "", settings.security.client()), settings.topic)


def _dicom(settings: DicomDestinationSettings) -> Destination:
    # Only who sends there loads it: the data dictionary takes memory.
    from deidstream.adapters.dicom_client import DicomAddress
    from deidstream.adapters.dicom_destination import DicomDestination

    address = DicomAddress(
        settings.host,
        settings.port,
        settings.called_ae,
        settings.calling_ae,
        _tls(settings.tls),
        settings.connect_seconds,
        settings.answer_seconds,
    )
    if settings.commitment is None:
        return DicomDestination(address)
    from deidstream.adapters.dicom_commitments import CommittedDestination, Reports

    refused = RefusedReports(settings.name)
    reports = Reports(refused)
    listening = _reports(settings.commitment, address, reports.take, refused)
    waits = settings.ordered or settings.rejoin  # what comes behind waits for its turn anyway
    return CommittedDestination(address, reports, settings.commitment.seconds, listening, waits=waits)


def _reports(
    settings: CommitmentSettings,
    address: DicomAddress,
    told: Callable[[bytes, str], int],
    refused: Callable[[str], None],
) -> Callable[[], None]:
    """Listens for them where the receiver makes them; gives what ends that."""
    if settings.port is None:
        return lambda: None
    from deidstream.adapters.dicom_reports import ReportListener, Where

    tls = settings.tls
    context = server_context(tls.certificate, tls.key, tls.client_ca, tls.client_ca is not None) if tls else None
    where = Where(settings.host, settings.port, address.calling, address.called, context)
    return ReportListener(where, told, refused).close


def _stow(settings: StowDestinationSettings) -> Destination:
    from deidstream.adapters.stow_destination import StowAddress, StowDestination

    token = settings.token.get_secret_value() if settings.token else ""
    return StowDestination(StowAddress(settings.url, token, _tls(settings.tls), settings.answer_seconds))


def _tls(settings: ClientTls | None) -> ssl.SSLContext | None:
    return client_context(settings.ca, settings.certificate, settings.key) if settings else None


if __name__ == "__main__":
    sys.exit(serve(Process.open(None, Instance(("delivery",))), stop_on_signals()))
