"""What all values of one message have in common: how they are cut, what their characters read, whose tables say what they are."""

from __future__ import annotations

from functools import lru_cache

from deidstream.formats.hl7v2.codec import ValueCodec, value_codec
from deidstream.formats.hl7v2.delimiters import Delimiters

__all__ = ["Dialect", "dialect"]


class Dialect:
    """Messages of one sender share one object, so that what depends on nothing else can be kept by it (see ``dialect``)."""

    __slots__ = ("_decoded", "codec", "delimiters", "version")

    def __init__(self, version: str, delimiters: Delimiters, charset: str, decoded: bool) -> None:
        self.version = version
        """Whose tables are read (``definition.nearest`` of MSH-12)."""
        self.delimiters = delimiters
        self.codec: ValueCodec = value_codec(delimiters, charset)
        self._decoded = decoded

    def read(self, characters: str) -> str:
        """What ``characters``, as they stand in ``Segment.fields``, read: in the message's charset, escapes resolved."""
        if not self._decoded and not characters.isascii():
            characters = self.codec.decode(characters.encode("latin-1"))
        return self.codec.text(characters)


@lru_cache(maxsize=64)
def dialect(version: str, delimiters: Delimiters, charset: str, decoded: bool) -> Dialect:
    """The one of its kind. ``decoded``: whether the message was decoded before it was cut (else a character is a byte)."""
    return Dialect(version, delimiters, charset, decoded)
