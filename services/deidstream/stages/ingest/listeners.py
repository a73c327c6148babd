"""The whole stage: every listener and watch in one event loop, until told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deidstream.core.errors import DeidstreamError, Misconfigured
from deidstream.ports import ArtifactStore, Clock, Feed
from deidstream.stages.ingest.bucket import BucketWatch
from deidstream.stages.ingest.config import (
    BucketSource,
    DicomListener,
    FhirListener,
    FolderSource,
    IngestSettings,
    MllpListener,
    ServerTls,
    StowListener,
    TopicSource,
    WatchedSource,
)
from deidstream.stages.ingest.fhir import FhirEndpoint, FhirServer
from deidstream.stages.ingest.folder import FolderWatch
from deidstream.stages.ingest.http import HttpServer
from deidstream.stages.ingest.mllp import MllpServer
from deidstream.stages.ingest.service import Admission
from deidstream.stages.ingest.topic import FeedFactory, TopicReader
from deidstream.stages.ingest.watch import Watch
from deidstream.stream import log
from deidstream.stream.health import Pulse
from deidstream.stream.intake import GroupCommit

if TYPE_CHECKING:  # only who listens for DICOM loads it
    from deidstream.stages.ingest.dicom import DicomServer, Report

__all__ = ["Door", "OpenBucket", "Ports", "TlsFactory", "run_ingest"]

_TURN = 0.2

OpenBucket = Callable[[BucketSource], ArtifactStore]
TlsFactory = Callable[[ServerTls], ssl.SSLContext]
Ports = dict[str, int]
"""Where each MLLP and DICOM source, and each source of a FHIR or DICOMweb listener, listens."""


def _no_feeds(settings: TopicSource) -> Feed:
    raise Misconfigured("no-cluster", settings.name, "topics are not read here")


@dataclass(frozen=True, slots=True)
class Door:
    """What every listener hands its messages to, how foreign topics are opened, and what other processes may have as well."""

    admission: Admission
    intake: GroupCommit
    clock: Clock
    bucket: OpenBucket | None = None
    feeds: FeedFactory = _no_feeds
    shared: bool = False
    """Whether the ports are shared with other processes of this stage. If not, a port that is taken is refused."""
    watches: Callable[[str], bool] = lambda _: True
    """Whether this process watches the folder or bucket of that source: two would take the same files."""
    report: Report | None = None
    """How DICOM peers are told of commitment on associations of our own."""


def run_ingest(
    settings: IngestSettings,
    door: Door,
    tls: TlsFactory,
    stop: threading.Event,
    pulse: Pulse | None = None,
    ready: Callable[[Ports], None] = lambda _: None,
) -> None:
    """Listens until ``stop`` is set, then answers what was taken. ``ready`` is told the ports once all are bound.

    Raises Misconfigured when something cannot be bound or read, or when another instance has taken over.
    """
    asyncio.run(_Listeners(settings, door, tls).run(stop, pulse or Pulse(), ready))


class _Listeners:
    def __init__(self, settings: IngestSettings, door: Door, tls: TlsFactory) -> None:
        self._settings = settings
        self._door = door
        self._tls = tls
        self._servers: list[MllpServer | HttpServer | DicomServer] = []
        self._watches: list[asyncio.Task[None]] = []
        self._topics: list[TopicReader] = []
        self._ports: Ports = {}

    async def run(self, stop: threading.Event, pulse: Pulse, ready: Callable[[Ports], None]) -> None:
        try:
            await self._open()
            ready(dict(self._ports))
            while not stop.is_set() and self._failed is None:
                pulse.beat()
                await asyncio.sleep(_TURN)
        finally:
            await self._close()
        failed = self._failed
        if failed is not None:
            raise (
                failed
                if isinstance(failed, DeidstreamError)
                else Misconfigured("intake-crashed", "ingest", "see the log")
            )

    @property
    def _failed(self) -> BaseException | None:
        """Why a thread has given up, if one has."""
        troubles = [self._door.intake.failed, *(topic.failed for topic in self._topics)]
        return next((one for one in troubles if one is not None), None)

    async def _open(self) -> None:
        for mllp in self._settings.mllp:
            await self._open_mllp(mllp)
        for fhir in self._settings.fhir:
            await self._open_fhir(fhir)
        for dicom in self._settings.dicom:
            await self._open_dicom(dicom)
        for stow in self._settings.stow:
            await self._open_stow(stow)
        for folder in filter(self._watched, self._settings.folders):
            self._watch_folder(folder)
        for bucket in filter(self._watched, self._settings.buckets):
            self._watch_bucket(bucket)
        for topic in self._settings.topics:
            self._read(topic)

    async def _open_mllp(self, settings: MllpListener) -> None:
        door, context = self._door, self._tls(settings.tls) if settings.tls else None
        await self._start(MllpServer(settings, door.admission, door.intake, door.clock, context), settings.name)

    async def _open_dicom(self, settings: DicomListener) -> None:
        from deidstream.stages.ingest.dicom import DicomServer

        door, context = self._door, self._tls(settings.tls) if settings.tls else None
        await self._start(DicomServer(settings, door.admission, door.intake, door.report, context), settings.name)

    async def _open_stow(self, settings: StowListener) -> None:
        from deidstream.stages.ingest.stow import StowEndpoint

        door, context = self._door, self._tls(settings.tls) if settings.tls else None
        endpoint = StowEndpoint(settings, door.admission, door.intake)
        server = HttpServer("stow", settings.host, settings.port, endpoint, context)
        await server.start(door.shared)
        self._opened(server, *(source.name for source in settings.sources))

    async def _start(self, server: MllpServer | DicomServer, source: str) -> None:
        try:
            await server.start(self._door.shared)
        except OSError:
            raise Misconfigured("cannot-listen", source, "choose a free port of this machine") from None
        self._opened(server, source)

    async def _open_fhir(self, settings: FhirListener) -> None:
        door, context = self._door, self._tls(settings.tls) if settings.tls else None
        server = FhirServer(settings, FhirEndpoint(settings, door.admission, door.intake, door.clock), context)
        await server.start(door.shared)
        self._opened(server, *(source.name for source in settings.sources))

    def _opened(self, server: MllpServer | HttpServer | DicomServer, *sources: str) -> None:
        self._servers.append(server)
        for source in sources:
            self._ports[source] = server.port
            log.emit("ingest.listening", source=source, port=server.port)

    def _watched(self, place: WatchedSource) -> bool:
        return self._door.watches(place.name)

    def _watch_folder(self, settings: FolderSource) -> None:
        door = self._door
        watch = FolderWatch(settings, door.admission, door.intake, door.clock)
        watch.check()
        self._watch(watch, settings.name)

    def _watch_bucket(self, settings: BucketSource) -> None:
        door = self._door
        assert door.bucket is not None
        self._watch(BucketWatch(settings, door.bucket(settings), door.admission, door.intake), settings.name)

    def _watch(self, watch: Watch, source: str) -> None:
        self._watches.append(asyncio.create_task(watch.run()))
        log.emit("ingest.listening", logging.INFO, source=source)

    def _read(self, settings: TopicSource) -> None:
        reader = TopicReader(settings, self._door.feeds, self._door.admission, self._door.intake)
        self._topics.append(reader)
        reader.start()
        log.emit("ingest.listening", logging.INFO, source=settings.name)

    async def _close(self) -> None:
        for topic in self._topics:
            await asyncio.to_thread(topic.close)
        for watch in self._watches:
            watch.cancel()
        for watch in self._watches:
            with contextlib.suppress(asyncio.CancelledError):
                await watch
        for server in self._servers:
            await server.close()
