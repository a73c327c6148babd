"""Being logged in to Vault: a token that is renewed at two thirds of its lease, and got anew when it cannot be.

What proves who we are is read from its file each time, for the platform replaces it (a service account's token every hour).
"""

from __future__ import annotations

import os
import stat
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from deidstream.adapters.vault_http import Answer, VaultHttp
from deidstream.core.errors import DeidstreamError, Misconfigured, Unavailable

__all__ = ["VaultLogin", "VaultSession"]

_SHARE = 2 / 3
_AGAIN = 10.0
_IDLE = 3_600.0
"""Seconds: how often a token that never expires is looked at."""


@dataclass(frozen=True, slots=True)
class VaultLogin:
    """``secret``: a file; with the service account's token (kubernetes), the secret id (approle), or a token of Vault's own.

    ``role``: its name (kubernetes), or the role id (approle).
    """

    kind: Literal["kubernetes", "approle", "token"]
    secret: Path
    role: str = ""
    mount: str = ""
    """Of the method, below ``auth/``; default: its kind."""


@dataclass(frozen=True, slots=True)
class _Lease:
    token: str = field(repr=False)
    seconds: float
    renewable: bool
    since: float

    @property
    def left(self) -> float:
        """Seconds until it should be renewed."""
        return self.since + self.seconds * _SHARE - time.monotonic() if self.seconds else _IDLE

    @property
    def over(self) -> bool:
        return bool(self.seconds) and time.monotonic() >= self.since + self.seconds


class VaultSession:
    """The token of one process. ``keep`` renews it beside everything else; without, it is got anew when it is over."""

    def __init__(self, http: VaultHttp, login: VaultLogin) -> None:
        self._http = http
        self._login = login
        self._lock = threading.Lock()
        self._lease: _Lease | None = None
        self._stop = threading.Event()

    def token(self) -> str:
        """Raises Misconfigured where Vault does not know us, Unavailable where it is away."""
        with self._lock:
            if self._lease is None or self._lease.over:
                self._lease = self._logged_in()
            return self._lease.token

    def refused(self, token: str) -> None:
        """``token`` was not taken any more: the next one is new."""
        with self._lock:
            if self._lease is not None and self._lease.token == token:
                self._lease = None

    def keep(self) -> None:
        """Renews from now on, in a thread that ends with the process."""
        threading.Thread(target=self._keep, name="vault", daemon=True).start()

    def close(self) -> None:
        """Renews no more."""
        self._stop.set()

    def _keep(self) -> None:
        """Vault may be away for as long as it likes: keys that were read are there."""
        pause = 0.0
        while not self._stop.wait(pause):
            try:
                pause = max(self._renewed(), 1.0)
            except DeidstreamError:
                pause = _AGAIN

    def _renewed(self) -> float:
        """Renews what is due. Seconds until the next time."""
        self.token()
        with self._lock:
            lease = self._lease
            if lease is not None and lease.left <= 0:
                lease = self._lease = self._longer(lease)
            return lease.left if lease else 0.0

    def _longer(self, lease: _Lease) -> _Lease:
        if lease.renewable:
            answer = self._http.ask("POST", "auth/token/renew-self", lease.token, {})
            renewed = _lease(answer, lease.token)
            # At its longest life what is left gets shorter and shorter.
            if renewed is not None and renewed.seconds >= lease.seconds / 2:
                return renewed
        return self._logged_in()

    def _logged_in(self) -> _Lease:
        if self._login.kind == "token":
            return self._given()
        role, secret = self._login.role, self._secret()
        body = (
            {"role_id": role, "secret_id": secret} if self._login.kind == "approle" else {"role": role, "jwt": secret}
        )
        path = f"auth/{self._login.mount or self._login.kind}/login"
        lease = _lease(self._http.ask("POST", path, "", body), "")
        if lease is None:
            hint = f"it does not take the {_SHOWN[self._login.kind]} for this role"
            raise Misconfigured("vault-login", path, hint)
        return lease

    def _given(self) -> _Lease:
        token = self._secret()
        answer = self._http.ask("GET", "auth/token/lookup-self", token)
        data = answer.part("data")
        if answer.status != 200 or not data:
            raise Misconfigured("vault-login", str(self._login.secret), "the token there is not valid, or has expired")
        return _Lease(token, _number(data, "ttl"), bool(data.get("renewable")), time.monotonic())

    def _secret(self) -> str:
        path = self._login.secret
        try:
            with path.open("rb") as stream:
                mode = os.fstat(stream.fileno()).st_mode
                text = stream.read(65_536).decode("ascii").strip()
        except (OSError, UnicodeDecodeError):
            text, mode = "", 0
        if not text:
            raise Misconfigured("vault-secret", str(path), "must be a readable file with nothing else in it")
        if self._login.kind != "kubernetes" and stat.S_IMODE(mode) & 0o007:  # those of Kubernetes are the kubelet's
            raise Misconfigured("vault-secret", str(path), "everybody can read it: chmod 600")
        return text


_SHOWN = {"approle": "secret id", "kubernetes": "service account's token"}


def _lease(answer: Answer, token: str) -> _Lease | None:
    """What was granted; None where it was not."""
    auth = answer.part("auth")
    token = str(auth.get("client_token") or token)
    if answer.status != 200 or not auth or not token:
        return None
    return _Lease(token, _number(auth, "lease_duration"), bool(auth.get("renewable")), time.monotonic())


def _number(data: Mapping[str, object], name: str) -> float:
    value = data.get(name)
    if not isinstance(value, (int, float)):
        raise Unavailable("vault-away", name, "what it answers is not understood")
    return float(value)
