"""A PDF as leaves and parts: the text of each page, its pictures, and what no page shows. Read and written elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from deidstream.core.document import Document, Leaf, Part, Piece, Splice
from deidstream.core.errors import Malformed, Unsafe
from deidstream.core.page import Page, Pages, Sheet
from deidstream.formats.text import TextCodec

__all__ = ["UNSEEN", "PdfDocument", "Press", "split"]

UNSEEN = "unseen"
"""The leaf that stands for what no page shows: metadata, attachments, scripts, comments, earlier revisions."""
Press = Callable[[bytes, Sequence[Sheet]], bytes]
"""Makes of a PDF, and of what becomes of each of its pages, the file that is released."""
_MARK = "\ufffc"
"""OBJECT REPLACEMENT CHARACTER: what stands in the body for something that is no text."""
_UTF8 = TextCodec("utf-8")
_MAGIC = b"%PDF-"
_WITHIN = 1024
"""Bytes in which it is looked for (ISO 32000-1, Annex H, note 13)."""


class PdfDocument(Document):
    """Leaves ``page[1]``, ``page[1].picture[1]``, ..., ``unseen``, as ranges of ``body``, once it was read (``see``).

    Any edit writes the file anew, by ``press``; without one nothing is written.
    """

    format = "pdf"

    def __init__(self, source: bytes) -> None:
        super().__init__(source, (), (Part("page", "", ()),))  # the part keeps the place of those to come
        self._body = b""
        self.pages: Sequence[Page] = ()
        self.press: Press | None = None
        self.made = b""
        """What was written last."""

    @property
    def body(self) -> bytes:
        """The texts of the pages, UTF-8, with a mark for each thing that is no text."""
        return self._body

    def see(self, read: Pages) -> None:
        """Takes in what was read. Where that was ``refused`` there is nothing to decide, and nothing can be written."""
        body = bytearray()
        leaves: list[Leaf] = []

        def add(path: str, text: str, kind: str) -> None:
            start = len(body)
            body.extend(text.encode())
            leaves.append(Leaf(path, start, len(body), text, _UTF8, kind, kind == "text"))

        for number, page in enumerate(read.pages, 1):
            add(f"page[{number}]", page.text, "text")
            for count, _ in enumerate(page.pictures, 1):
                add(f"page[{number}].picture[{count}]", _MARK, "picture")
        if not read.refused:
            add(UNSEEN, _MARK, UNSEEN)
        self.refused = read.refused
        self._body, self._leaves, self._by_path, self.pages = bytes(body), leaves, None, read.pages
        self.parts = [
            Part(leaf.path, leaf.text, (Piece(0, len(leaf.text), leaf.path),)) for leaf in leaves if leaf.type == "text"
        ]

    def completed(self, found: list[Splice]) -> list[Splice]:
        """The whole file, written anew with ``found`` carried out; nothing where nothing was decided.

        Raises Unsafe (``page-not-read``) where nobody has read it.
        """
        if not self.pages or self.press is None:
            raise Unsafe("page-not-read", "page")
        if not found:
            return []
        from deidstream.formats.pdf.sheets import sheets

        self.made = self.press(self.source, sheets(self, found))
        return [Splice(0, len(self.source), self.made)]


def split(source: bytes, charset: str = "") -> PdfDocument:  # the same for every format
    """``source``, not read yet. Raises Malformed (``pdf-unreadable``) for what does not begin as a PDF."""
    if _MAGIC not in source[:_WITHIN]:
        raise Malformed("pdf-unreadable")
    return PdfDocument(source)
