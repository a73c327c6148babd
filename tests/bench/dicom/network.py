"""DICOM instances a second over the network: C-STORE in, through a deployment, C-STORE out; beside pynetdicom's own provider.

    python -m tests.bench.dicom.network [--instances 600] [--associations 4]

One machine, everything on it: the sender, the deployment with its default chains, the receiver. Prints a table, then all figures in
one line; exits 1 where they fall short.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from deidstream.adapters.dicom_client import DicomAddress, DicomClient
from deidstream.cli.demo.ports import free_row
from deidstream.formats.dicom.part10 import Instance

from tests.bench.figure import Figure, summary, table
from tests.e2e.test_dicom import copy, keeping
from tests.harness.deployment import Running, deployment, resident_bytes

_KINDS = ("CT_small.dcm", "MR_small_implicit.dcm", "test-SR.dcm", "rtplan.dcm", "waveform_ecg.dcm")
_MEMORY = 256
"""MiB of a process, with small instances: the one that looks at heads holds a model (208 measured), the others stay below 200."""


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="tests.bench.dicom.network", description=__doc__)
    parser.add_argument("--instances", type=int, default=600)
    parser.add_argument("--associations", type=int, default=4)
    given = parser.parse_args()
    instances = [copy(_KINDS[number % len(_KINDS)], 1000 + number) for number in range(given.instances)]
    with _process(_provide) as (port, _):
        _sent(port, instances[:20], 1)
        bare = _sent(port, instances, given.associations)
    with (
        TemporaryDirectory() as folder,
        _process(_receive) as (there, receiver),
        _running(Path(folder), there) as (running, port),
    ):
        _sent(port, [copy(kind, 999) for kind in _KINDS], 1)
        _await(receiver, len(_KINDS))
        with _stopped(running):
            taken = _sent(port, instances, given.associations)
        began = time.perf_counter()
        _await(receiver, len(_KINDS) + len(instances))
        through = len(instances) / (time.perf_counter() - began)
        memory = max(map(resident_bytes, running.children())) >> 20
    figures = [
        Figure("cstore-of-pynetdicom", taken / bare, "x", note="durable, of a provider that keeps nothing"),
        Figure("cstore-in", taken, "instances/s", note="acknowledged, so durable"),
        Figure("cstore-through", through, "instances/s", note="from the inbox to the receiver"),
        Figure("cstore-pynetdicom", bare, "instances/s"),
        Figure("cstore-memory", memory, "MiB", "under", _MEMORY, "largest process"),
        Figure("cstore-instances", len(instances), ""),
    ]
    print(table(figures))
    print(summary(figures))
    return int(any(one.short for one in figures))


@contextmanager
def _stopped(running: Running) -> Iterator[None]:
    """All processes but that of ingest: how much a listener takes in is not how much is left of two cores."""
    others = [
        one for one in running.children() if b"ingest" not in Path(f"/proc/{one}/cmdline").read_bytes().split(b"\0")
    ]
    for one in others:
        os.kill(one, signal.SIGSTOP)
    yield
    for one in others:
        os.kill(one, signal.SIGCONT)


def _sent(port: int, instances: Sequence[Instance], associations: int) -> float:
    """Instances a second, until the last is acknowledged."""
    began = time.perf_counter()
    threads = [
        threading.Thread(target=_send, args=(port, instances[start::associations])) for start in range(associations)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(instances) / (time.perf_counter() - began)


def _send(port: int, instances: Sequence[Instance]) -> None:
    client = DicomClient(DicomAddress("127.0.0.1", port, "DEIDSTREAM", "BENCH"))
    client.expect((one.identity.sop_class, one.syntax) for one in instances)
    for one in instances:
        if client.store(one):
            raise SystemExit("an instance was refused")
    client.close()


def _await(receiver: Connection, count: int) -> None:
    """Until the receiver has got so many."""
    got = 0
    while got < count:
        receiver.send("how many")
        got = receiver.recv()
        time.sleep(0.05)


@contextmanager
def _running(folder: Path, receiver: int) -> Iterator[tuple[Running, int]]:
    (port,) = free_row(1)
    there = {"name": "archive", "kind": "dicom", "host": "127.0.0.1", "port": receiver, "called_ae": "DEIDSTREAM"}
    sections: dict[str, Any] = {
        "ingest": {"dicom": [{"name": "pacs", "port": port}]},
        "heads": {"quiet_seconds": 1},  # slices of series that nobody counts wait so long for more
        "resolver": {"projects": [{"name": "research", "policy": str(keeping(folder))}]},
        "delivery": {"destinations": [there | {"projects": ["research"]}]},
    }
    with deployment(folder, **sections) as running:
        running.start()
        running.wait_ready()
        yield running, port


@contextmanager
def _process(serve: Callable[[Connection], None]) -> Iterator[tuple[int, Connection]]:
    """A provider in a process of its own: its port, and what it is asked by."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,))
    process.start()
    try:
        yield int(ours.recv()), ours
    finally:
        process.terminate()
        process.join()


def _receive(pipe: Connection) -> None:
    """Our own listener, which counts."""
    import asyncio

    from deidstream.adapters.memory_keys import MemoryKeyRing
    from deidstream.stages.ingest.config import DicomListener
    from deidstream.stages.ingest.dicom import DicomServer
    from deidstream.stages.ingest.service import Admission
    from deidstream.stream.chain import SystemClock

    from tests.stages.ingest.conftest import RememberingIntake

    intake = RememberingIntake()

    async def serve() -> None:
        server = DicomServer(DicomListener(name="there", port=0), Admission(MemoryKeyRing(), SystemClock()), intake)
        await server.start()
        pipe.send(server.port)
        while await asyncio.to_thread(pipe.recv):
            pipe.send(len(intake.cases))

    asyncio.run(serve())


def _provide(pipe: Connection) -> None:
    """pynetdicom's, which takes everything and keeps nothing."""
    os.environ["PYTHONWARNINGS"] = "ignore"
    from deidstream.formats.dicom.network.classes import transfer_syntaxes
    from pynetdicom import AE, AllStoragePresentationContexts, _config, evt

    _config.LOG_HANDLER_LEVEL = "none"
    entity = AE("DEIDSTREAM")
    for one in AllStoragePresentationContexts:
        entity.add_supported_context(one.abstract_syntax, sorted(transfer_syntaxes()))
    server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, lambda _: 0)])
    pipe.send(server.server_address[1])
    threading.Event().wait()


if __name__ == "__main__":
    sys.exit(main())
