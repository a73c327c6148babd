"""Keys that the platform mounts into a process: Secrets of Kubernetes, one file a purpose, as ``file_keys`` writes them.

Nothing here makes a key. A process that made what it was not given would seal with a key that nobody else has, and that is
gone with its volume. Files are read again when a key is missed, so that a Secret with a new key needs no restart.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection
from pathlib import Path

from deidstream.adapters.file_keys import FileKeyRing
from deidstream.adapters.key_document import keys_from
from deidstream.adapters.memory_keys import Key, MemoryKeyRing
from deidstream.core.errors import Misconfigured
from deidstream.ports import KeyWrapping

__all__ = ["ProvidedKeyRing"]


class ProvidedKeyRing(FileKeyRing):
    """A key ring over a folder that others fill. With ``purposes``, all of them must be there, and no other is read.

    A file may be a link, belong to root or to us, and be readable by a group (``fsGroup``), never by everybody (mode 0440).
    Raises Misconfigured where that is not so.
    """

    def __init__(
        self, path: Path | str, purposes: Collection[str] | None = None, wrapping: KeyWrapping | None = None
    ) -> None:
        super().__init__(path, purposes, create=False, wrapping=wrapping)

    def rotate(self, purpose: str) -> str:
        """Always raises Misconfigured."""
        raise _elsewhere(purpose)

    def renew(self, purposes: Collection[str], older_than: float, now: float) -> tuple[str, ...]:
        """Renews none: ``deidstream doctor`` says which are old."""
        return ()

    def give_up(self, purpose: str, key_id: str) -> None:
        """Always raises Misconfigured."""
        raise _elsewhere(purpose)

    def adopt(self, purpose: str, other: MemoryKeyRing) -> bool:
        """Always raises Misconfigured."""
        raise _elsewhere(purpose)

    def _open_folder(self) -> None:
        if not self._path.is_dir():
            raise Misconfigured("key-folder", str(self._path), "no such folder: is the volume of keys mounted?")

    def _read(self, purpose: str) -> tuple[Key, ...]:
        file = self._file(purpose)
        try:
            descriptor = os.open(file, os.O_RDONLY)
        except OSError:
            raise Misconfigured("key-unreadable", purpose, f"{file.name} must be readable by this user") from None
        with os.fdopen(descriptor, "rb") as stream:
            _check(os.fstat(stream.fileno()), file)
            return keys_from(stream.read(), purpose, self._wrapping, self._keys.get(purpose, ()))


def _check(state: os.stat_result, file: Path) -> None:
    if not stat.S_ISREG(state.st_mode) or state.st_uid not in (0, os.geteuid()):
        raise Misconfigured("key-owner", str(file), "keys must belong to root, or to the user that runs deidstream")
    if stat.S_IMODE(state.st_mode) & 0o027:
        raise Misconfigured("key-permissions", str(file), "everybody could read it, or a group write: set mode 0440")


def _elsewhere(purpose: str) -> Misconfigured:
    return Misconfigured("keys-provided", purpose, "the platform provides the keys: change them where they come from")
