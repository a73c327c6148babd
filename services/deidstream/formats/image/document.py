"""A picture file as a document: it has no texts and no fields, only pixels."""

from __future__ import annotations

from deidstream.core.document import Document
from deidstream.core.errors import Malformed
from deidstream.formats.image.kinds import kind_of

__all__ = ["ELEMENT", "ImageDocument", "split"]

ELEMENT = "image"
"""What locators of its pixels begin with."""


class ImageDocument(Document):
    """``kind``: Pillow's name of the file format."""

    format = "image"

    def __init__(self, source: bytes, kind: str) -> None:
        super().__init__(source, ())
        self.kind = kind


def split(source: bytes, charset: str = "") -> ImageDocument:
    """Raises Malformed (``unsupported-format``) for what begins as no format of these."""
    kind = kind_of(source)
    if not kind:
        raise Malformed("unsupported-format", ELEMENT)
    return ImageDocument(source, kind)
