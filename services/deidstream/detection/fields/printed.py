"""What of a PDF, a Word document or RTF is no text: its pictures, each as a whole, and all that no page shows."""

from __future__ import annotations

from deidstream.core.category import Category, Role
from deidstream.core.document import Document
from deidstream.core.fact import Fact, Reading
from deidstream.detection.fields import pictures

__all__ = ["read"]


def read(document: Document) -> Reading:
    """Pictures, and the leaves that stand for metadata, attachments, revisions, authors: nobody looks into these, so they go."""
    unseen = [
        Fact(leaf.path, Category.UNKNOWN, Role.UNKNOWN, "other", "")
        for leaf in document.leaves
        if leaf.type == "unseen"
    ]
    return Reading((), (*pictures.read(document).facts, *unseen))
