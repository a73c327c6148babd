"""A key management service in memory: what it means to wrap, without a server."""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from deidstream.core.errors import Misconfigured, Unavailable


class Wrapping:
    """``away``: it does not answer. ``asked``: what it was asked to unwrap."""

    def __init__(self) -> None:
        self._cipher = AESGCM(os.urandom(32))
        self.away = False
        self.asked: list[str] = []

    def wrap(self, purpose: str, key_id: str, secret: bytes) -> bytes:
        nonce = os.urandom(12)
        return nonce + self._cipher.encrypt(nonce, secret, f"{purpose}/{key_id}".encode())

    def unwrap(self, purpose: str, key_id: str, wrapped: bytes) -> bytes:
        if self.away:
            raise Unavailable("kms-away", "memory")
        self.asked.append(f"{purpose}/{key_id}")
        try:
            return self._cipher.decrypt(wrapped[:12], wrapped[12:], f"{purpose}/{key_id}".encode())
        except InvalidTag:
            raise Misconfigured("kms-other-key", purpose) from None
