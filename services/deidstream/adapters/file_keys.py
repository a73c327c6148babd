"""Keys in a folder: one file a purpose, readable by their owner alone.

``<folder>/<purpose>.json`` is what ``key_document`` describes. Purposes are generated independently of each other. A file is made
complete beside its place and then linked there, so that of several processes that start at once exactly one wins and no reader
ever sees half a file.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import stat
from collections.abc import Collection
from pathlib import Path

from deidstream.adapters.kept_keys import KeptKeyRing
from deidstream.adapters.key_document import document, keys_from
from deidstream.adapters.memory_keys import Key
from deidstream.core.errors import Misconfigured, Unavailable
from deidstream.ports import KeyWrapping

__all__ = ["FileKeyRing"]


class FileKeyRing(KeptKeyRing):
    """The key ring of a process, over a folder. ``wrapping``: who encrypts the keys that lie there; None: nobody.

    Raises Misconfigured, with what to do, when the folder or a file is open to others or owned by somebody else.
    """

    def __init__(
        self,
        path: Path | str,
        purposes: Collection[str] | None = None,
        create: bool = True,
        wrapping: KeyWrapping | None = None,
    ) -> None:
        super().__init__(purposes, create)
        self._path = Path(path)
        self._wrapping = wrapping
        self._open_folder()
        self._all(purposes)

    def inventory(self) -> dict[str, tuple[tuple[str, float], ...]]:
        """See ``KeptKeyRing``."""
        purposes = [file.stem for file in self._path.glob("*.json") if not file.name.startswith(".")]
        return {purpose: tuple((key.id, key.created) for key in self._read(purpose)) for purpose in purposes}

    def _extended(self, purpose: str, key: Key) -> tuple[Key, ...]:
        with _Locked(self._path):
            keys = (*self._read(purpose), key)
            os.replace(self._write_beside(purpose, keys), self._file(purpose))
            _sync(self._path)
        return keys

    def _lose(self, purpose: str, key_id: str) -> None:
        with _Locked(self._path), self._losses.open("a", encoding="ascii") as stream:
            stream.write(f"{purpose} {key_id}\n")
            stream.flush()
            os.fsync(stream.fileno())
        _sync(self._path)

    def _given_up(self, purpose: str) -> Collection[str]:
        if not self._losses.exists():
            return ()
        lines = (line.split() for line in self._losses.read_text(encoding="ascii").splitlines())
        return {found[1] for found in lines if len(found) == 2 and found[0] == purpose}

    @property
    def _losses(self) -> Path:
        return self._path / "given-up"

    def _name(self, purpose: str) -> str:
        return self._file(purpose).name

    def _kept(self, purpose: str) -> tuple[Key, ...] | None:
        return self._read(purpose) if self._file(purpose).exists() else None

    def _keep(self, purpose: str, keys: tuple[Key, ...]) -> None:
        beside = self._write_beside(purpose, keys)
        try:
            os.link(beside, self._file(purpose))
        except FileExistsError:
            pass  # another process was first: its key counts
        finally:
            beside.unlink()
        _sync(self._path)

    def _write_beside(self, purpose: str, keys: tuple[Key, ...]) -> Path:
        beside = self._path / f".{purpose}.{secrets.token_hex(8)}"
        content = document(purpose, keys, self._wrapping)
        try:
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as stream:
                json.dump(content, stream)
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            raise Unavailable("keys-not-writable", purpose) from error
        return beside

    def _read(self, purpose: str) -> tuple[Key, ...]:
        file = self._file(purpose)
        try:
            descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW)
        except OSError:
            raise Misconfigured(
                "key-unreadable", purpose, f"{file.name} must be a file that this user can read"
            ) from None
        with os.fdopen(descriptor, "rb") as stream:
            _check_private(os.fstat(stream.fileno()), file, "600")
            return keys_from(stream.read(), purpose, self._wrapping, self._keys.get(purpose, ()))

    def _open_folder(self) -> None:
        try:
            self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
            state = self._path.stat()
        except OSError:
            raise Misconfigured("key-folder", "keys", f"{self._path} must be a folder that this user owns") from None
        _check_private(state, self._path, "700")

    def _file(self, purpose: str) -> Path:
        return self._path / f"{purpose}.json"


class _Locked:
    """Rotation by one process at a time."""

    def __init__(self, folder: Path) -> None:
        self._descriptor = os.open(folder, os.O_RDONLY)

    def __enter__(self) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)


def _check_private(state: os.stat_result, path: Path, mode: str) -> None:
    if state.st_uid != os.geteuid():
        raise Misconfigured("key-owner", str(path), "keys must belong to the user that runs deidstream: chown it")
    if stat.S_IMODE(state.st_mode) & 0o077:
        raise Misconfigured("key-permissions", str(path), f"others can read the keys: chmod {mode}, then rotate them")


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
