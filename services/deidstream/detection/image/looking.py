"""Looking at pictures in this process: frames one by one, what is seen in each, and rectangles painted over."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from deidstream.core import page as core
from deidstream.core.errors import Malformed
from deidstream.core.region import Region
from deidstream.detection.image.areas import Area, unread
from deidstream.detection.image.lines import Pixels
from deidstream.detection.image.reading import Page, Reader
from deidstream.ports import Mark, Reread, Sight, TextLine

if TYPE_CHECKING:
    from deidstream.detection.image.faces import Faces
    from deidstream.formats.dicom.pixels.picture import DicomPicture

__all__ = ["Looking", "Picture", "opened"]


_PAGE, _FILE = "page", "image"
_KEPT = 64 << 20
"""Bytes: the pages of the document that was read last are kept up to here, until they have been printed and looked at again."""


class Picture(Protocol):
    """The frames of a source."""

    element: str

    @property
    def frames(self) -> int:
        """How many there are."""

    def looks(self, frame: int) -> Sequence[Pixels]:
        """Frame ``frame`` (from 1) as people may see it, each (rows, columns, 3) RGB."""

    def drawings(self) -> Iterator[tuple[str, int, Pixels]]:
        """What lies over the frames: element, frame, and how it looks."""

    def painted(self, regions: Sequence[Region]) -> bytes:
        """The source with ``regions`` filled."""


class Looking:
    """See ``ports.Pictures``. Models are opened when first asked for."""

    def __init__(self, reader: Callable[[], Reader], faces: Callable[[], Faces]) -> None:
        self._open_reader, self._open_faces = reader, faces
        self._reader: Reader | None = None
        self._faces: Faces | None = None
        self._last: tuple[bytes, list[Pixels]] = (b"", [])

    def look(self, format_: str, source: bytes, faces: bool = False) -> Sight:
        """See ``ports.Pictures``."""
        picture = opened(format_, source)
        lines: list[TextLine] = []
        marks: list[Mark] = []
        pages: list[Page] = []
        for frame in range(1, picture.frames + 1):
            looks = picture.looks(frame)
            pages = self._read(picture.element, frame, looks, pages)
            lines += _together(pages)
            marks += self._marks(picture.element, frame, looks, faces)
        for element, frame, look in picture.drawings():
            lines += self._opened().read(look, element, frame).lines
            marks += self._marks(element, frame, (look,), False)
        return Sight(tuple(lines), tuple(marks), picture.frames)

    def painted(self, format_: str, source: bytes, regions: Sequence[Region]) -> bytes:
        """See ``ports.Pictures``."""
        return opened(format_, source).painted(regions)

    def read(self, source: bytes) -> list[core.Page]:
        """See ``ports.Pictures``."""
        from deidstream.detection.image.pages import page
        from deidstream.formats.pdf.reader import layers

        out: list[core.Page] = []
        kept: list[Pixels] = []
        self._last = (b"", [])
        with ThreadPoolExecutor(1) as beside:
            for number, (layer, picture) in enumerate(layers(source), 1):
                kept.append(picture)
                if sum(one.nbytes for one in kept) > _KEPT:
                    kept.clear()
                codes = beside.submit(_codes, picture, number)
                lines = self._opened().read(picture, _PAGE, number, paper=True).lines
                marks = [*codes.result(), *self._faces_on(number, picture, layer.scans, lines)]
                out.append(page(layer, picture, lines, marks))
        self._last = (source, kept) if len(kept) == len(out) else (b"", [])
        return out

    def printed(self, source: bytes, sheets: Sequence[core.Sheet]) -> bytes:
        """See ``ports.Pictures``."""
        from deidstream.formats.pdf.writer import written

        return written(source, sheets, self._pictures(source))

    def again(self, source: bytes, released: bytes, places: Sequence[core.Places]) -> list[Reread]:
        """See ``ports.Pictures``."""
        from deidstream.detection.image.rereading import cut, has_strayed, is_standing
        from deidstream.formats.pdf.reader import pictures_of

        out: list[Reread] = []
        with ThreadPoolExecutor(1) as beside:
            befores = self._pictures(source)
            for number, (after, where) in enumerate(zip(pictures_of(released), places, strict=True), 1):
                areas = cut(where.around, after.shape)
                read = beside.submit(self._opened().reread, after, _PAGE, number, areas)
                before = next(befores)
                standing = [is_standing(before, after, box) for box in where.gone]
                has_changed = before.shape != after.shape or has_strayed(before, after, areas)
                lines = read.result()
                marks = [*_codes_in(after, number, areas), *self._faces_on(number, after, where.around, lines)]
                out.append(Reread(tuple(lines), tuple(marks), tuple(standing), has_changed))
        return out

    def shown(self, format_: str, source: bytes, frames: Sequence[int]) -> list[bytes]:
        """See ``ports.Pictures``."""
        import cv2

        looks = _pages(source, frames) if format_ == "pdf" else map(_first(opened(format_, source)), frames)
        return [cv2.imencode(".png", look[:, :, ::-1])[1].tobytes() for look in looks]

    def words(self, source: bytes) -> bytes:
        """See ``ports.Samples``."""
        picture = _dicom(source)
        return b"".join(picture.words(frame) for frame in range(1, picture.frames + 1))

    def shows_face(self, source: bytes) -> bool:
        """See ``ports.Samples``."""
        picture = _dicom(source)
        looks = (look for frame in range(1, picture.frames + 1) for look in picture.looks(frame))
        return any(self._finder().sees_one(look) for look in looks)

    def with_words(self, source: bytes, frames: Mapping[int, bytes]) -> bytes:
        """See ``ports.Samples``."""
        return _dicom(source).with_words(frames)

    def close(self) -> None:
        """See ``ports.Pictures``."""

    def _read(self, element: str, frame: int, looks: Sequence[Pixels], before: Sequence[Page]) -> list[Page]:
        """A page for each look. What stands still since the frame before is not read again."""
        reader = self._opened()
        last: Sequence[Page | None] = before if len(before) == len(looks) else [None] * len(looks)
        return [reader.read(look, element, frame, page) for look, page in zip(looks, last, strict=True)]

    def _pictures(self, source: bytes) -> Iterator[Pixels]:
        """Each page as it looks: those that were read, where that was the last that was done."""
        from deidstream.formats.pdf.reader import pictures_of

        yield from self._last[1] if self._last[0] == source else pictures_of(source)

    def _opened(self) -> Reader:
        if self._reader is None:
            self._reader = self._open_reader()
        return self._reader

    def _marks(self, element: str, frame: int, looks: Sequence[Pixels], faces: bool) -> Iterator[Mark]:
        from deidstream.detection.image.codes import find

        # The first look at an instance is as its window has it; those at a file show each what the others hide.
        marks: list[Mark] = []
        for look in looks if element == _FILE else looks[:1]:
            found = list(find(look, element, frame))
            found += self._finder().find(look, element, frame) if faces else ()
            marks += [one for one in found if not any(_is_one(one, other) for other in marks)]
        return iter(marks)

    def _faces_on(
        self, number: int, picture: Pixels, scans: Sequence[core.Box], lines: Sequence[TextLine]
    ) -> Iterator[Mark]:
        """The faces in ``scans``, where there is more than text: other pictures of a page go as a whole."""
        from deidstream.detection.image.written import LEGIBLE

        known = [line.box for line in lines if line.score >= LEGIBLE]
        areas = [one for scan in scans for one in unread(picture, scan, known)]
        if areas:
            yield from self._finder().find(picture, _PAGE, number, areas)

    def _finder(self) -> Faces:
        if self._faces is None:
            self._faces = self._open_faces()
        return self._faces


def _codes(picture: Pixels, number: int) -> list[Mark]:
    from deidstream.detection.image.codes import find

    return list(find(picture, _PAGE, number))


def _codes_in(picture: Pixels, number: int, areas: Sequence[Area]) -> Iterator[Mark]:
    for left, top, right, low in areas:
        for mark in _codes(picture[top:low, left:right].copy(), number):
            yield replace(mark, box=mark.box._replace(x=mark.box.x + left, y=mark.box.y + top))


def _first(picture: Picture) -> Callable[[int], Pixels]:
    return lambda frame: picture.looks(frame)[0]


def _pages(source: bytes, numbers: Sequence[int]) -> list[Pixels]:
    from deidstream.formats.pdf.reader import pictures_of

    wanted = {number: look for number, look in enumerate(pictures_of(source), 1) if number in numbers}
    return [wanted[number] for number in numbers]


def opened(format_: str, source: bytes) -> Picture:
    """The picture in ``source``. Raises Malformed."""
    if format_ == "dicom":
        return _dicom(source)
    if format_ == "image":
        from deidstream.formats.image import split as split_image
        from deidstream.formats.image.picture import FilePicture

        return FilePicture(split_image(source))
    raise Malformed("unsupported-format", format_)


def _dicom(source: bytes) -> DicomPicture:
    from deidstream.formats.dicom import split
    from deidstream.formats.dicom.pixels.picture import DicomPicture

    return DicomPicture(split(source))


def _together(pages: Sequence[Page]) -> list[TextLine]:
    """The lines of all looks at a frame, from above."""
    lines: list[TextLine] = []
    for page in pages:
        lines += _new(page.lines, lines)
    return sorted(lines, key=lambda line: (line.box.y, line.box.x))


def _new(lines: Sequence[TextLine], before: Sequence[TextLine]) -> Iterator[TextLine]:
    """Lines of another look at the frame that say what was not seen, or not read as well, before."""
    for line in lines:
        same = [one for one in before if one.box.overlap(line.box) * 2 >= min(_area(one.box), _area(line.box))]
        if all(one.text != line.text for one in same):
            yield line


def _is_one(mark: Mark, other: Mark) -> bool:
    """Whether two looks show the same thing, in which nothing reaches out of what was seen before."""
    return mark.kind == other.kind and mark.box.overlap(other.box) == _area(mark.box)


def _area(box: Region) -> int:
    return box.width * box.height
