"""Which format of pictures some bytes are, by how they begin."""

from __future__ import annotations

__all__ = ["kind_of"]

_MARKS = ((b"\xff\xd8\xff", "JPEG"), (b"\x89PNG\r\n\x1a\n", "PNG"), (b"II*\0", "TIFF"), (b"MM\0*", "TIFF"))
_BITMAP_HEADS = frozenset({12, 40, 52, 56, 64, 108, 124})


def kind_of(source: bytes) -> str:
    """JPEG, PNG, TIFF, BMP or WEBP; '' for anything else."""
    for mark, kind in _MARKS:
        if source.startswith(mark):
            return kind
    if source[:4] == b"RIFF" and source[8:12] == b"WEBP":
        return "WEBP"
    # Two letters alone are no proof: a text may begin with them.
    is_bitmap = source[:2] == b"BM" and source[6:10] == b"\0\0\0\0"
    return "BMP" if is_bitmap and int.from_bytes(source[14:18], "little") in _BITMAP_HEADS else ""
