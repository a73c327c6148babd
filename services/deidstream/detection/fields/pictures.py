"""What stands in a text document and is no text: pictures and objects. All else of HTML, RTF and plain text is parts."""

from __future__ import annotations

from deidstream.core.category import Category, Role
from deidstream.core.document import Document
from deidstream.core.fact import Fact, Reading

__all__ = ["read"]


def read(document: Document) -> Reading:
    """The pictures in ``document``, each as a whole."""
    facts = [
        Fact(leaf.path, Category.PHOTO, Role.UNKNOWN, "other", "")
        for leaf in document.leaves
        if leaf.type == "picture" or (leaf.type == "attribute" and leaf.text[:5].lower() == "data:")
    ]
    return Reading((), tuple(facts))
