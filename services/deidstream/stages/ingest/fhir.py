"""The FHIR endpoint: HTTP in front of ``fhir_request``."""

from __future__ import annotations

import asyncio
import secrets
import ssl
import time
import zlib
from collections.abc import AsyncIterator
from email.message import Message
from functools import lru_cache
from importlib.metadata import version as version_of

from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from deidstream.core.errors import DeidstreamError, Malformed
from deidstream.formats.fhir.definitions import definitions
from deidstream.ports import Clock, Intake
from deidstream.stages.ingest import outcome
from deidstream.stages.ingest.config import FhirListener, FhirSource
from deidstream.stages.ingest.endpoint import Endpoint
from deidstream.stages.ingest.fhir_request import Answer, Request, Taken, read_body
from deidstream.stages.ingest.http import HttpServer
from deidstream.stages.ingest.service import Admission

__all__ = ["FhirEndpoint", "FhirServer"]

_JSON = frozenset({"application/fhir+json", "application/json", "application/json+fhir", "text/json"})
_NDJSON = frozenset({"application/fhir+ndjson", "application/ndjson", "application/x-ndjson"})
_GENERAL = frozenset({"_format", "_pretty", "_summary", "_elements"})
"""Parameters of any interaction, which say how to answer (http.html#parameters); others make an update or delete conditional."""
_LARGE = 1 << 18
"""Bodies above this are parsed in a thread, so that they hold up nobody else."""
_SLICE = 500
_BODY_SECONDS = 60.0


class FhirEndpoint(Endpoint):
    """The ASGI application of one listener."""

    def __init__(self, settings: FhirListener, admission: Admission, intake: Intake, clock: Clock) -> None:
        super().__init__(settings.max_requests, settings.token)
        self._settings = settings
        self._admission = admission
        self._intake = intake
        self._clock = clock

    async def _respond(self, http: HttpRequest) -> Response:
        try:
            self._admit(http)
            return await self._serve(http)
        except Malformed as error:
            code = error.code if error.code in outcome.PROBLEMS else "not-a-resource"
            return _response(Answer(outcome.PROBLEMS[code].status, outcome.refused(code, error.place)), code=code)
        except DeidstreamError:
            return self._unavailable()

    def _unavailable(self) -> Response:
        return _response(Answer(503, outcome.refused("unavailable")), code="unavailable")

    async def _serve(self, http: HttpRequest) -> Response:
        source, path = self._route(http.url.path)
        _check_accept(http)
        media_type, version = _media_type(http, source)
        if http.method == "GET" and path == "metadata":
            return _response(Answer(200, self._capability(version)), version)
        if http.method not in ("POST", "PUT", "DELETE"):
            raise Malformed("method-not-supported")
        if http.method != "POST" and not _GENERAL.issuperset(http.query_params):
            raise Malformed("conditional-not-supported")
        if http.method != "DELETE" and media_type not in _JSON | _NDJSON:
            raise Malformed("unsupported-media-type")
        request = Request(
            source,
            self._settings,
            http.method,
            path,
            version,
            media_type in _NDJSON,
            _request_id(http),
            http.headers.get("traceparent", "") if self._settings.continue_traces else "",
        )
        taken = await self._read(http, request, str(http.base_url).rstrip("/") + source.base)
        await self._store(taken)
        return _response(_as_preferred(http, taken.answer), version, notes=_ignored(http))

    def _route(self, path: str) -> tuple[FhirSource, str]:
        for source in sorted(self._settings.sources, key=lambda one: -len(one.base)):
            if path == source.base or path.startswith(source.base + "/"):
                return source, path[len(source.base) :].strip("/")
        raise Malformed("no-such-path")

    async def _read(self, http: HttpRequest, request: Request, base: str) -> Taken:
        body = b"" if request.method == "DELETE" else await _body(http, self._settings.max_body_bytes)
        if len(body) > _LARGE:
            return await asyncio.to_thread(read_body, request, body, self._admission, base)
        return read_body(request, body, self._admission, base)

    async def _store(self, taken: Taken) -> None:
        """Hands in everything that was taken; in portions, where it is many."""
        for start in range(0, len(taken.received), _SLICE):
            cases = [self._admission.case(one) for one in taken.received[start : start + _SLICE]]
            await asyncio.wrap_future(self._intake.submit(cases))

    def _capability(self, version: str) -> bytes:
        today = time.strftime("%Y-%m-%d", time.gmtime(self._clock.now()))
        return outcome.capability(version, definitions(version).resources, version_of("deidstream"), today)


class FhirServer(HttpServer):
    """One listener: the endpoint over HTTP."""

    def __init__(self, settings: FhirListener, endpoint: FhirEndpoint, tls: ssl.SSLContext | None = None) -> None:
        super().__init__("fhir", settings.host, settings.port, endpoint, tls)


async def _body(http: HttpRequest, limit: int) -> bytes:
    encoding = http.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip", ""):
        raise Malformed("unsupported-encoding")
    length = http.headers.get("content-length", "0")
    if length.isdigit() and int(length) > limit:
        raise Malformed("body-too-large")
    portions = bytearray()
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            async for portion in _inflated(http.stream()) if "gzip" in encoding else http.stream():
                portions += portion
                if len(portions) > limit:
                    raise Malformed("body-too-large")
    except TimeoutError:
        raise Malformed("too-slow") from None
    return bytes(portions)


async def _inflated(stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Decompressed a little at a time: a bomb is noticed when it passes the limit, not when it has gone off."""
    inflate = zlib.decompressobj(31)
    try:
        async for portion in stream:
            while portion:
                yield inflate.decompress(portion, 1 << 20)
                portion = inflate.unconsumed_tail
    except zlib.error:
        raise Malformed("bad-encoding") from None
    if not inflate.eof or inflate.unused_data:
        raise Malformed("bad-encoding")


def _check_accept(http: HttpRequest) -> None:
    wanted = http.query_params.get("_format") or http.headers.get("accept", "")
    if wanted and not any(name in wanted.lower() for name in ("json", "*/*", "application/*")):
        raise Malformed("not-acceptable")


def _media_type(http: HttpRequest, source: FhirSource) -> tuple[str, str]:
    """The media type of the body, and the version of FHIR that it (or, for a read, ``Accept``) names."""
    header = http.headers.get("content-type") or (http.headers.get("accept", "") if http.method == "GET" else "")
    media_type, charset, version = _parsed(header)
    if version and version not in source.versions:
        raise Malformed("unsupported-version")
    if charset not in ("utf-8", "utf8", "us-ascii"):
        raise Malformed("unsupported-media-type")
    return media_type, version or source.versions[0]


@lru_cache(maxsize=64)
def _parsed(header: str) -> tuple[str, str, str]:
    """Media type, charset, and the first three characters of ``fhirVersion``: 4.0.1 is 4.0."""
    parsed = Message()
    parsed["content-type"] = header
    version = parsed.get_param("fhirversion")
    return (
        parsed.get_content_type(),
        parsed.get_content_charset("utf-8"),
        version[:3] if isinstance(version, str) else "",
    )


def _request_id(http: HttpRequest) -> bytes:
    """What makes this request itself.

    A resource may be set back to a former state: two equal updates, with others in between, are two. So they count as one
    request sent again only when the client says so by its request id.
    """
    given = http.headers.get("x-request-id", "").encode()
    return given or (b"" if http.method == "POST" else secrets.token_bytes(16))


def _as_preferred(http: HttpRequest, answer: Answer) -> Answer:
    if "return=minimal" not in http.headers.get("prefer", "").replace(" ", "").lower() or answer.body.startswith(
        b'{"resourceType":"Bundle"'
    ):
        return answer
    return answer._replace(body=b"", status=204 if http.method == "DELETE" else answer.status)


def _ignored(http: HttpRequest) -> list[str]:
    return [name for name in ("if-none-exist", "if-match", "if-none-match") if name in http.headers]


def _response(answer: Answer, version: str = "", *, code: str = "", notes: list[str] | None = None) -> Response:
    headers = {"x-content-type-options": "nosniff"}
    if answer.location:
        headers |= {"location": answer.location, "etag": 'W/"1"'}
    if notes:
        # Conditions are not evaluated: nothing can be looked up here. Said in the open.
        headers["warning"] = f'199 deidstream "ignored: {", ".join(notes)}"'
    if code == "unauthorised":
        headers["www-authenticate"] = "Bearer"
    if code in ("unavailable", "too-many-requests"):
        headers["retry-after"] = "2"
    media_type = "application/fhir+json" + (f"; fhirVersion={version}" if version else "")
    return Response(answer.body, answer.status, headers, media_type if answer.body else None)
