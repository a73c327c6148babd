"""The artifact store in a folder: for one machine, or a file system that several share. A file appears whole and synced."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from secrets import token_hex

from deidstream.core.errors import Misconfigured, Unavailable, Unsafe
from deidstream.ports import Artifact

__all__ = ["FileArtifacts"]

_UNFINISHED = ".part"


class FileArtifacts:
    """One file for each object, below ``path``, for its owner alone."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise Misconfigured("artifact-folder", "deployment.artifacts", f"errno {error.errno}") from None

    def put(self, key: str, data: bytes) -> None:
        """See ``ports.ArtifactStore``."""
        target = self._file(key)
        beside = target.with_name(f".{token_hex(8)}{_UNFINISHED}")
        try:
            for made in _make(target.parent):
                _sync(made.parent)
            _write(beside, data)
            os.replace(beside, target)
            _sync(target.parent)
        except OSError as error:
            with suppress(OSError):
                beside.unlink()
            raise _away(error) from None

    def get(self, key: str) -> bytes:
        """See ``ports.ArtifactStore``."""
        try:
            return self._file(key).read_bytes()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            raise Unsafe("artifact-missing", "artifacts") from None
        except OSError as error:
            raise _away(error) from None

    def delete(self, key: str) -> None:
        """See ``ports.ArtifactStore``. Folders stay: another process may be about to write there."""
        try:
            self._file(key).unlink(missing_ok=True)
        except NotADirectoryError:
            return
        except OSError as error:
            raise _away(error) from None

    def list(self, prefix: str = "") -> Iterator[Artifact]:
        """See ``ports.ArtifactStore``."""
        found = []
        for folder, _, names in os.walk(self._path):
            for name in names:
                path = Path(folder, name)
                key = path.relative_to(self._path).as_posix()
                if key.startswith(prefix) and not (name.startswith(".") and name.endswith(_UNFINISHED)):
                    with suppress(FileNotFoundError):
                        state = path.stat()
                        found.append(Artifact(key, state.st_size, state.st_mtime))
        yield from sorted(found, key=lambda one: one.key)

    def _file(self, key: str) -> Path:
        if not key or "\0" in key or any(step in ("", ".", "..") for step in key.split("/")):
            raise Unsafe("artifact-key", "artifacts")
        return self._path / key


def _make(folder: Path) -> list[Path]:
    """Makes ``folder`` and those above it; returns what was not there."""
    missing = []
    at = folder
    while not at.exists():
        missing.append(at)
        at = at.parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return missing


def _write(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _away(error: OSError) -> Unavailable:
    return Unavailable("artifacts-unavailable", f"errno-{error.errno}")
