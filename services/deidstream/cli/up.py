"""``deidstream up``: starts the chains, keeps them running, and stops them together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from deidstream.cli.chains import parse, run_here
from deidstream.core.errors import Misconfigured
from deidstream.stages.process import Process
from deidstream.stream.chain import stop_on_signals
from deidstream.stream.instances import Instance, instances

__all__ = ["Supervisor", "up"]

_BUS = "DEIDSTREAM_DEPLOYMENT__BUS"
_FINAL = (2, 4)
"""Exit codes after which starting again does not help: misconfigured, too much in quarantine."""
_TURN = 0.05
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 10.0
_WELL_AFTER = 5.0
_PATIENCE = 30.0


def up(
    config: Annotated[Path, typer.Option(help="The configuration file.")] = Path("deidstream.yaml"),
    chain: Annotated[
        list[str] | None, typer.Option(help="Stages that share a process, joined by +; again for another process.")
    ] = None,
    replicas: Annotated[
        list[str] | None, typer.Option(help="STAGE=COUNT: as many processes share the chain of that stage.")
    ] = None,
    bus: Annotated[str, typer.Option(help="Instead of deployment.bus: kafka://HOST:PORT[,HOST:PORT][/PREFIX].")] = "",
    here: Annotated[bool, typer.Option(help="Run the one chain in this process; nobody restarts it.")] = False,
) -> None:
    """Run the pipeline until it is told to stop (SIGTERM, Ctrl-C): one process for each chain, restarted when it dies.

    \b
    Exit code 0: drained and stopped. 2: misconfigured. 4: too much went
    to quarantine.

    \b
    Examples:
      deidstream up --config deidstream.yaml
      deidstream up --chain ingest --chain identify+fields+text+resolver+writer+delivery
      deidstream up --bus kafka://kafka-1:9092,kafka-2:9092 --replicas ingest=2 --replicas text=4
      deidstream up --chain delivery --here
    """
    if bus:  # for this process and those that it starts
        os.environ[_BUS] = bus
    chains = tuple(parse(one) for one in chain or ())
    if here and len(chains) == 1:
        raise typer.Exit(run_here(config, Instance(chains[0])))
    raise typer.Exit(Supervisor(config, _instances(config, chains, replicas or ())).run())


def _instances(config: Path, chains: Sequence[tuple[str, ...]], replicas: Sequence[str]) -> tuple[Instance, ...]:
    """Those of the configuration, where the command line says nothing else."""
    deployment = Process.open(config, Instance(())).deployment
    counts = dict(deployment.replicas if not chains else {}) | dict(map(_count, replicas))
    try:
        return instances(chains or deployment.chains, counts)
    except ValueError as error:
        raise Misconfigured("no-such-processes", "--chain, --replicas", str(error)) from None


def _count(given: str) -> tuple[str, int]:
    stage, separator, count = given.partition("=")
    if not (separator and count.isdecimal()):
        raise Misconfigured("no-such-processes", "--replicas", "give STAGE=COUNT, for example text=2")
    return stage, int(count)


@dataclass(slots=True)
class _Child:
    """One process, and when it may be started again."""

    instance: Instance
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    pause: float = _FIRST_PAUSE
    due: float = 0.0


@dataclass(slots=True)
class Supervisor:
    """Keeps one process for each instance running."""

    config: Path
    instances: tuple[Instance, ...]
    _children: list[_Child] = field(default_factory=list)

    def run(self) -> int:
        """Until told to stop, or a chain ends in a way that starting again does not mend; returns the exit code."""
        stop = stop_on_signals()
        self._children = [_Child(instance) for instance in self.instances]
        code = 0
        while not stop.is_set() and not code:
            code = max(self._look(child) for child in self._children)
            stop.wait(_TURN)
        self._stop()
        return code

    def _look(self, child: _Child) -> int:
        """Starts the child when it is due; returns a final exit code, else 0."""
        now = time.monotonic()
        if child.process is None:
            if now >= child.due:
                child.process, child.started = self._spawn(child), now
            return 0
        code = child.process.poll()
        if code is None:
            return 0
        if code in _FINAL:
            Console(stderr=True).print(f"deidstream: {child.instance.name} ended with {code}; stopping all")
            return code
        child.process = None
        child.pause = _FIRST_PAUSE if now - child.started > _WELL_AFTER else min(_LONGEST_PAUSE, 2 * child.pause)
        child.due = now + child.pause
        return 0

    def _spawn(self, child: _Child) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "deidstream.cli.chains", "--config", str(self.config)]
        one = child.instance
        command += ["--chain", "+".join(one.chain), "--replica", str(one.replica), "--number", str(one.number)]
        command += ["--count", str(one.count), "--parent", str(os.getpid())]
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)

    def _stop(self) -> None:
        running = [child.process for child in self._children if child.process is not None]
        for process in running:
            process.send_signal(signal.SIGTERM)
        until = time.monotonic() + _PATIENCE
        for process in running:
            try:
                process.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
