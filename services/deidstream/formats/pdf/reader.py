"""The pages of a PDF by pdfium: their text, where each character stands, where pictures are, and how they look.

Only the child that reads pictures calls this: it can be killed. pdfium is for one thread at a time.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from deidstream.core.errors import Malformed
from deidstream.core.page import Box
from deidstream.formats.pdf.box import SCALE, Place
from deidstream.formats.pdf.drawn import pictured
from deidstream.formats.pdf.limits import MOST_CHARACTERS, MOST_PAGES, MOST_PIXELS

if TYPE_CHECKING:  # pdfium is loaded where the first PDF is read
    import numpy as np
    import numpy.typing as npt

__all__ = ["Layer", "layers", "pictures_of"]

_SCAN = 0.5
"""Of a page: a picture as large is what the page is about."""
_LIGHT, _EVEN, _MOST = 128, 32, 0.5
"""Of 255: how light paper is at least, and by how much it may vary; how much of a scan is paper."""
_EVERY = 3
"""Rows and columns of which one tells what colour paper has."""
_PASSWORD = 4  # FPDF_ERR_PASSWORD
_REPLACEMENT = "\ufffd"
_Pdfium = Any  # has no types


@dataclass(frozen=True, slots=True)
class Layer:
    """``text``: what the text layer of a page says; ``boxes[i]``: where code point i stands, None for white space that is only
    implied. A character that does not say what it is is U+FFFD. ``scans``: those of ``pictures`` that are what the page is about,
    and paper, so that what is written there can be read; of a photograph that would not be all.
    """

    text: str = field(repr=False)
    boxes: tuple[Box | None, ...] = field(repr=False)
    pictures: tuple[Box, ...]
    scans: tuple[Box, ...] = ()


def layers(source: bytes) -> Iterator[tuple[Layer, npt.NDArray[np.uint8]]]:
    """Each page, annotations and forms as they are shown, and how it looks. Raises Malformed.

    ``pdf-encrypted``, ``pdf-unreadable``, ``too-many-pages``, ``page-too-large``.
    """
    with _opened(source) as document:
        for page in _shown(document):
            layer, picture = _read(page), _rendered(page)
            yield replace(layer, scans=tuple(one for one in layer.pictures if _is_scan(picture, one))), picture


def pictures_of(source: bytes) -> Iterator[npt.NDArray[np.uint8]]:
    """Each page as it looks: uint8 ``[height, width, 3]``, RGB, at ``SCALE``. Raises as ``layers`` does."""
    with _opened(source) as document:
        for page in _shown(document):
            yield _rendered(page)


@contextmanager
def _opened(source: bytes) -> Iterator[_Pdfium]:
    import pypdfium2

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


def _rendered(page: _Pdfium) -> npt.NDArray[np.uint8]:
    picture: npt.NDArray[np.uint8] = page.render(scale=SCALE, rev_byteorder=True, prefer_bgrx=False).to_numpy()
    return picture[:, :, :3].copy()


def _is_scan(picture: npt.NDArray[np.uint8], box: Box) -> bool:
    """Whether it is half of the page, and most of it has about one colour, a light one."""
    import numpy as np

    height, width = picture.shape[:2]
    if box.area < _SCAN * height * width:
        return False
    shown = picture[max(0, box.top) : box.bottom : _EVERY, max(0, box.left) : box.right : _EVERY]
    grey = (shown[:, :, 0].astype(np.uint16) + shown[:, :, 1] + shown[:, :, 2]) // 3
    counts = np.bincount(grey.ravel(), minlength=256)
    paper = int(counts.argmax())
    return paper >= _LIGHT and int(counts[max(0, paper - _EVEN) : paper + _EVEN + 1].sum()) > _MOST * grey.size


def _read(page: _Pdfium) -> Layer:
    import pypdfium2.raw as pdfium

    texts = page.get_textpage()
    count = texts.count_chars()
    if count > MOST_CHARACTERS:
        raise Malformed("page-too-large")
    place = Place(page)
    boxes: list[Box | None] = []
    characters: list[str] = []
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    line = pdfium.FS_RECTF()
    for at in range(count):
        character = chr(pdfium.FPDFText_GetUnicode(texts, at))
        implied = pdfium.FPDFText_IsGenerated(texts, at) == 1
        if pdfium.FPDFText_HasUnicodeMapError(texts, at) == 1 or character in ("\0", _REPLACEMENT):
            character = _REPLACEMENT
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
    return Layer("".join(characters), tuple(boxes), tuple(pictured(page.raw, place.box)))
