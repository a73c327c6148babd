"""Given and family names of some thirty countries, from the ``faker`` package (MIT), without those that are also common words."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

__all__ = ["family_names", "given_names"]


@lru_cache(maxsize=1)
def given_names() -> frozenset[bytes]:
    """Folded, in lower case, single words."""
    return _read("given_names.txt")


@lru_cache(maxsize=1)
def family_names() -> frozenset[bytes]:
    """Folded, in lower case, single words."""
    return _read("family_names.txt")


def _read(name: str) -> frozenset[bytes]:
    return frozenset((files(__package__) / name).read_bytes().split())
