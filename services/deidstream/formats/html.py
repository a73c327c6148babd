"""HTML and XHTML, read as browsers read it: anything goes."""

from __future__ import annotations

from deidstream.formats.markup import MarkupDocument, split_markup

__all__ = ["split"]


def split(source: bytes, charset: str = "") -> MarkupDocument:
    """``source`` as a document of texts. Raises Malformed when it is empty or its charset cannot be read."""
    return split_markup(source, charset, html=True)
