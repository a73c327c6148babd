"""Keys by purpose."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

__all__ = ["KeyRing", "KeyWrapping", "Sealed"]


@dataclass(frozen=True, slots=True)
class Sealed:
    """Ciphertext with what is needed to open it, given the right key ring."""

    key_id: str
    nonce: bytes
    ciphertext: bytes = field(repr=False)


class KeyRing(Protocol):
    """The keys that one process was given, by purpose (``content``, ``identity``, ``lookup``, ``surrogate.<project>`` ...)."""

    def seal(self, purpose: str, plaintext: bytes, bound_to: bytes) -> Sealed:
        """AES-256-GCM under the newest key of ``purpose``; ``bound_to`` is authenticated, not stored."""

    def open(self, purpose: str, sealed: Sealed, bound_to: bytes) -> bytes:
        """The plaintext. Raises Unsafe (``seal-broken``, ``foreign-key``, ``key-given-up``), Misconfigured without that purpose,
        Unavailable (``unknown-key``) while the ring lacks the key: it may be restored, and what it sealed waits for it."""

    def mac(self, purpose: str, message: bytes, key_id: str = "") -> bytes:
        """HMAC-SHA-256, 32 bytes, under the pinned (or named) key of ``purpose``."""

    def secret(self, purpose: str) -> bytes:
        """The 32-byte key itself, for ciphers that take one (FF1)."""


class KeyWrapping(Protocol):
    """A key management service, whose key never leaves it: it encrypts our keys and decrypts them."""

    def wrap(self, purpose: str, key_id: str, secret: bytes) -> bytes:
        """``secret``, encrypted, bound to its purpose and id. Raises Unavailable, or Misconfigured where we may not."""

    def unwrap(self, purpose: str, key_id: str, wrapped: bytes) -> bytes:
        """The secret again. Raises Unavailable, or Misconfigured where we may not, or it is none of that purpose and id."""
