"""Releases to a FHIR server."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import orjson

from deidstream.adapters.fhir_client import FhirAddress, FhirClient, Reply
from deidstream.core.errors import Malformed, Unavailable
from deidstream.core.release import Release
from deidstream.ports import Receipt

__all__ = ["FhirDestination"]

_LATER = frozenset({401, 403, 408, 409, 423, 425, 429})
"""Not the release's fault, or not for ever: credentials can be mended, locks and conflicts end."""


class _Call(NamedTuple):
    method: str
    path: str
    body: bytes
    entries: bool = False
    """Whether the answer is a batch-response, whose entries have a status each."""


class FhirDestination:
    """Updates by id, so that the same release sent again changes nothing; deletes; transactions, batches and messages whole.

    2xx: delivered. 5xx, 429 and the like: to be tried again, not before ``Retry-After``. Any other 4xx: refused.
    """

    def __init__(self, address: FhirAddress, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._client = FhirClient(address)
        self._monotonic = monotonic
        self._not_before = 0.0

    def send(self, releases: Sequence[Release]) -> Sequence[Receipt | Exception]:
        """One after the other; when the server is away, none of the rest is tried."""
        results: list[Receipt | Exception] = []
        away: Unavailable | None = None
        for release in releases:
            if away is None and self._monotonic() < self._not_before:
                away = Unavailable("retry-after", "fhir")
            result = away or self._one(release)
            if isinstance(result, Unavailable):
                away = result
            results.append(result)
        return results

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def _one(self, release: Release) -> Receipt | Exception:
        if release.format != "fhir":
            return Malformed("not-fhir", release.format)
        try:
            call = _call(release)
            headers = {"x-request-id": release.id, "prefer": "return=minimal"}
            if release.trace:
                headers["traceparent"] = release.trace
            reply = self._client.send(call.method, call.path, call.body, headers)
        except (Unavailable, Malformed) as error:
            return error
        return self._judge(call, reply)

    def _judge(self, call: _Call, reply: Reply) -> Receipt | Exception:
        if reply.done:
            return _judge_entries(reply) if call.entries else Receipt(f"http-{reply.status}")
        if call.method == "DELETE" and reply.status in (404, 410):
            return Receipt(f"http-{reply.status}")
        if reply.status >= 500 or reply.status in _LATER:
            self._not_before = self._monotonic() + reply.retry_after
            return Unavailable(f"http-{reply.status}", "fhir")
        return Malformed(f"http-{reply.status}", "fhir")


def _call(release: Release) -> _Call:
    attributes = dict(release.attributes)
    resource = attributes.get("resource", "")
    if "joined" in attributes:
        raise Malformed("joined-batch", "fhir", "a FHIR server takes no NDJSON file: switch rejoin off")
    if attributes.get("fhir.method") == "DELETE":
        return _Call("DELETE", resource, b"")
    if resource.partition("/")[0] == "Bundle":
        kind = _bundle_type(release.content)
        if kind in ("transaction", "batch"):
            return _Call("POST", "", release.content, entries=True)
        if kind == "message":
            return _Call("POST", "$process-message", release.content)
    if "/" in resource:
        return _Call("PUT", resource, release.content)
    return _Call("POST", resource, release.content)


def _bundle_type(content: bytes) -> str:
    try:
        return str(orjson.loads(content).get("type", ""))
    except ValueError:
        raise Malformed("not-json", "Bundle") from None


def _judge_entries(reply: Reply) -> Receipt | Exception:
    """A batch may succeed in part: then its first failure decides."""
    for number, status in enumerate(_entry_statuses(reply.body)):
        if status >= 500 or status in _LATER:
            return Unavailable("application-error", f"Bundle.entry[{number}]")
        if status >= 400 and status not in (404, 410):
            return Malformed(f"http-{status}", f"Bundle.entry[{number}]")
    return Receipt(f"http-{reply.status}")


def _entry_statuses(body: bytes) -> list[int]:
    try:
        answer: Any = orjson.loads(body) if body else {}  # Any: whatever the server sends
        entries = answer.get("entry", [])
        codes = [str(one["response"]["status"])[:3] for one in entries]
    except (ValueError, TypeError, KeyError, AttributeError):
        return []
    return [int(code) for code in codes if code.isdigit()]
