"""Releases to a DICOMweb server by STOW-RS (PS3.18, 10.5)."""

from __future__ import annotations

import secrets
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson

from deidstream.adapters.dicom_destination import judge, read_release, without_blame
from deidstream.core.errors import DeidstreamError, Malformed, Unavailable
from deidstream.core.release import Release
from deidstream.formats.dicom.network.multipart import joined
from deidstream.formats.dicom.part10 import Identity, Instance, head
from deidstream.ports import Receipt

__all__ = ["StowAddress", "StowDestination"]

_LATER = frozenset({401, 403, 404, 408, 423, 425, 429})
"""Not an instance's fault, or not for ever: credentials and addresses can be mended, limits pass."""
_TOGETHER = 32 << 20
"""Bytes of one request, unless one instance alone is larger."""
_LONGEST_ANSWER = 16 << 20


@dataclass(frozen=True, slots=True)
class StowAddress:
    """The base URL, below which ``studies`` is, and how to get in."""

    url: str
    token: str = field(default="", repr=False)
    tls: ssl.SSLContext | None = None
    answer_seconds: float = 120.0


class StowDestination:
    """Some instances a request; the answer says of each what became of it, by the statuses of a C-STORE.

    2xx: what the answer says. 5xx, 429, 401 and the like: all to be tried again, not before ``Retry-After``. Any other 4xx: each
    is sent by itself, and what is answered so alone is refused.
    """

    def __init__(self, address: StowAddress, monotonic: Callable[[], float] = time.monotonic) -> None:
        headers = {"accept": "application/dicom+json", "user-agent": "deidstream"}
        if address.token:
            headers["authorization"] = f"Bearer {address.token}"
        self._url = f"{address.url.rstrip('/')}/studies"
        # Proxies and .netrc of the environment are not ours to use: what goes where is configured.
        self._http = httpx.Client(
            headers=headers, timeout=address.answer_seconds, verify=address.tls or True, trust_env=False
        )
        self._monotonic = monotonic
        self._not_before = 0.0

    def send(self, releases: Sequence[Release]) -> Sequence[Receipt | Exception]:
        """In portions; when the server is away, none of the rest is tried."""
        read = [read_release(release) for release in releases]
        results: dict[int, Receipt | Exception] = {
            n: one for n, one in enumerate(read) if not isinstance(one, Instance)
        }
        away: Unavailable | None = None
        for numbers in _portions(read):
            found = dict.fromkeys(numbers, away) if away else self._portion(numbers, read)
            results |= found
            gone = (one for one in found.values() if isinstance(one, Unavailable))
            away = away or next(
                (one for one in gone if one.code not in ("out-of-resources", "application-error")), None
            )
        return without_blame([results[number] for number in range(len(read))])

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def _portion(
        self, numbers: Sequence[int], read: Sequence[Instance | DeidstreamError]
    ) -> dict[int, Receipt | Exception]:
        chosen = {number: one for number in numbers if isinstance(one := read[number], Instance)}
        try:
            status, told = self._post(list(chosen.values()))
        except Unavailable as error:
            return dict.fromkeys(chosen, error)
        if not told and 400 <= status < 500 and len(chosen) > 1:
            return {key: one for number in chosen for key, one in self._portion([number], read).items()}
        return {number: _result(status, told, one.identity) for number, one in chosen.items()}

    def _post(self, instances: Sequence[Instance]) -> tuple[int, Mapping[str, int]]:
        """The status, and those of the instances that the answer names. Raises Unavailable."""
        if self._monotonic() < self._not_before:
            raise Unavailable("retry-after", "stow")
        boundary = secrets.token_hex(16)
        headers = {"content-type": f'multipart/related; type="application/dicom"; boundary={boundary}'}
        try:
            with self._http.stream("POST", self._url, content=_body(boundary, instances), headers=headers) as response:
                content = _read(response)
        except httpx.TimeoutException:
            raise Unavailable("no-answer", "stow") from None
        except httpx.TransportError:
            raise Unavailable("not-connected", "stow") from None
        told = _told(content)
        if not told and (response.status_code >= 500 or response.status_code in _LATER):
            self._not_before = self._monotonic() + _seconds(response.headers.get("retry-after", ""))
            raise Unavailable(f"http-{response.status_code}", "stow")
        return response.status_code, told


def _result(status: int, told: Mapping[str, int], who: Identity) -> Receipt | Exception:
    """Of what the answer does not name, the status of the whole says what became of it."""
    if who.instance in told:
        return judge(told[who.instance])
    if status == 202:
        return Unavailable("application-error", "http-202")
    return Receipt(f"http-{status}") if 200 <= status < 300 else Malformed(f"http-{status}", "stow")


def _portions(read: Sequence[Instance | DeidstreamError]) -> Iterator[list[int]]:
    """Numbers of those that go in one request: no UID twice, for the answer names them by their UIDs."""
    numbers: list[int] = []
    names: set[str] = set()
    size = 0
    for number, one in enumerate(read):
        if not isinstance(one, Instance):
            continue
        if numbers and (size + len(one.data) > _TOGETHER or one.identity.instance in names):
            yield numbers
            numbers, names, size = [], set(), 0
        numbers.append(number)
        names.add(one.identity.instance)
        size += len(one.data)
    if numbers:
        yield numbers


def _body(boundary: str, instances: Sequence[Instance]) -> Iterator[bytes]:
    return joined(boundary, "application/dicom", (head(one.identity, one.syntax) + one.data for one in instances))


def _read(response: httpx.Response) -> bytes:
    found = bytearray()
    for portion in response.iter_bytes():
        found += portion[: _LONGEST_ANSWER - len(found)]
    return bytes(found)


def _told(content: bytes) -> dict[str, int]:
    """Statuses by UIDs, of an answer in JSON (PS3.18, annex F); what is none names nothing."""
    try:
        answer: Any = orjson.loads(content) if content else {}  # Any: whatever the server sends
        found = {uid: 0 for uid, _ in _items(answer, "00081199")}
        return found | dict(_items(answer, "00081198"))
    except (ValueError, TypeError, KeyError, AttributeError, IndexError):
        return {}


def _items(answer: Any, tag: str) -> Iterator[tuple[str, int]]:  # Any: see ``_told``
    for item in answer.get(tag, {}).get("Value", []):
        reason = item.get("00081197", {}).get("Value", [0x0110])[0]
        yield str(item["00081155"]["Value"][0]), int(reason)


def _seconds(header: str) -> float:
    """Seconds; the other form, a date, is rare and counts as a minute."""
    if not header:
        return 0.0
    return min(float(header), 3600.0) if header.isdigit() else 60.0
