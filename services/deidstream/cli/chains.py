"""Which code runs which stage, and how one chain of them runs in this process.

    python -m deidstream.cli.chains --config deidstream.yaml --chain identify+fields --replica 1 --number 1 --parent 4711

is what ``deidstream up`` starts for each chain: without the command line's libraries, which a chain would carry for nothing.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import cast

from deidstream.adapters.core_dumps import forbid
from deidstream.cli.claim import claim
from deidstream.core.errors import DeidstreamError, Misconfigured
from deidstream.stages.process import Build, Process, run
from deidstream.stream import log
from deidstream.stream.chain import exit_code, stop_on_signals
from deidstream.stream.instances import Instance
from deidstream.stream.stages import STAGES

__all__ = ["parse", "run_here"]

_SERVED = ("ingest", "delivery")
"""Stages with a loop of their own: they wait for the outside world, not for an inbox alone."""
_LOOK_FOR_PARENT = 0.5

Serve = Callable[[Process, threading.Event, bool], int]


def parse(chain: str) -> tuple[str, ...]:
    """``identify+fields`` as names of stages. Raises Misconfigured for a name that is none."""
    names = tuple(chain.split("+"))
    if unknown := [name for name in names if name not in STAGES]:
        raise Misconfigured("no-such-stage", "--chain", f"{', '.join(unknown)}; there are {', '.join(STAGES)}")
    return names


def run_here(config: Path, instance: Instance, parent: int = 0) -> int:
    """Runs ``instance`` in this process until it is told to stop, or ``parent`` is gone; returns its exit code.

    ingest and delivery have threads of their own beside the loop of the others.
    """
    log.guard(instance.name)
    stop = stop_on_signals()
    if parent:
        threading.Thread(target=_stop_without, args=(parent, stop), daemon=True).start()
    process = Process.open(config, instance)
    # A predecessor that outlived its supervisor is draining; it holds ports and inboxes until it is done.
    with claim(process.deployment.state, instance.name, stop) as ours:
        try:
            return _run(process, stop) if ours else 0
        finally:
            process.telemetry.close()


def _run(process: Process, stop: threading.Event) -> int:
    chain = process.instance.chain
    served = [name for name in chain if name in _SERVED]
    looped = {name: cast(Build, _main_of(name).build) for name in chain if name not in _SERVED}
    if not looped and len(served) == 1:
        return cast(Serve, _main_of(served[0]).serve)(process, stop, True)
    codes: list[int] = []
    # One process has one set of health pages: those of its loop, where it has one.
    threads = [
        threading.Thread(target=_serve, args=(name, process, stop, not looped and not place, codes))
        for place, name in enumerate(served)
    ]
    for thread in threads:
        thread.start()
    code = run(looped, process, stop) if looped else 0
    stop.set()
    for thread in threads:
        thread.join()
    return max(code, *codes, 0)


def _serve(name: str, process: Process, stop: threading.Event, shown: bool, codes: list[int]) -> None:
    """Whichever part of the process ends, all of it ends: half a chain is worse than none."""
    try:
        codes.append(cast(Serve, _main_of(name).serve)(process, stop, shown))
    finally:
        stop.set()


def _main_of(stage: str):  # type: ignore[no-untyped-def]  # a module; only the stages named are loaded
    return import_module(f"deidstream.stages.{stage}.__main__")


def _stop_without(parent: int, stop: threading.Event) -> None:
    """A chain whose supervisor was killed drains and ends, so that the next supervisor finds no strays."""
    while not stop.wait(_LOOK_FOR_PARENT):
        if os.getppid() != parent:
            stop.set()


def main() -> int:
    """One chain in this process, as the supervisor asks for it; returns the exit code."""
    parser = argparse.ArgumentParser(prog="deidstream.cli.chains", description="One chain of a deployment.")
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--chain", required=True)
    parser.add_argument("--replica", type=int, default=1)
    parser.add_argument("--number", type=int, default=0)
    parser.add_argument("--count", type=int, default=1)
    parser.add_argument("--parent", type=int, default=0)
    given = parser.parse_args()
    forbid()
    try:
        instance = Instance(parse(given.chain), given.replica, given.number, given.count)
        return run_here(given.config, instance, given.parent)
    except DeidstreamError as error:
        sys.stderr.write(f"deidstream: {error}\n")
        return exit_code(error)


if __name__ == "__main__":
    sys.exit(main())
