"""A PDF as leaves and parts: the text of each page, its pictures, and what no page shows."""

from __future__ import annotations

from collections.abc import Sequence

from deidstream.core.document import Document, Leaf, Part, Piece, Splice
from deidstream.core.errors import Malformed
from deidstream.formats.pdf.reader import Page, pages
from deidstream.formats.text import TextCodec

__all__ = ["UNSEEN", "PdfDocument", "split"]

UNSEEN = "unseen"
"""The leaf that stands for what no page shows: metadata, attachments, scripts, comments, earlier revisions."""
_MARK = "\ufffc"
"""OBJECT REPLACEMENT CHARACTER: what stands in the body for something that is no text."""
_UTF8 = TextCodec("utf-8")


class PdfDocument(Document):
    """Leaves ``page[1]``, ``page[1].picture[1]``, ..., ``unseen``, as ranges of ``body``; any edit writes the file anew."""

    format = "pdf"

    def __init__(self, source: bytes, body: bytes, leaves: Sequence[Leaf], found: Sequence[Page]) -> None:
        parts = [
            Part(leaf.path, leaf.text, (Piece(0, len(leaf.text), leaf.path),)) for leaf in leaves if leaf.type == "text"
        ]
        super().__init__(source, leaves, parts)
        self._body = body
        self.pages = found

    @property
    def body(self) -> bytes:
        """The texts of the pages, UTF-8, with a mark for each thing that is no text."""
        return self._body

    def completed(self, found: list[Splice]) -> list[Splice]:
        """The whole file, written anew with ``found`` carried out; nothing where nothing was decided."""
        if not found:
            return []
        from deidstream.formats.pdf.writer import written

        return [Splice(0, len(self.source), written(self, found))]


def split(source: bytes, charset: str = "") -> PdfDocument:  # the same for every format
    """The pages of ``source``. Raises Malformed: as ``pages`` does, or ``page-not-read`` for one whose text nobody has read.

    That is a page that shows pictures and no text, or one picture on half of it (a scan), and one whose characters do not say
    what they are.
    """
    found = pages(source)
    body = bytearray()
    leaves: list[Leaf] = []

    def add(path: str, text: str, kind: str) -> None:
        start = len(body)
        body.extend(text.encode())
        leaves.append(Leaf(path, start, len(body), text, _UTF8, kind, kind == "text"))

    for number, page in enumerate(found, 1):
        if not page.is_readable or page.is_scan:
            raise Malformed("page-not-read", f"page[{number}]")
        add(f"page[{number}]", page.text, "text")
        for count, _ in enumerate(page.pictures, 1):
            add(f"page[{number}].picture[{count}]", _MARK, "picture")
    add(UNSEEN, _MARK, UNSEEN)
    return PdfDocument(source, bytes(body), leaves, found)
