"""A client for FHIR servers."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

from deidstream.core.errors import Unavailable

__all__ = ["FhirAddress", "FhirClient", "Reply"]


@dataclass(frozen=True, slots=True)
class FhirAddress:
    """Base URL of the server, and how to get in."""

    url: str
    token: str = field(default="", repr=False)
    tls: ssl.SSLContext | None = None
    answer_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server answered. ``retry_after``: seconds, 0 where it does not say."""

    status: int
    body: bytes = field(default=b"", repr=False)
    retry_after: float = 0.0

    @property
    def done(self) -> bool:
        """2xx."""
        return 200 <= self.status < 300


class FhirClient:
    """One pool of connections. Not thread-safe."""

    def __init__(self, address: FhirAddress) -> None:
        headers = {"accept": "application/fhir+json", "user-agent": "deidstream"}
        if address.token:
            headers["authorization"] = f"Bearer {address.token}"
        self._base = address.url.rstrip("/")
        # Proxies and .netrc of the environment are not ours to use: what goes where is configured.
        self._http = httpx.Client(
            headers=headers, timeout=address.answer_seconds, verify=address.tls or True, trust_env=False
        )

    def send(self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Reply:
        """One request; ``path`` is below the base. Raises Unavailable when no answer comes."""
        url = f"{self._base}/{path}" if path else self._base
        sent = {**({"content-type": "application/fhir+json"} if body else {}), **(headers or {})}
        try:
            response = self._http.request(method, url, content=body or None, headers=sent)
        except httpx.TimeoutException:
            raise Unavailable("no-answer", "fhir") from None
        except httpx.TransportError:
            raise Unavailable("not-connected", "fhir") from None
        return Reply(response.status_code, response.content, _seconds(response.headers.get("retry-after", "")))

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()


def _seconds(header: str) -> float:
    """Seconds; the other form, a date, is rare and counts as a minute."""
    if not header:
        return 0.0
    return min(float(header), 3600.0) if header.isdigit() else 60.0
