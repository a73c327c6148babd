"""Pixels, wherever they are decoded and looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from deidstream.core.page import Page, Places, Sheet
from deidstream.core.region import Region

__all__ = ["Mark", "Pictures", "Reread", "Samples", "Sight", "TextLine"]


@dataclass(frozen=True, slots=True)
class TextLine:
    """A line of text in ``box``. ``score``: how surely it reads ``text`` (0: it cannot be read).

    ``places``: where each character stands, in parts of the width of the box; () where it is not written from left to right.
    """

    box: Region
    text: str = field(repr=False)
    score: float
    places: Sequence[float] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that is no line of text: a ``face``, or a bar ``code`` that says ``text`` ('' where it cannot be read)."""

    kind: Literal["face", "code"]
    box: Region
    text: str = field(default="", repr=False)
    score: float = 1.0


@dataclass(frozen=True, slots=True)
class Sight:
    """What stands in all ``frames`` of a picture."""

    lines: tuple[TextLine, ...] = ()
    marks: tuple[Mark, ...] = ()
    frames: int = 0


@dataclass(frozen=True, slots=True)
class Reread:
    """What is seen on a released page around the places that were to change.

    ``standing[i]``: in the place i, or in a half of it, is what was there before. ``strayed``: something has changed elsewhere.
    """

    lines: tuple[TextLine, ...] = ()
    marks: tuple[Mark, ...] = ()
    standing: tuple[bool, ...] = ()
    strayed: bool = False


class Pictures(Protocol):
    """Decodes, looks and paints. Threads may not share it."""

    def look(self, format_: str, source: bytes, faces: bool = False) -> Sight:
        """What is seen in the pixels of ``source``. ``faces``: look for these too.

        Raises Malformed for pixels that cannot be decoded, or not within the limits of time and memory; Unavailable when a model
        does not answer.
        """

    def painted(self, format_: str, source: bytes, regions: Sequence[Region]) -> bytes:
        """``source`` with ``regions`` filled and all else as it was. Raises Malformed, Unsafe where that cannot be done."""

    def read(self, source: bytes) -> Sequence[Page]:
        """The pages of a PDF: its text layer, held against what its pixels read. Raises as ``look`` does, and Malformed for files
        that are no PDF, are encrypted, or have too many or too large pages.
        """

    def printed(self, source: bytes, sheets: Sequence[Sheet]) -> bytes:
        """A PDF of pictures of the pages of ``source``, with one sheet for each carried out. Raises Malformed."""

    def again(self, source: bytes, released: bytes, places: Sequence[Places]) -> Sequence[Reread]:
        """What is seen on the pages of ``released``, which was made of ``source``, one for each. Raises as ``read`` does."""

    def shown(self, format_: str, source: bytes, frames: Sequence[int]) -> list[bytes]:
        """``frames`` (from 1) as people see them, each as a PNG file. Raises Malformed."""

    def close(self) -> None:
        """Gives back what it holds."""


class Samples(Protocol):
    """Decodes DICOM instances, looks for faces in them, and encodes frames of them anew. Threads may not share it."""

    def words(self, source: bytes) -> bytes:
        """The stored samples of all frames, one after the other: little-endian, of the size that the header allocates.

        Raises Malformed for what cannot be decoded, or not within the limits of time and memory.
        """

    def shows_face(self, source: bytes) -> bool:
        """Whether a face is seen in any frame of ``source``, any of four ways up. Raises as ``Pictures.look`` does."""

    def with_words(self, source: bytes, frames: Mapping[int, bytes]) -> bytes:
        """``source`` with ``frames`` (by number, from 1), as ``words`` has them, in its own transfer syntax; all else is as it was.

        Raises Malformed, Unsafe where that cannot be done.
        """
