"""Picture files: JPEG, PNG, TIFF, BMP and WebP. All that is no pixel goes; pixels are painted over where somebody decides so.

The document itself is light; ``picture`` loads Pillow, and only the process that looks at pixels imports it.
"""

from deidstream.formats.image.document import ImageDocument, split

__all__ = ["ImageDocument", "split"]
