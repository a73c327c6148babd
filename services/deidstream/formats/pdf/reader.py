"""The pages of a PDF by pdfium: their text, where each character stands, where pictures are, and how they look."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from deidstream.core.errors import Malformed
from deidstream.formats.pdf.box import SCALE, Box, Place
from deidstream.formats.pdf.drawn import pictured
from deidstream.formats.pdf.limits import MOST_CHARACTERS, MOST_PAGES, MOST_PIXELS

if TYPE_CHECKING:  # pdfium is loaded where the first PDF is read
    import numpy as np
    import numpy.typing as npt

__all__ = ["Page", "pages", "pictures_of"]

_SCAN = 0.5
"""Of a page: a picture as large is what the page is about."""
_PASSWORD = 4  # FPDF_ERR_PASSWORD
_REPLACEMENT = "\ufffd"
_Pdfium = Any  # has no types
_LOCK = threading.Lock()
"""pdfium is for one thread at a time."""


@dataclass(frozen=True, slots=True)
class Page:
    """``text``: what its text layer says; ``boxes[i]``: where code point i stands, None for white space that is only implied."""

    text: str = field(repr=False)
    boxes: tuple[Box | None, ...] = field(repr=False)
    pictures: tuple[Box, ...]
    is_readable: bool
    """Whether every character says what it is."""
    area: float
    """Pixels."""

    @property
    def is_scan(self) -> bool:
        """Whether what people read there may be a picture."""
        return bool(self.pictures) and (
            not self.text.strip() or max(one.area for one in self.pictures) >= _SCAN * self.area
        )


def pages(source: bytes) -> list[Page]:
    """All pages, annotations and forms as they are shown. Raises Malformed.

    ``pdf-encrypted``, ``pdf-unreadable``, ``too-many-pages``, ``page-too-large``.
    """
    with _opened(source) as document:
        return [_read(page) for page in _shown(document)]


def pictures_of(source: bytes) -> Iterator[npt.NDArray[np.uint8]]:
    """Each page as it looks: uint8 ``[height, width, 3]``, RGB, at ``SCALE``."""
    with _opened(source) as document:
        for page in _shown(document):
            yield page.render(scale=SCALE, rev_byteorder=True, prefer_bgrx=False).to_numpy()[:, :, :3].copy()


@contextmanager
def _opened(source: bytes) -> Iterator[_Pdfium]:
    import pypdfium2

    with _LOCK:
        try:
            document = pypdfium2.PdfDocument(source)
        except pypdfium2.PdfiumError as error:
            reason = "pdf-encrypted" if getattr(error, "err_code", 0) == _PASSWORD else "pdf-unreadable"
            raise Malformed(reason) from None
        try:
            yield document
        finally:
            document.close()


def _shown(document: _Pdfium) -> Iterator[_Pdfium]:
    """The pages, with annotations and forms made part of them."""
    import pypdfium2
    import pypdfium2.raw as pdfium

    if not 0 < len(document) <= MOST_PAGES:
        raise Malformed("too-many-pages" if len(document) else "pdf-unreadable")
    document.init_forms()
    for number in range(len(document)):
        try:
            page = document[number]
            if pdfium.FPDFPage_Flatten(page, pdfium.FLAT_NORMALDISPLAY) == pdfium.FLATTEN_FAIL:
                raise Malformed("pdf-unreadable", f"page[{number + 1}]")
            page.close()
            page = document[number]  # text of what was flattened is seen by who opens it anew
        except pypdfium2.PdfiumError:
            raise Malformed("pdf-unreadable", f"page[{number + 1}]") from None
        width, height = page.get_size()
        if not 0 < width * height * SCALE * SCALE <= MOST_PIXELS:
            raise Malformed("page-too-large", f"page[{number + 1}]")
        yield page
        page.close()


def _read(page: _Pdfium) -> Page:
    import pypdfium2.raw as pdfium

    texts = page.get_textpage()
    count = texts.count_chars()
    if count > MOST_CHARACTERS:
        raise Malformed("page-too-large")
    place = Place(page)
    boxes: list[Box | None] = []
    characters, readable = [], True
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    line = pdfium.FS_RECTF()
    for at in range(count):
        character = chr(pdfium.FPDFText_GetUnicode(texts, at))
        implied = pdfium.FPDFText_IsGenerated(texts, at) == 1
        if pdfium.FPDFText_HasUnicodeMapError(texts, at) == 1 or character in ("\0", _REPLACEMENT):
            readable, character = False, _REPLACEMENT
        if "\ud800" <= character <= "\udfff":
            character = _REPLACEMENT  # one half of a pair
        characters.append("\n" if character == "\r" else " " if character == "\n" else character)
        if implied or not pdfium.FPDFText_GetCharBox(texts, at, left, right, bottom, top):
            boxes.append(None)
            continue
        box = place.box(left.value, bottom.value, right.value, top.value)
        if pdfium.FPDFText_GetLooseCharBox(texts, at, line):  # as high as the font, not as the character
            box = box.united(place.box(line.left, line.bottom, line.right, line.top))
        boxes.append(box)
    texts.close()
    return Page("".join(characters), tuple(boxes), tuple(pictured(page.raw, place.box)), readable, place.area)
