"""A chain: some stages in one process. Joins the bus, runs the loop, leaves."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from deidstream.core.errors import DeidstreamError, Misconfigured, Unavailable
from deidstream.ports import BusFactory, CaseArchive, Clock, HoldShelf, KeyRing
from deidstream.stream import log
from deidstream.stream.attempts import Attempts
from deidstream.stream.audit import AuditChain
from deidstream.stream.claims import Claims
from deidstream.stream.collector import settle
from deidstream.stream.health import HealthServer, Pulse
from deidstream.stream.pace import Pace
from deidstream.stream.runner import Runner, Stage, Surroundings
from deidstream.stream.stages import GROUP, STAGES, inbox
from deidstream.stream.telemetry import Silent, Telemetry

__all__ = ["CRASHED", "FAILED", "ChainOptions", "StageSpec", "SystemClock", "exit_code", "run_chain", "stop_on_signals"]

FAILED = 2
"""Exit code when the deployment is wrong (``chain.stopped`` says how)."""
CRASHED = 3
"""Exit code after an error that nobody expected; starting again is right."""


@dataclass(frozen=True, slots=True)
class StageSpec:
    """A stage by its name (of ``stages.STAGES``), ready to run."""

    name: str
    stage: Stage


@dataclass(frozen=True, slots=True)
class ChainOptions:
    """``instance`` names this process: stable over restarts, unique among those that run. ``state`` is its folder for notes.

    ``health``: host and port of the health pages; None: no pages; port 0: a free one.
    """

    instance: str
    state: Path
    health: tuple[str, int] | None = None
    pace: Pace = field(default_factory=Pace)
    group: str = GROUP


class SystemClock:
    """The clock of the machine."""

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        return time.time()


def run_chain(
    stages: Sequence[StageSpec],
    bus: BusFactory,
    keys: KeyRing,
    shelf: HoldShelf,
    options: ChainOptions,
    *,
    stop: threading.Event | None = None,
    telemetry: Telemetry | None = None,
    clock: Clock | None = None,
    claims: Claims | None = None,
    archive: CaseArchive | None = None,
    pulse: Pulse | None = None,
) -> int:
    """Runs until ``stop`` is set (without one: until SIGTERM or SIGINT); the batch in work is finished and committed.

    Returns an exit code: 0 drained, 2 misconfigured, 3 crashed or fenced, 4 too many cases in quarantine.
    """
    stop, pulse = stop or stop_on_signals(), pulse or Pulse()
    try:
        ordered = _ordered(stages)
        log.emit("chain.started", instance=options.instance, stages=",".join(ordered))
        with _surroundings(
            list(ordered), bus, keys, shelf, options, telemetry or Silent(), clock, claims, pulse
        ) as around:
            runner = Runner(ordered, replace(around, archive=archive))
            around.telemetry.watch_lag(options.group, lambda: runner.lag)
            around.telemetry.watch_holds(lambda: runner.holds.latest)
            settle()
            code = runner.run(stop)
            log.emit("chain.drained", instance=options.instance, cases=runner.cases)
            return code
    except DeidstreamError as error:
        log.emit("chain.stopped", logging.ERROR, code=error.code, place=error.place, hint=error.hint)
        return exit_code(error)
    except Exception as error:  # noqa: BLE001 - what it says may be content: it must not reach a traceback
        site = log.crash_site(error)
        log.emit("chain.stopped", logging.CRITICAL, code="crashed", place=site, hint=type(error).__name__)
        return CRASHED


def exit_code(error: DeidstreamError) -> int:
    """Of a process that ``error`` ended. What is only away (at the start, say) is worth another try; what is wrong is not.

    Who was fenced tries again too: a broker that was away long looks to its client like a twin that took over.
    """
    return CRASHED if isinstance(error, Unavailable) or error.code == "fenced" else FAILED


def stop_on_signals() -> threading.Event:
    """An event that SIGTERM and SIGINT set. Only from the main thread."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _ordered(stages: Sequence[StageSpec]) -> dict[str, Stage]:
    names = [one.name for one in stages]
    if unknown := sorted(set(names) - set(STAGES)):
        raise Misconfigured("no-such-stage", unknown[0], f"there are {', '.join(STAGES)}")
    if not names or len(set(names)) < len(names):
        raise Misconfigured("chain-stages", ",".join(names), "a chain has at least one stage, and each only once")
    return {one.name: one.stage for one in sorted(stages, key=lambda one: STAGES.index(one.name))}


@contextmanager
def _surroundings(
    names: Sequence[str],
    factory: BusFactory,
    keys: KeyRing,
    shelf: HoldShelf,
    options: ChainOptions,
    telemetry: Telemetry,
    clock: Clock | None,
    claims: Claims | None,
    pulse: Pulse,
) -> Iterator[Surroundings]:
    bus, attempts, health = None, None, None
    try:
        if options.health is not None:
            health = HealthServer(pulse, telemetry, *options.health)
        attempts = Attempts(options.state / "attempts" / f"{options.instance}.json")
        bus = factory.open(options.group, [inbox(name) for name in names], options.instance)
        audit = AuditChain(options.instance, keys, factory)
        clock, claims = clock or SystemClock(), claims or Claims()
        yield Surroundings(bus, keys, shelf, audit, attempts, clock, telemetry, pulse, options.pace, claims)
    except OSError as error:
        raise Misconfigured("state-folder", options.instance, f"cannot write there (errno {error.errno})") from None
    finally:
        if health is not None:
            health.close()
        if attempts is not None:
            attempts.close()
        if bus is not None:
            with suppress(Unavailable):  # the others notice that this process is gone
                bus.close()
