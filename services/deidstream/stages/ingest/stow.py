"""The DICOMweb endpoint: the store transaction (PS3.18, 10.5), instance by instance as the body streams in."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email.message import Message

from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from deidstream.core.errors import DeidstreamError, Malformed, Unavailable
from deidstream.formats.dicom.network.classes import storage_classes
from deidstream.formats.dicom.network.multipart import Multipart, Part
from deidstream.formats.dicom.part10 import Identity, head, instance, is_uid, study_of
from deidstream.ports import Intake
from deidstream.stages.ingest.config import StowListener, StowSource
from deidstream.stages.ingest.endpoint import Endpoint
from deidstream.stages.ingest.instances import LARGE, Room, Taken, handed_in, mark, received, status_of
from deidstream.stages.ingest.service import Admission
from deidstream.stages.ingest.stow_answer import JSON, XML, Result, Results, answer
from deidstream.stream import log

__all__ = ["StowEndpoint"]

_INSTANCE = "application/dicom"
_LONGEST_BOUNDARY = 256
"""Characters. RFC 2046 allows 70; Orthanc writes 147."""
_TOGETHER = 64
"""Instances of one request that wait for their commit at a time."""
_BEGIN = 1 << 16
_ALONE = secrets.token_hex(30)
"""A boundary that stands in no body."""
STATUSES = {
    "no-such-path": 404,
    "method-not-supported": 405,
    "not-acceptable": 406,
    "too-slow": 408,
    "unsupported-media-type": 415,
    "unauthorised": 401,
    "too-many-requests": 429,
}
"""How a reason code is told over HTTP; what is wrong with a body is 400."""


@dataclass(slots=True)
class _Under:
    """What is under way of one request: its results, in order, as far as they are known."""

    source: StowSource
    study: str
    results: list[Result | None] = field(default_factory=list)
    waiting: list[asyncio.Task[None]] = field(default_factory=list)


class StowEndpoint(Endpoint):
    """The ASGI application of one listener."""

    def __init__(self, settings: StowListener, admission: Admission, intake: Intake) -> None:
        super().__init__(settings.max_requests, settings.token)
        self._settings = settings
        self._admission = admission
        self._intake = intake
        self._room = Room(settings.max_held_bytes)

    async def _respond(self, http: HttpRequest) -> Response:
        try:
            self._admit(http)
            return await self._store(http)
        except Malformed as error:
            log.emit("dicom.refused", source=self._settings.sources[0].name, code=error.code)
            status = STATUSES.get(error.code, 400)
            headers = {"www-authenticate": "Bearer"} if status == 401 else {"retry-after": "2"} if status == 429 else {}
            return Response(f"{error.code}\n", status, headers, "text/plain")
        except DeidstreamError as error:
            log.emit("dicom.refused", source=self._settings.sources[0].name, code=error.code)
            return self._unavailable()

    def _unavailable(self) -> Response:
        return Response(status_code=503, headers={"retry-after": "2"})

    async def _store(self, http: HttpRequest) -> Response:
        source, study = self._route(http.url.path)
        if http.method != "POST":
            raise Malformed("method-not-supported")
        accepted = _accepted(http)
        under = _Under(source, study)
        try:
            async for part in self._parts(http):
                await self._take(under, part)
        finally:
            await _settled(under)  # what was handed in is known when it is sent again
        results = Results([one for one in under.results if one is not None])
        if not results.of:
            raise Malformed("empty", "body")
        headers = {"x-content-type-options": "nosniff"} | ({"retry-after": "2"} if results.http == 503 else {})
        return Response(answer(results.of, accepted), results.http, headers, accepted)

    def _route(self, path: str) -> tuple[StowSource, str]:
        """The source, and the study where the path names one."""
        for source in sorted(self._settings.sources, key=lambda one: -len(one.base)):
            begin = f"{source.base}/studies"
            if path in (begin, begin + "/"):
                return source, ""
            study = path.removeprefix(begin + "/").removesuffix("/")
            if path.startswith(begin + "/") and is_uid(study):
                return source, study
        raise Malformed("no-such-path")

    async def _parts(self, http: HttpRequest) -> AsyncIterator[Part]:
        media_type, boundary = _media_type(http)
        most = self._settings.max_instance_bytes
        # A body that is one instance is read as the part that it would be.
        reader = Multipart(boundary or _ALONE, most, _BEGIN)
        if media_type == _INSTANCE:
            reader.begin(_INSTANCE)
        held = 0
        try:
            async for portion in self._portions(http):
                if not self._room.take(len(portion)):
                    raise Unavailable("no-room", "stow")
                held += len(portion)
                for part in reader.feed(portion):
                    yield part
                self._room.give(held - min(held, reader.held))
                held = min(held, reader.held)
        finally:
            self._room.give(held)
        if media_type == _INSTANCE:
            for part in reader.feed(f"\r\n--{_ALONE}--".encode()):
                yield part
        reader.finish()

    async def _portions(self, http: HttpRequest) -> AsyncIterator[bytes]:
        stream = aiter(http.stream())
        while True:
            try:
                async with asyncio.timeout(self._settings.idle_seconds):
                    portion = await anext(stream)
            except StopAsyncIteration:
                return
            except TimeoutError:
                raise Malformed("too-slow") from None
            yield portion

    async def _take(self, under: _Under, part: Part) -> None:
        """Hands one instance in; it is durable when the request is answered."""
        number = len(under.results)
        under.results.append(None)
        who: Identity | None = None
        try:
            if part.media_type not in (_INSTANCE, ""):
                raise Malformed("not-an-instance", "part")
            read = instance(part.content)
            who = _known(read.identity)
            if part.excess:
                raise Malformed("instance-too-large", "part")
            if read.identity.sop_class not in storage_classes():
                raise Malformed("class-not-stored", "SOPClassUID")
            if under.study and study_of(part.content) != under.study:
                raise Malformed("another-study", "StudyInstanceUID")
            if not self._room.take(len(part.content)):
                raise Unavailable("no-room", "stow")
        except DeidstreamError as error:
            self._failed(under, number, who, error)
            return
        taken = Taken(read.identity, head(read.identity, read.syntax) + read.data)
        under.waiting.append(asyncio.create_task(self._durable(under, number, taken, len(part.content))))
        if len(under.waiting) >= _TOGETHER:
            await _settled(under)

    async def _durable(self, under: _Under, number: int, taken: Taken, size: int) -> None:
        source = under.source
        try:
            made = received(source.name, source.attributes, taken)
            large = len(taken.content) >= LARGE  # its hash must hold up nobody else
            case = await asyncio.to_thread(self._admission.case, made) if large else self._admission.case(made)
            marks = {case.id: mark(self._admission, source.name, taken.identity.instance)}
            await handed_in(self._intake, [case], marks, self._settings.busy_seconds)
        except DeidstreamError as error:
            self._failed(under, number, taken.identity, error)
        else:
            under.results[number] = Result(taken.identity)
        finally:
            self._room.give(size)

    def _failed(self, under: _Under, number: int, who: Identity | None, error: DeidstreamError) -> None:
        log.emit("dicom.refused", source=under.source.name, code=error.code)
        under.results[number] = Result(who, status_of(error))


async def _settled(under: _Under) -> None:
    waiting, under.waiting = under.waiting, []
    if waiting:
        await asyncio.gather(*waiting)


def _known(identity: Identity) -> Identity:
    """Raises Malformed where an answer could not name it."""
    if not is_uid(identity.sop_class) or not is_uid(identity.instance):
        raise Malformed("bad-sop-instance", "SOPInstanceUID")
    return identity


def _accepted(http: HttpRequest) -> str:
    """Which of the two forms of an answer the client wants."""
    wanted = http.headers.get("accept", "").lower()
    if not wanted or any(name in wanted for name in (JSON, "application/json", "*/*", "application/*")):
        return JSON
    if XML in wanted:
        return XML
    raise Malformed("not-acceptable")


def _media_type(http: HttpRequest) -> tuple[str, str]:
    """The type of the body, and its boundary where it is multipart. Of multipart, only instances as files are taken."""
    parsed = Message()
    parsed["content-type"] = http.headers.get("content-type", "")
    media_type, inner = parsed.get_content_type(), parsed.get_param("type", "")
    if media_type == _INSTANCE:
        return media_type, ""
    if media_type != "multipart/related" or str(inner).strip().lower() not in (_INSTANCE, ""):
        raise Malformed("unsupported-media-type")
    boundary = parsed.get_boundary()
    if not boundary or len(boundary) > _LONGEST_BOUNDARY:
        raise Malformed("no-boundary", "content-type")
    if http.headers.get("content-encoding", "identity").lower() not in ("identity", ""):
        raise Malformed("unsupported-media-type")
    return media_type, boundary
