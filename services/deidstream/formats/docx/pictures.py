"""What stands in the place of a picture that goes: a white one of the same kind."""

from __future__ import annotations

import io

__all__ = ["blank"]

_KINDS = {"png": "PNG", "jpg": "JPEG", "jpeg": "JPEG", "gif": "GIF", "bmp": "BMP", "tif": "TIFF", "tiff": "TIFF"}


def blank(name: str) -> bytes:
    """One white pixel, in the format that the ending of ``name`` says: of those that ``is_picture`` knows."""
    from PIL import Image

    stream = io.BytesIO()
    Image.new("RGB", (1, 1), (255, 255, 255)).save(stream, _KINDS[name.rpartition(".")[2].lower()])
    return stream.getvalue()
