"""The files of a released tagger: compressed where their names end in ``.gz``."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from deidstream.core.errors import Misconfigured

__all__ = ["unpacked"]


def unpacked(path: Path) -> bytes:
    """What is in the file. Raises Misconfigured (``model-corrupt``) where it cannot be read or is cut short."""
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if path.suffix == ".gz" else content
    except (OSError, EOFError, zlib.error):
        raise Misconfigured("model-corrupt", f"{path.parent.name}/{path.name}", "cannot be unpacked") from None
