"""FHIR requests without HTTP: what one asks for, whether it may, and what it is answered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from deidstream.core.case import Container
from deidstream.core.errors import Malformed
from deidstream.formats.fhir.definitions import definitions
from deidstream.stages.ingest import outcome
from deidstream.stages.ingest.config import FhirListener, FhirSource
from deidstream.stages.ingest.service import Admission, Received

__all__ = ["Answer", "Request", "Taken", "read_body", "read_resource"]

Json = Any  # what orjson gives: its shape is what is checked here


class Answer(NamedTuple):
    """An HTTP answer. ``body`` is omitted where the client prefers ``return=minimal``."""

    status: int
    body: bytes = b""
    location: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """One write. ``path`` is relative to the base, without a slash at either end."""

    source: FhirSource
    limits: FhirListener
    method: str
    path: str
    version: str
    ndjson: bool = False
    request_id: bytes = b""
    """``X-Request-ID``: tells a request that is sent again from one that looks the same."""
    trace: str = ""
    """The client's ``traceparent``, where it is continued."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What becomes of a good request, once its messages are durable."""

    received: list[Received] = field(repr=False)
    answer: Answer


def read_body(request: Request, body: bytes, admission: Admission, base: str) -> Taken:
    """The messages in ``body`` and the answer. Raises Malformed with a code of ``outcome.PROBLEMS``."""
    kind, _, rest = request.path.partition("/")
    if kind and not kind.startswith("$") and kind not in definitions(request.version).resources:
        raise Malformed("no-such-path" if rest or not _TYPE.fullmatch(kind) else "unknown-resource-type")
    match request.method, kind, rest:
        case "POST", _, "" if request.ndjson and not kind.startswith("$"):
            return _bulk(request, body, kind, admission)
        case "POST", "", "":
            return _transaction(request, body)
        case "POST", "$process-message", "":
            return _message(request, body, base)
        case "POST", _, "" if not kind.startswith("$"):
            return _create(request, body, kind, admission, base)
        case "PUT", _, identifier if identifier:
            return _update(request, body, kind, identifier)
        case "DELETE", _, identifier if identifier:
            return _delete(request, kind, identifier)
    raise Malformed("method-not-supported" if kind and not kind.startswith("$") else "no-such-path")


def _create(request: Request, body: bytes, kind: str, admission: Admission, base: str) -> Taken:
    resource = read_resource(body, request.limits.max_depth)
    _expect_type(resource, kind)
    if kind == "Bundle":
        _entries(resource, request.limits)
    received = _received(request, body)
    # The id is that of the case: opaque, and nothing can be read under it.
    number = admission.identify(received.source, received.control, received.content)
    return Taken([received], Answer(201, outcome.accepted(), f"{base}/{kind}/{number}/_history/1"))


def _update(request: Request, body: bytes, kind: str, identifier: str) -> Taken:
    _check_id(identifier)
    resource = read_resource(body, request.limits.max_depth)
    _expect_type(resource, kind)
    if resource.get("id") != identifier:
        raise Malformed("id-mismatch", f"{kind}.id")
    return Taken([_received(request, body)], Answer(200, outcome.accepted()))


def _delete(request: Request, kind: str, identifier: str) -> Taken:
    _check_id(identifier)
    content = orjson.dumps({"resourceType": kind, "id": identifier})
    return Taken([_received(request, content)], Answer(200, outcome.accepted()))


def _transaction(request: Request, body: bytes) -> Taken:
    bundle = read_resource(body, request.limits.max_depth)
    kind = bundle.get("type")
    if bundle["resourceType"] != "Bundle" or kind not in ("batch", "transaction"):
        raise Malformed("not-a-transaction", "Bundle.type")
    answers = list(_entry_answers(_entries(bundle, request.limits), strict=kind == "transaction"))
    return Taken([_received(request, body)], Answer(200, outcome.bundle_response(f"{kind}-response", answers)))


def _message(request: Request, body: bytes, base: str) -> Taken:
    bundle = read_resource(body, request.limits.max_depth)
    entries = _entries(bundle, request.limits) if bundle["resourceType"] == "Bundle" else []
    header = entries[0].get("resource") if entries and isinstance(entries[0], dict) else None
    if bundle.get("type") != "message" or not isinstance(header, dict) or header.get("resourceType") != "MessageHeader":
        raise Malformed("not-a-message", "Bundle.entry[0]")
    return Taken([_received(request, body)], Answer(200, outcome.message_response(header, request.version, base)))


def _bulk(request: Request, body: bytes, kind: str, admission: Admission) -> Taken:
    """One member an NDJSON line; all or none, so that a client may mend a line and send the file again."""
    lines = [line for line in body.split(b"\n") if line.strip()]
    if not lines:
        raise Malformed("empty-body")
    container = admission.identify(request.source.name, b"ndjson\0" + request.path.encode(), body)
    received = []
    for ordinal, line in enumerate(lines):
        try:
            resource = read_resource(line, request.limits.max_depth)
            if kind:
                _expect_type(resource, kind)
        except Malformed as error:
            raise Malformed(error.code, f"line[{ordinal}]") from None
        control = f"{container}/{ordinal}".encode()
        member = Container(container, ordinal, len(lines))
        received.append(_received(request, line.rstrip(b"\r"), control, member))
    return Taken(received, Answer(200, outcome.accepted(count=len(lines))))


def _received(request: Request, content: bytes, control: bytes = b"", container: Container | None = None) -> Received:
    where = f"{request.method} {request.path}"
    return Received(
        request.source.name,
        "fhir",
        content,
        control or where.encode() + b"\0" + request.request_id,
        request.path,
        container,
        (*request.source.attributes, ("fhir.method", request.method), ("fhir.version", request.version)),
        request.trace,
    )


def read_resource(body: bytes, max_depth: int) -> Json:
    """The resource that ``body`` is. Raises Malformed: ``empty-body``, ``not-json``, ``not-a-resource``, ``nested-too-deep``."""
    if not body.strip():
        raise Malformed("empty-body")
    try:
        resource = orjson.loads(body)
    except ValueError:
        # The original shows where it stopped, and holds the whole text.
        raise Malformed("not-json") from None
    if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
        raise Malformed("not-a-resource")
    if body.count(b"{") + body.count(b"[") > max_depth and _deeper(resource, max_depth):
        raise Malformed("nested-too-deep")
    return resource


def _deeper(value: Json, limit: int) -> bool:
    """Whether objects and arrays are nested more than ``limit`` deep; level by level, so no recursion."""
    level = [value]
    for _ in range(limit):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, (dict, list))
        ]
        if not level:
            return False
    return True


def _expect_type(resource: Json, kind: str) -> None:
    if resource["resourceType"] != kind:
        raise Malformed("type-mismatch", "resourceType")


def _check_id(identifier: str) -> None:
    if not _ID.fullmatch(identifier):
        raise Malformed("bad-id")


def _entries(bundle: Json, limits: FhirListener) -> list[Json]:
    entries = bundle.get("entry", [])
    if not isinstance(entries, list):
        raise Malformed("not-a-resource", "Bundle.entry")
    if len(entries) > limits.max_entries:
        raise Malformed("too-many-entries", "Bundle.entry")
    return entries


def _entry_answers(entries: list[Json], *, strict: bool) -> Iterator[tuple[str, str]]:
    """Status and location of each entry. A transaction is refused as a whole for one bad entry; a batch is not."""
    for number, entry in enumerate(entries):
        request = entry.get("request") if isinstance(entry, dict) else None
        method = request.get("method") if isinstance(request, dict) else None
        if method in _STATUS:
            yield _STATUS[method], ""
        elif strict:
            raise Malformed("bad-entry", f"Bundle.entry[{number}].request")
        else:
            yield "405 Method Not Allowed", ""


_STATUS = {"POST": "201 Created", "PUT": "200 OK", "DELETE": "204 No Content"}
_TYPE = re.compile(r"[A-Z][A-Za-z]+")
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
