"""Keys in HashiCorp Vault (or OpenBao): one entry a purpose in a KV store of version 2, as ``key_document`` describes it.

A process reads its purposes at the start and keeps them; it asks again only for a key that it misses. So Vault may be away for as
long as nobody rotates, and must be there when a process starts. No process makes or renews a key: an operator does, with a role
that may write. ``given_up`` in an entry names keys that will not come back.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from deidstream.adapters.kept_keys import KeptKeyRing
from deidstream.adapters.key_document import document, keys_of
from deidstream.adapters.memory_keys import Key
from deidstream.adapters.vault_kv import VaultKv
from deidstream.core.errors import Misconfigured, Unavailable

__all__ = ["VaultKeyRing"]

_TRIES = 8
_GIVEN_UP = "given_up"


class VaultKeyRing(KeptKeyRing):
    """A key ring over the entries of ``store``. ``create``: purposes that are not there are made (``deidstream keys make``).

    Raises Unavailable where Vault is away, Misconfigured where it refuses us or an entry is not there.
    """

    def __init__(self, store: VaultKv, purposes: Collection[str] | None = None, create: bool = False) -> None:
        super().__init__(purposes, create)
        self._store = store
        self._all(purposes)

    def renew(self, purposes: Collection[str], older_than: float, now: float) -> tuple[str, ...]:
        """Renews none: ``deidstream doctor`` says which are old, ``deidstream keys rotate`` renews them."""
        return ()

    def inventory(self) -> dict[str, tuple[tuple[str, float], ...]]:
        """See ``KeptKeyRing``."""
        found = {purpose: self._kept(purpose) for purpose in self._store.names()}
        return {purpose: tuple((key.id, key.created) for key in keys) for purpose, keys in found.items() if keys}

    def _name(self, purpose: str) -> str:
        return self._store.place(purpose)

    def _kept(self, purpose: str) -> tuple[Key, ...] | None:
        entry = self._store.read(purpose)
        return None if entry is None else keys_of(entry.data, purpose)

    def _keep(self, purpose: str, keys: tuple[Key, ...]) -> None:
        self._store.write(purpose, document(purpose, keys), 0)  # where it is not taken, another was first

    def _extended(self, purpose: str, key: Key) -> tuple[Key, ...]:
        def added(data: dict[str, Any]) -> dict[str, Any]:
            return data | document(purpose, (*keys_of(data, purpose), key))

        return keys_of(self._changed(purpose, added), purpose)

    def _lose(self, purpose: str, key_id: str) -> None:
        self._changed(purpose, lambda data: data | {_GIVEN_UP: sorted({*data.get(_GIVEN_UP, ()), key_id})})

    def _given_up(self, purpose: str) -> Collection[str]:
        entry = self._store.read(purpose)
        lost = entry.data.get(_GIVEN_UP) if entry else None
        return {str(one) for one in lost} if isinstance(lost, list) else ()

    def _changed(self, purpose: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
        """Puts ``change`` of what is there at this moment; whoever else changes it meanwhile loses nothing."""
        for _ in range(_TRIES):
            entry = self._store.read(purpose)
            if entry is None:
                raise Misconfigured(
                    "key-missing", purpose, f"no {self._name(purpose)} there; restore it from your backup"
                )
            changed = change(dict(entry.data))
            if self._store.write(purpose, changed, entry.version):
                return changed
        raise Unavailable("keys-not-writable", self._name(purpose), "others change it all the time")
