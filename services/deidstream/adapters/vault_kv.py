"""Entries of a KV store, version 2, of a Vault server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from deidstream.adapters.vault_http import Answer, VaultHttp
from deidstream.adapters.vault_session import VaultSession
from deidstream.core.errors import Misconfigured

__all__ = ["Entry", "VaultKv"]


@dataclass(frozen=True, slots=True)
class Entry:
    """``version``: which one of the entry this is, from 1."""

    data: Mapping[str, object] = field(repr=False)
    version: int


class VaultKv:
    """Below ``path`` in the store at ``mount``. Raises Unavailable while Vault is away, Misconfigured where we may not."""

    def __init__(self, http: VaultHttp, session: VaultSession, mount: str, path: str) -> None:
        self._http = http
        self._session = session
        self._mount = mount.strip("/")
        self._path = path.strip("/")

    def place(self, name: str) -> str:
        """What people call the entry."""
        return f"{self._mount}/{self._path}/{name}"

    def read(self, name: str) -> Entry | None:
        """The newest version; None where there is none, or it was deleted."""
        answer = self._ask("GET", "data", name)
        data, about = answer.part("data", "data"), answer.part("data", "metadata")
        version = about.get("version")
        if answer.status == 404:
            return None
        if answer.status != 200 or not isinstance(version, int):
            raise Misconfigured(
                "vault-store", self.place(name), "this is no KV store of version 2: see deployment.vault.mount"
            )
        return Entry(data, version)

    def write(self, name: str, data: Mapping[str, object], version: int) -> bool:
        """Puts ``data`` where ``version`` is still the newest (0: none was ever there). False where it is not."""
        body = {"options": {"cas": version}, "data": dict(data)}
        status = self._ask("POST", "data", name, body).status
        if status not in (200, 204, 400):
            raise Misconfigured("vault-store", self.place(name), f"it answers {status} to a new version")
        return status != 400

    def names(self) -> tuple[str, ...]:
        """Of all entries."""
        answer = self._ask("LIST", "metadata", "")
        found = answer.part("data").get("keys")
        return tuple(str(one) for one in found if not str(one).endswith("/")) if isinstance(found, list) else ()

    def _ask(self, method: str, kind: str, name: str, body: Mapping[str, object] | None = None) -> Answer:
        """A token that was revoked, or has been at its end, is got anew once."""
        path = "/".join(part for part in (self._mount, kind, self._path, name) if part)
        for _ in range(2):
            token = self._session.token()
            answer = self._http.ask(method, path, token, body)
            if answer.status != 403:
                return answer
            self._session.refused(token)
        raise Misconfigured(
            "vault-denied", path, "the policy of this role does not allow it: see deidstream keys rights"
        )
