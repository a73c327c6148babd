"""Reversible tokens: the value itself, encrypted deterministically under a key of its own."""

from __future__ import annotations

import re
from base64 import b32decode, b32encode
from typing import Protocol

from deidstream.core.errors import Malformed

__all__ = ["TokenCipher", "reveal", "token"]

_PREFIX = "TKN-"
_TOKEN = re.compile(r"TKN-[A-Z2-7]{28,}")


class TokenCipher(Protocol):
    """Deterministic authenticated encryption (AES-SIV, RFC 5297) under the token key of one project."""

    def encrypt(self, plaintext: bytes) -> bytes:
        """The ciphertext: equal plaintexts, equal ciphertexts."""

    def decrypt(self, ciphertext: bytes) -> bytes:
        """The plaintext. Raises Unsafe (``seal-broken``) for what this key did not make."""


def token(value: str, cipher: TokenCipher, longest: int = 0) -> str | None:
    """``TKN-`` and the ciphertext in base 32 (letters, digits, hyphen); None where it would be longer than ``longest`` (0: any)."""
    text = _PREFIX + b32encode(cipher.encrypt(value.encode("utf-8"))).decode().rstrip("=")
    return None if longest and len(text) > longest else text


def reveal(text: str, cipher: TokenCipher) -> str:
    """The value behind a token. Raises Malformed (``not-a-token``), Unsafe (``seal-broken``)."""
    if not _TOKEN.fullmatch(text):
        raise Malformed("not-a-token")
    body = text[len(_PREFIX) :]
    try:
        sealed = b32decode(body + "=" * (-len(body) % 8))
    except ValueError as error:
        raise Malformed("not-a-token") from error
    return cipher.decrypt(sealed).decode("utf-8")
