"""The ciphers that the pure surrogates are given."""

from __future__ import annotations

import hashlib
import hmac

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from deidstream.core.errors import Unsafe
from deidstream.core.surrogate.ff1 import BlockCipher

__all__ = ["SivTokens", "aes"]


def aes(key: bytes) -> BlockCipher:
    """AES-256 on single blocks, as FF1 needs it (SP 800-38G, 4.3)."""
    # ECB on one block is the bare permutation; FF1 chains the blocks itself. The context may be fed for ever.
    return Cipher(algorithms.AES(key), modes.ECB()).encryptor().update  # noqa: S305


class SivTokens:
    """AES-256-SIV (RFC 5297) under the token key of one project, which is bound as associated data."""

    def __init__(self, key: bytes, project: str) -> None:
        halves = (hmac.digest(key, b"deidstream token 1 " + part, hashlib.sha256) for part in (b"mac", b"ctr"))
        self._siv = AESSIV(b"".join(halves))
        self._bound = [project.encode()]

    def encrypt(self, plaintext: bytes) -> bytes:
        """The ciphertext: equal plaintexts, equal ciphertexts."""
        return self._siv.encrypt(plaintext, self._bound)

    def decrypt(self, ciphertext: bytes) -> bytes:
        """The plaintext. Raises Unsafe (``seal-broken``) for what this key did not make."""
        try:
            return self._siv.decrypt(ciphertext, self._bound)
        except InvalidTag as error:
            raise Unsafe("seal-broken", "token") from error
