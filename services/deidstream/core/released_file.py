"""Files that were released with their hash."""

from __future__ import annotations

import hashlib
from pathlib import Path

from deidstream.core.errors import Misconfigured

__all__ = ["verify"]


def verify(path: Path, expected: str) -> None:
    """``expected``: SHA-256 in hexadecimal. Raises Misconfigured (``model-missing``, ``model-corrupt``), naming the file."""
    place = f"{path.parent.name}/{path.name}"
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        raise Misconfigured("model-missing", place, f"expected the file with SHA-256 {expected}") from None
    if digest != expected:
        raise Misconfigured("model-corrupt", place, f"SHA-256 is {digest}, expected {expected}")
