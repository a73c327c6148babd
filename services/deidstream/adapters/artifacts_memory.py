"""The artifact store in memory: for tests, and for one-shot runs."""

from __future__ import annotations

import time
from collections.abc import Iterator

from deidstream.core.errors import Unsafe
from deidstream.ports import Artifact

__all__ = ["MemoryArtifacts"]


class MemoryArtifacts:
    """Objects of one process."""

    def __init__(self) -> None:
        self._objects: dict[str, tuple[bytes, float]] = {}

    def put(self, key: str, data: bytes) -> None:
        """See ``ports.ArtifactStore``."""
        self._objects[key] = (data, time.time())

    def get(self, key: str) -> bytes:
        """See ``ports.ArtifactStore``."""
        found = self._objects.get(key)
        if found is None:
            raise Unsafe("artifact-missing", "artifacts")
        return found[0]

    def delete(self, key: str) -> None:
        """See ``ports.ArtifactStore``."""
        self._objects.pop(key, None)

    def list(self, prefix: str = "") -> Iterator[Artifact]:
        """See ``ports.ArtifactStore``."""
        for key, (data, stored) in sorted(self._objects.items()):
            if key.startswith(prefix):
                yield Artifact(key, len(data), stored)
