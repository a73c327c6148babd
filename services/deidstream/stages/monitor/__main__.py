"""``python -m deidstream.stages.monitor``: the monitor as a process, beside those of ``deidstream up``."""

from __future__ import annotations

import logging
import os
import sys
import threading
from pathlib import Path

from deidstream.adapters.opening import KAFKA
from deidstream.core.errors import DeidstreamError, Misconfigured
from deidstream.stages.keyring import ring_of
from deidstream.stages.monitor.canaries import read_canaries
from deidstream.stages.monitor.config import MonitorSettings
from deidstream.stages.monitor.drift import read_baseline
from deidstream.stages.monitor.service import Monitor, Sight
from deidstream.stages.process import CONFIG, open_bucket
from deidstream.stream import log
from deidstream.stream.chain import CRASHED, SystemClock, exit_code, stop_on_signals
from deidstream.stream.claims import Claims
from deidstream.stream.deployment import Deployment
from deidstream.stream.health import HealthServer, Pulse
from deidstream.stream.meters import Meters, resource_of
from deidstream.stream.settings import Settings
from deidstream.stream.stages import AUDIT, KEY_PURPOSES, RELEASES

__all__ = ["baseline_of", "serve"]

NAME = "monitor"
GROUP = "deidstream.monitor"


def serve(settings: Settings, stop: threading.Event) -> int:
    """Watches until ``stop`` is set; returns an exit code."""
    log.guard(NAME)
    log.emit("chain.started", stages=NAME)
    try:
        _watch(settings, stop)
    except DeidstreamError as error:
        log.emit("chain.stopped", logging.ERROR, code=error.code, place=error.place, hint=error.hint)
        return exit_code(error)
    except Exception as error:  # noqa: BLE001 - what it says may be content: it must not reach a traceback
        site, kind = log.crash_site(error), type(error).__name__
        log.emit("chain.stopped", logging.CRITICAL, code="crashed", place=site, hint=kind)
        return CRASHED
    log.emit("chain.drained")
    return 0


def baseline_of(deployment: Deployment, settings: MonitorSettings) -> Path:
    """Where the baseline lies."""
    return settings.baseline or deployment.state / NAME / "baseline.json"


def _watch(settings: Settings, stop: threading.Event) -> None:
    deployment, wanted = Deployment.of(settings), settings.section(NAME, MonitorSettings)
    if not deployment.bus.startswith(KAFKA):
        raise Misconfigured("bus-url", "deployment.bus", "the monitor watches Kafka; without it, ask: deidstream audit")
    stream = _stream(deployment)
    meters, pulse = Meters(resource_of(NAME)), Pulse()
    sight = _sight(deployment, wanted)
    monitor = Monitor(wanted, read_baseline(baseline_of(deployment, wanted)), sight, meters, SystemClock())
    pages = HealthServer(pulse, meters, wanted.health.host, wanted.health.port)
    try:
        stream(monitor, pulse, sight is not None, stop)
    finally:
        pages.close()
        meters.close()


def _stream(deployment: Deployment):  # type: ignore[no-untyped-def]  # what faust is not, its caller cannot be
    try:
        from deidstream.adapters.faust_stream import FaustStream, Watching
    except ImportError:
        raise Misconfigured("no-faust", NAME, "install the extra: pip install 'deidstream[monitor]'") from None
    from deidstream.adapters.kafka_client import Cluster

    cluster = Cluster.at(deployment.bus.removeprefix(KAFKA), deployment.kafka.client())
    stream = FaustStream(cluster, GROUP, deployment.state / NAME / "faust")

    def run(monitor: Monitor, pulse: Pulse, looks: bool, stop: threading.Event) -> None:
        looked = {RELEASES: monitor.look} if looks else {}
        stream.run(Watching({AUDIT: monitor.count}, looked, monitor.tick, pulse.beat), stop)

    return run


def _sight(deployment: Deployment, settings: MonitorSettings) -> Sight | None:
    """Of the keys it gets that of releases, which it neither makes nor renews; without canaries it gets none."""
    if settings.canaries is None:
        return None
    keys = ring_of(deployment, KEY_PURPOSES[NAME], stay=True)
    store = open_bucket(deployment.artifacts, deployment.artifacts_access) if deployment.artifacts else None
    return Sight(read_canaries(settings.canaries), keys, Claims(store))


if __name__ == "__main__":
    named = os.environ.get(CONFIG)
    sys.exit(serve(Settings.load(Path(named) if named else None, os.environ), stop_on_signals()))
