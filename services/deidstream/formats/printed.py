"""The printed documents in a document, wherever they stand, and what was read of their pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from deidstream.core.document import NESTED, Document
from deidstream.core.errors import Unsafe
from deidstream.core.page import Pages
from deidstream.formats import nest
from deidstream.formats.pdf import PdfDocument

__all__ = ["printed", "see"]


def printed(document: Document, path: str = "") -> Iterator[tuple[str, PdfDocument]]:
    """Each PDF in ``document``, itself included, with the path of the leaf that carries it ('': none does)."""
    if isinstance(document, PdfDocument):
        yield path, document
    for inner, nested in _nested(document).items():
        yield from printed(nested, f"{path}{NESTED}{inner}" if path else inner)


def see(document: Document, read: Sequence[Pages]) -> None:
    """Puts what was read into ``document``, in place: its leaves and parts are others then.

    Raises Unsafe for a path at which no PDF is.
    """
    for one in read:
        _see(document, one.path, one)


def _see(document: Document, path: str, read: Pages) -> None:
    document.reading = None
    if not path:
        if not isinstance(document, PdfDocument):
            raise Unsafe("no-such-locator", read.path)
        document.see(read)
        return
    outer, _, inner = path.partition(NESTED)
    nested = _nested(document).get(outer)
    if nested is None:
        raise Unsafe("no-such-locator", read.path)
    _see(nested, inner, read)
    _renew_parts(document, outer, nested)


def _renew_parts(document: Document, path: str, nested: Document) -> None:
    """The parts of ``nested`` are as it has them now, of whom they were, and where they stood."""
    prefix = path + NESTED
    old = [number for number, part in enumerate(document.parts) if part.locator.startswith(prefix)]
    if not old:
        return
    first = document.parts[old[0]]
    parts = [
        replace(part, subject=first.subject, language=part.language or first.language) for part in nest(path, nested)
    ]
    document.parts = [*document.parts[: old[0]], *parts, *document.parts[old[-1] + 1 :]]


def _nested(document: Document) -> Mapping[str, Document]:
    """A format that makes its leaves late keeps the documents inside values by path in ``nested``."""
    kept: Mapping[str, Document] | None = getattr(document, "nested", None)
    if kept is not None:
        return kept
    return {leaf.path: leaf.nested for leaf in document.leaves if leaf.nested is not None}
