"""XML, XHTML and HTML: an offset-exact tree, and documents made of it."""

from deidstream.formats.markup.document import MarkupDocument, split_markup
from deidstream.formats.markup.tree import Element, Tree, parse

__all__ = ["Element", "MarkupDocument", "Tree", "parse", "split_markup"]
