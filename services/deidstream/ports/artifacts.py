"""Where large content lies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

__all__ = ["Artifact", "ArtifactStore"]


@dataclass(frozen=True, slots=True)
class Artifact:
    """One object of a store as a listing shows it. ``stored``: seconds since the epoch, UTC, when it was put last."""

    key: str = field(repr=False)  # in a bucket that others fill, a name may be content
    size: int
    stored: float


class ArtifactStore(Protocol):
    """Where bytes lie that are too large for a record, by name (``/`` divides its steps). Thread-safe.

    Every method raises Unavailable while the store is away, Misconfigured where it refuses us or has no such bucket.
    """

    def put(self, key: str, data: bytes) -> None:
        """Durable when it returns, whole or not at all; putting the same again changes nothing."""

    def get(self, key: str) -> bytes:
        """The bytes. Raises Unsafe (``artifact-missing``) where there is no such object."""

    def delete(self, key: str) -> None:
        """Removes; an unknown key is ignored."""

    def list(self, prefix: str = "") -> Iterator[Artifact]:
        """All objects whose key begins with ``prefix``, by key."""
