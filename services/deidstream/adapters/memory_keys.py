"""Keys in memory: for tests, and for one-shot runs that keep nothing."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from deidstream.core.errors import Misconfigured, Unavailable, Unsafe
from deidstream.ports import Sealed

__all__ = ["KEY_ID", "Key", "MemoryKeyRing", "new_key"]

NONCE_BYTES = 12
KEY_BYTES = 32
KEY_ID = re.compile("[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Key:
    """One key. Its id is random and says nothing about it."""

    id: str
    secret: bytes = field(repr=False)
    created: float = 0.0


def new_key() -> Key:
    """A fresh key from the operating system's generator."""
    return Key(secrets.token_hex(8), secrets.token_bytes(KEY_BYTES), time.time())


class MemoryKeyRing:
    """A key ring over keys held in memory. Purposes come into being when first used, within ``purposes`` if given.

    ``surrogate.*`` among ``purposes`` stands for all that begin with ``surrogate.``.
    """

    def __init__(
        self, keys: Mapping[str, tuple[Key, ...]] | None = None, purposes: Collection[str] | None = None
    ) -> None:
        self._keys: dict[str, tuple[Key, ...]] = dict(keys or {})
        self._purposes = None if purposes is None else frozenset(purposes)
        self._ciphers: dict[tuple[str, str], AESGCM] = {}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({sorted(self._keys)})"

    def seal(self, purpose: str, plaintext: bytes, bound_to: bytes) -> Sealed:
        """AES-256-GCM under the newest key of ``purpose``, with a random 96-bit nonce."""
        key = self._ring(purpose)[-1]
        nonce = os.urandom(NONCE_BYTES)
        return Sealed(key.id, nonce, self._cipher(purpose, key).encrypt(nonce, plaintext, bound_to))

    def open(self, purpose: str, sealed: Sealed, bound_to: bytes) -> bytes:
        """See ``ports.KeyRing``."""
        cipher = self._ciphers.get((purpose, sealed.key_id)) or self._cipher(
            purpose, self._named(purpose, sealed.key_id)
        )
        try:
            return cipher.decrypt(sealed.nonce, sealed.ciphertext, bound_to)
        except (InvalidTag, ValueError):
            raise Unsafe("seal-broken", purpose) from None

    def mac(self, purpose: str, message: bytes, key_id: str = "") -> bytes:
        """HMAC-SHA-256 under the named key, else the oldest, which stays when others are added."""
        key = self._named(purpose, key_id) if key_id else self._ring(purpose)[0]
        return hmac.digest(key.secret, message, hashlib.sha256)

    def secret(self, purpose: str) -> bytes:
        """The 32 bytes of the pinned (oldest) key."""
        return self._ring(purpose)[0].secret

    def ids(self, purpose: str) -> tuple[str, ...]:
        """The ids of all keys of ``purpose``, oldest first."""
        return tuple(key.id for key in self._ring(purpose))

    def made(self, purpose: str) -> tuple[float, ...]:
        """When each key of ``purpose`` was made, epoch seconds, oldest first."""
        return tuple(key.created for key in self._ring(purpose))

    def all_of(self, purpose: str) -> tuple[Key, ...]:
        """The keys of ``purpose`` themselves, oldest first: to keep them elsewhere."""
        return self._ring(purpose)

    def _ring(self, purpose: str) -> tuple[Key, ...]:
        found = self._keys.get(purpose)
        if found is not None:
            return found
        if not self._given(purpose):
            raise Misconfigured("key-not-given", purpose, "this process was not given keys of that purpose")
        found = self._keys[purpose] = self._create(purpose)
        return found

    def _given(self, purpose: str) -> bool:
        if self._purposes is None or purpose in self._purposes:
            return True
        family, dot, _ = purpose.partition(".")
        return bool(dot) and f"{family}.*" in self._purposes

    def _create(self, purpose: str) -> tuple[Key, ...]:
        return (new_key(),)

    def _reload(self, purpose: str) -> tuple[Key, ...]:
        """All keys of ``purpose`` as they now are; another process may have rotated."""
        return self._ring(purpose)

    def _named(self, purpose: str, key_id: str) -> Key:
        for look in (self._ring, self._reload):  # where keys are kept may be away: only who misses one asks
            for key in look(purpose):
                if key.id == key_id:
                    return key
        if not KEY_ID.fullmatch(key_id):
            raise Unsafe("foreign-key", purpose)  # no ring of ours ever made it
        if key_id in self._given_up(purpose):
            raise Unsafe("key-given-up", purpose)
        hint = "restore the key ring from its backup; if the key is gone: deidstream keys give-up"
        raise Unavailable("unknown-key", f"{purpose}/{key_id}", hint)

    def _given_up(self, purpose: str) -> Collection[str]:
        """Ids of keys of ``purpose`` that will not come back."""
        return ()

    def _cipher(self, purpose: str, key: Key) -> AESGCM:
        cipher = self._ciphers.get((purpose, key.id))
        if cipher is None:
            cipher = self._ciphers[purpose, key.id] = AESGCM(key.secret)
        return cipher
