"""A PDF written anew: pictures of its pages with what was decided burned in, under an invisible layer of their text."""

from __future__ import annotations

import io
import zlib
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from deidstream.core.document import Leaf, Splice
from deidstream.core.errors import Unsafe
from deidstream.formats.pdf import layer
from deidstream.formats.pdf.box import SCALE, Box
from deidstream.formats.pdf.burning import burn, write
from deidstream.formats.pdf.layer import FONT, Run
from deidstream.formats.pdf.reader import Page, pictures_of

if TYPE_CHECKING:  # loaded where the first PDF is written
    import numpy as np
    import numpy.typing as npt
    import pikepdf

    from deidstream.formats.pdf.document import PdfDocument

__all__ = ["written"]

_LOSSLESS = 1 << 20
"""Bytes: a page that takes more without loss is written with it."""
_LESS = 0.01
"""Pixels: readers round up what a page measures."""
_ROOM = 2
"""Pixels: what a box is wider on each side than the characters say they are."""


class _Change(NamedTuple):
    """Code points ``[start, end)`` of a page read ``text`` now."""

    start: int
    end: int
    text: str


def written(document: PdfDocument, found: Sequence[Splice]) -> bytes:
    """The file. ``found``: splices of the document's body. Raises Unsafe where what is to be covered has no place."""
    import pikepdf

    out = pikepdf.new()
    font = layer.font(out)
    texts, covered = _divided(document, found)
    for number, picture in enumerate(pictures_of(document.source)):
        page, changes = document.pages[number], texts.get(number, [])
        for box in (*covered.get(number, []), *_boxes(page, changes)):
            burn(picture, box)
        runs = list(_runs(page, changes))
        for run in runs:
            if run.is_new:
                write(picture, run.box, run.text)
        _add(out, font, picture, runs)
    stream = io.BytesIO()
    out.save(stream, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return stream.getvalue()


def _divided(document: PdfDocument, found: Sequence[Splice]) -> tuple[dict[int, list[_Change]], dict[int, list[Box]]]:
    """By page, counted from 0: what its text reads now, and which of its pictures go."""
    starts = [leaf.start for leaf in document.leaves]
    texts: dict[int, list[_Change]] = {}
    pictures: dict[int, list[Box]] = {}
    for one in sorted(found):
        leaf = _holding(document.leaves, starts, one)
        number = int(leaf.path[5 : leaf.path.index("]")]) - 1 if leaf.type != "unseen" else -1
        if leaf.type == "text":
            at = leaf.codec.offsets(document.body[leaf.start : leaf.end])
            start, end = (bisect_right(at, place - leaf.start) - 1 for place in one[:2])
            texts.setdefault(number, []).append(_Change(start, end, one.replacement.decode()))
        elif leaf.type == "picture":
            which = int(leaf.path[leaf.path.rindex("[") + 1 : -1]) - 1
            pictures.setdefault(number, []).append(document.pages[number].pictures[which])
    return texts, pictures


def _holding(leaves: Sequence[Leaf], starts: Sequence[int], one: Splice) -> Leaf:
    leaf = leaves[bisect_right(starts, one.start) - 1]
    if not leaf.start <= one.start <= one.end <= leaf.end:
        raise Unsafe("edit-outside-value", leaf.path)
    return leaf


def _boxes(page: Page, changes: Sequence[_Change]) -> Iterator[Box]:
    """What is to be covered, line by line."""
    for change in changes:
        lines = list(_lines(page, change.start, change.end))
        if not lines and page.text[change.start : change.end].strip():
            raise Unsafe("no-place-on-page")
        for box in lines:
            yield Box(box.left - _ROOM, box.top - _ROOM, box.right + _ROOM, box.bottom + _ROOM)


def _lines(page: Page, start: int, end: int) -> Iterator[Box]:
    """The boxes of the characters ``[start, end)``, those of one line united."""
    line: Box | None = None
    for box in page.boxes[start:end]:
        if box is None:
            continue
        if line is not None and not _is_beside(line, box):
            yield line
            line = None
        line = box if line is None else line.united(box)
    if line is not None:
        yield line


def _is_beside(line: Box, box: Box) -> bool:
    """Whether a character goes on with the line: it overlaps in height, and stands within three heights of it."""
    height = max(line.bottom - line.top, box.bottom - box.top, 1)
    overlap = min(line.bottom, box.bottom) - max(line.top, box.top)
    return overlap > -0.2 * height and box.left - line.right < 3 * height and line.left - box.right < 3 * height


def _runs(page: Page, changes: Sequence[_Change]) -> Iterator[Run]:
    """What the page says now, word by word, and where."""
    at = 0
    for change in (*changes, _Change(len(page.text), len(page.text), "")):
        yield from _words(page, at, change.start)
        box = next(_lines(page, change.start, change.end), None)
        if box is not None and change.text.strip():
            yield Run(" ".join(change.text.split()), box, is_new=True)
        at = change.end


def _words(page: Page, start: int, end: int) -> Iterator[Run]:
    first = start
    for at in range(start, end + 1):
        if at < end and not page.text[at].isspace():
            continue
        box = next(_lines(page, first, at), None)
        if box is not None:
            yield Run(page.text[first:at], box)
        first = at + 1


def _add(out: pikepdf.Pdf, font: pikepdf.Object, picture: npt.NDArray[np.uint8], runs: Sequence[Run]) -> None:
    """A page with ``picture`` on all of it, and the text of ``runs``."""
    from pikepdf import Dictionary

    height, width = ((side - _LESS) / SCALE for side in picture.shape[:2])
    page = out.add_blank_page(page_size=(width, height))
    page.Resources = Dictionary(XObject=Dictionary({"/Im1": _image(out, picture)}), Font=Dictionary({FONT: font}))
    drawn = f"q {width:.6f} 0 0 {height:.6f} 0 0 cm /Im1 Do Q\n".encode()
    page.Contents = out.make_stream(drawn + layer.content(runs, height))


def _image(out: pikepdf.Pdf, picture: npt.NDArray[np.uint8]) -> pikepdf.Object:
    """Without loss where that takes little (print, drawings), else as JPEG (photographs)."""
    from pikepdf import Name
    from PIL import Image

    grey = bool((picture[:, :, 0] == picture[:, :, 1]).all() and (picture[:, :, 1] == picture[:, :, 2]).all())
    pixels = picture[:, :, 0].copy() if grey else picture
    data, coding = zlib.compress(pixels.tobytes(), 6), Name.FlateDecode
    if len(data) > _LOSSLESS:
        stream = io.BytesIO()
        Image.fromarray(pixels).save(stream, "JPEG", quality=90)
        data, coding = stream.getvalue(), Name.DCTDecode
    image = out.make_stream(data)
    image.Type, image.Subtype, image.Filter = Name.XObject, Name.Image, coding
    image.Width, image.Height, image.BitsPerComponent = picture.shape[1], picture.shape[0], 8
    image.ColorSpace = Name.DeviceGray if grey else Name.DeviceRGB
    return image
