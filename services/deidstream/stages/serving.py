"""What ingest and delivery have in common: a process that serves the outside world instead of one inbox."""

from __future__ import annotations

import logging
from collections.abc import Callable

from deidstream.adapters.opening import open_bus
from deidstream.core.errors import DeidstreamError
from deidstream.ports import BusFactory
from deidstream.stages.process import Process
from deidstream.stream import log
from deidstream.stream.audit import AuditChain
from deidstream.stream.chain import exit_code
from deidstream.stream.collector import settle
from deidstream.stream.health import HealthServer, Pulse
from deidstream.stream.runner import DRAINED

__all__ = ["Served", "serving"]


class Served:
    """What such a process works with. ``pages``: where its health is shown, if it is."""

    def __init__(self, process: Process, pages: tuple[str, int] | None) -> None:
        self.process = process
        self.telemetry = process.telemetry
        self.bus: BusFactory = open_bus(process.deployment.bus_url, process.deployment.kafka.client())
        self._pages = pages
        self._health: HealthServer | None = None

    def audit(self, chain: str) -> AuditChain:
        """The audit chain of this name, going on where it ended."""
        return AuditChain(chain, self.process.keys, self.bus)

    def show(self, pulse: Pulse) -> None:
        """Opens the health pages. Raises Misconfigured when their port is taken."""
        if self._pages is not None:
            self._health = HealthServer(pulse, self.telemetry, *self._pages)

    def close(self) -> None:
        """Closes the pages."""
        if self._health is not None:
            self._health.close()


def serving(name: str, process: Process, work: Callable[[Served], None], shown: bool = True) -> int:
    """Runs ``work`` as the instance ``name``; returns an exit code. ``shown``: with health pages; without, because the process has
    others."""
    served = Served(process, process.pages if shown else None)
    log.emit("chain.started", instance=name, stages=name.partition(".")[0])
    settle()
    try:
        work(served)
    except DeidstreamError as error:
        log.emit("chain.stopped", logging.ERROR, code=error.code, place=error.place, hint=error.hint)
        return exit_code(error)
    finally:
        served.close()
    log.emit("chain.drained", instance=name)
    return DRAINED
