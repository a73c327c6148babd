"""``python -m deidstream.stages.ingest``: this stage as a process of its own."""

from __future__ import annotations

import ssl
import sys
import threading
from collections.abc import Callable

from deidstream.adapters.sqlite_ledger import open_acceptance
from deidstream.adapters.tls import server_context
from deidstream.ports import ArtifactStore
from deidstream.stages.ingest.config import BucketSource, IngestSettings, ServerTls
from deidstream.stages.ingest.listeners import Door, Ports, run_ingest
from deidstream.stages.ingest.service import Admission
from deidstream.stages.process import Process, open_bucket
from deidstream.stages.serving import Served, serving
from deidstream.stream.chain import stop_on_signals
from deidstream.stream.health import Pulse
from deidstream.stream.instances import Instance
from deidstream.stream.intake import GroupCommit, IntakeOptions, settle_doubts

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
        door = Door(Admission(process.keys, process.clock), intake, process.clock, _bucket)
        run_ingest(settings, door, _tls, stop, pulse, ready)
    finally:
        intake.close()
        bus.close()


def _bucket(settings: BucketSource) -> ArtifactStore:
    return open_bucket(settings.url, settings.access)


def _tls(settings: ServerTls) -> ssl.SSLContext:
    return server_context(settings.certificate, settings.key, settings.client_ca, settings.client_required)


if __name__ == "__main__":
    sys.exit(serve(Process.open(None, Instance(("ingest",))), stop_on_signals()))
