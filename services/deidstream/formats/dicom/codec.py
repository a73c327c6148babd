"""How the bytes of a value and its text relate: character sets (PS3.5, 6.1; PS3.3, C.12.1.1.2), and padding to even length."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from pydicom.charset import convert_encodings, decode_bytes, encode_string

from deidstream.core.errors import Malformed
from deidstream.formats.dicom.limits import fitted
from deidstream.formats.text import TextCodec

__all__ = ["DEFAULT", "ValueCodec", "codec_of", "encodings_of"]

DEFAULT = ("iso8859",)
_DELIMITERS = {ord("\\"), ord("^"), ord("="), ord("\r"), ord("\n"), ord("\f"), ord("\t")}
"""What resets code extensions (PS3.5, 6.1.2.5.3)."""
_LONGEST = {2: 0xFFFE, 4: 0xFFFFFFFE}


@lru_cache(maxsize=256)
def encodings_of(terms: tuple[str, ...]) -> tuple[str, ...]:
    """Python's names for the values of SpecificCharacterSet. Raises Malformed for what is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)
            return tuple(convert_encodings(list(terms))) if any(terms) else DEFAULT
    except (LookupError, UserWarning, ValueError):
        raise Malformed("unknown-character-set", "SpecificCharacterSet") from None


@dataclass(frozen=True, slots=True)
class ValueCodec:
    """Text of one VR in the encodings of its data set. ``longest``: bytes that the length field can say."""

    encodings: tuple[str, ...]
    pad: bytes
    longest: int
    vr: str = ""

    def decode(self, raw: bytes) -> str:
        """The text without its padding. Raises Malformed for bytes that are none of the character set's."""
        raw = raw.rstrip(b"\0 ")
        if raw.isascii() and b"\x1b" not in raw:
            return raw.decode("ascii")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                return decode_bytes(raw, self.encodings, _DELIMITERS)
        except (UserWarning, UnicodeError, LookupError):
            raise Malformed("invalid-charset", "value") from None

    def encode(self, text: str) -> bytes:
        """The value, of even length, cut to what its VR allows. Characters that the encodings lack become ``?``.

        Raises Malformed for what the length field cannot say.
        """
        raw = self.bare(fitted(text, self.vr))
        if len(raw) > self.longest:
            raise Malformed("value-too-long", "value")
        return raw + self.pad * (len(raw) % 2)

    def bare(self, text: str) -> bytes:
        """The value before it is padded."""
        if text.isascii():
            return text.encode("ascii")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                return encode_string(text, self.encodings)
        except (UserWarning, UnicodeError, LookupError, ValueError):
            return text.encode("ascii", "replace")

    def offsets(self, raw: bytes) -> Sequence[int]:
        """Byte offset of each code point. With code extensions only a whole value can be replaced: see ``DicomDocument``."""
        if raw.isascii():
            return range(len(raw) + 1)
        return TextCodec(self.encodings[0]).offsets(raw)


@lru_cache(maxsize=512)
def codec_of(vr: str, encodings: tuple[str, ...], length_size: int) -> ValueCodec:
    """The codec of values of ``vr`` whose length field has ``length_size`` bytes."""
    binary = vr in ("UI", "OB", "UN", "OW")
    return ValueCodec(encodings, b"\0" if binary else b" ", _LONGEST[length_size], vr)
