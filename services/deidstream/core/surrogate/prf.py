"""A keyed pseudo-random function: the one source of choice for everything that need not be injective."""

from __future__ import annotations

import hashlib

__all__ = ["Prf"]

_SEPARATOR = "\x1f"


class Prf:
    """Keyed BLAKE2b (RFC 7693, 2.5): labels in, numbers out, the same for the same key for ever."""

    def __init__(self, key: bytes) -> None:
        self._base = hashlib.blake2b(key=key, digest_size=16)

    def digest(self, *labels: str) -> bytes:
        """16 bytes."""
        state = self._base.copy()
        state.update(_SEPARATOR.join(labels).encode("utf-8", "surrogatepass"))
        return state.digest()

    def number(self, *labels: str) -> int:
        """A number below 2 ** 128."""
        return int.from_bytes(self.digest(*labels), "big")

    def below(self, bound: int, *labels: str) -> int:
        """A number in [0, bound). The bias is below bound / 2 ** 128."""
        return self.number(*labels) % bound
