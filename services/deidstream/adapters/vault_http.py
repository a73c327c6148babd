"""One request to a Vault server (or OpenBao, which has the same API), and what its answer means.

    away, sealed, standby, throttled, 5xx      Unavailable      to be tried again
    certificate, address                       Misconfigured    with what to mend
    everything else                            the status, for who asked

What a server says in words is not passed on: it may repeat what it was sent.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from deidstream.adapters.tls import certificate_refused, client_context, encrypted
from deidstream.core.errors import Misconfigured, Unavailable

__all__ = ["Answer", "VaultAddress", "VaultHttp"]

_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class VaultAddress:
    """``url``: ``https://HOST:PORT``, on loopback ``http`` too. ``ca``: authorities to trust; None: those of the system."""

    url: str
    ca: Path | None = None
    namespace: str = ""

    def __post_init__(self) -> None:
        if not encrypted(self.url):
            raise Misconfigured("vault-address", "deployment.vault.address", "give https://HOST:PORT: keys go over it")


@dataclass(frozen=True, slots=True)
class Answer:
    """``content``: the object that was answered, {} for none."""

    status: int
    content: Mapping[str, object] = field(repr=False)

    def part(self, *names: str) -> Mapping[str, object]:
        """The object within, {} where there is none."""
        found: object = self.content
        for name in names:
            found = found.get(name) if isinstance(found, Mapping) else None
        return found if isinstance(found, Mapping) else {}


class VaultHttp:
    """One pool of connections; may be used by several threads."""

    def __init__(self, address: VaultAddress) -> None:
        self._address = address
        verify: ssl.SSLContext | bool = True
        if address.url.startswith("https://"):
            verify = client_context(address.ca, None, None)
        # Proxies of the environment are not ours to use, and a redirect would take the token elsewhere.
        self._http = httpx.Client(timeout=_SECONDS, verify=verify, trust_env=False, follow_redirects=False)

    def ask(self, method: str, path: str, token: str = "", body: Mapping[str, object] | None = None) -> Answer:
        """``path`` is below ``/v1``. Raises Unavailable and Misconfigured as above."""
        headers = {"x-vault-request": "true"} | ({"x-vault-token": token} if token else {})
        if self._address.namespace:
            headers["x-vault-namespace"] = self._address.namespace
        url = f"{self._address.url.rstrip('/')}/v1/{path}"
        try:
            response = self._http.request(method, url, headers=headers, json=body)
        except httpx.HTTPError as error:
            if certificate_refused(error):
                hint = "its certificate is not of an authority that is trusted: see deployment.vault.ca"
                raise Misconfigured("vault-certificate", self._address.url, hint) from None
            raise Unavailable("vault-away", self._address.url, "no answer; is it reachable from here?") from None
        self._refuse(response.status_code)
        return Answer(response.status_code, _object(response))

    def _refuse(self, status: int) -> None:
        where = self._address.url
        if status == 503:
            raise Unavailable("vault-sealed", where, "it is sealed, or has no active node: unseal it")
        if 300 <= status < 400 or status in (472, 473):
            raise Unavailable("vault-standby", where, "it sends us elsewhere: name the active node, or a balancer")
        if status == 429 or status >= 500:
            raise Unavailable("vault-away", where, f"it answers {status}")


def _object(response: httpx.Response) -> Mapping[str, object]:
    try:
        content = response.json() if response.content else {}
    except ValueError:
        content = {}
    return content if isinstance(content, Mapping) else {}
