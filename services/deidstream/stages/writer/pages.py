"""Printed documents in a case: written by who reads them, and looked at again before they go."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from deidstream.core.category import Category
from deidstream.core.decision import Decision, Method
from deidstream.core.document import NESTED, Document
from deidstream.core.errors import Unsafe
from deidstream.detection.image.remaining import Change, Expected, expected, remaining
from deidstream.formats.printed import printed
from deidstream.stages.writer.pixels import Painter
from deidstream.stages.writer.render import Rendered, RenderedPart, render

if TYPE_CHECKING:  # formats are imported when first needed
    from deidstream.formats.pdf import PdfDocument

__all__ = ["PrintedIn"]

_KEEP = Method.KEEP
_DETECTOR = "writer.pages/1"


class PrintedIn:
    """The PDFs in ``document``, itself among them, and what is made of each. Raises Unsafe (``page-not-read``) where nobody has
    read one: it would pass as it is.
    """

    def __init__(self, document: Document, painter: Painter | None, case: str) -> None:
        self._document = document
        self._painter = painter
        self._inside = list(printed(document))
        self._made: dict[str, bytes] = {}
        for path, one in self._inside:
            if not one.pages and not one.refused:
                raise Unsafe("page-not-read", path or case)
            one.press = painter.printed if painter else None

    def render(self, decisions: Sequence[Decision]) -> Rendered:
        """See ``render``. Cases of several projects share the document: what is made of it for this one is kept here."""
        for _, one in self._inside:
            one.made = b""
        rendered = render(self._document, decisions)
        self._made = {path: one.made for path, one in self._inside if one.made}
        return rendered

    def left(self, decisions: Sequence[Decision], parts: Sequence[RenderedPart]) -> Iterator[Decision]:
        """What is still seen on the pages that were made, and was to go by ``decisions``; ``parts`` are as they read now."""
        for path, one in self._inside:
            if self._painter is not None and path in self._made:
                wanted = list(_expected(path, one, decisions, parts))
                seen = self._painter.again(one.source, self._made[path], [page.places() for _, page in wanted])
                for (locator, page), on_page in zip(wanted, seen, strict=True):
                    for category in dict.fromkeys(remaining(page, on_page)):
                        yield Decision(locator, None, category, Method.HOLD, None, "residue", (_DETECTOR,))


def _expected(
    path: str, document: PdfDocument, decisions: Sequence[Decision], parts: Sequence[RenderedPart]
) -> Iterator[tuple[str, Expected]]:
    """Each page, by its locator. From the decisions, not from what was printed: that is what is looked at."""
    changed = {item.part.locator: item for item in parts}
    gone = {one.locator: one.category for one in decisions if one.method is not _KEEP}
    for number, page in enumerate(document.pages, 1):
        locator = f"{path}{NESTED}page[{number}]" if path else f"page[{number}]"
        changes = list(_changes(changed[locator], decisions)) if locator in changed else []
        names = (f"{locator}.picture[{count}]" for count in range(1, len(page.pictures) + 1))
        pictures = [(at, gone[name]) for at, name in enumerate(names) if name in gone]
        yield locator, expected(page, changes, pictures)


def _changes(item: RenderedPart, decisions: Sequence[Decision]) -> Iterator[Change]:
    categories = {one.span: one.category for one in decisions if one.locator == item.part.locator}
    whole = categories.get(None, Category.UNKNOWN)
    for old, new in zip(item.origin, item.decided, strict=True):
        text = item.text[new.start : new.end]
        if text != item.part.text[old.start : old.end]:
            yield Change(old.start, old.end, text, categories.get(old, whole))
