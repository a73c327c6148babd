"""Names between the processes of one machine: a locked file each, which the system unlocks when its process dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from deidstream.core.errors import Misconfigured

__all__ = ["FileLocks"]


class FileLocks:
    """See ``ports.Locks``. Raises Misconfigured where ``folder`` cannot be written."""

    notice = 0.0

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ours: dict[str, int] = {}

    def hold(self, names: Collection[str]) -> frozenset[str]:
        """See ``ports.Locks``."""
        for name in self._ours.keys() - set(names):
            os.close(self._ours.pop(name))
        for name in set(names) - self._ours.keys():
            descriptor = self._open(name)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
            else:
                self._ours[name] = descriptor
        return frozenset(self._ours)

    def held(self, names: Collection[str]) -> frozenset[str]:
        """See ``ports.Locks``."""
        return frozenset(name for name in names if name in self._ours or self._elsewhere(name))

    def close(self) -> None:
        """See ``ports.Locks``."""
        self.hold(())

    def _elsewhere(self, name: str) -> bool:
        """Looks by a lock that all may have at once, so that two that look do not take each other for the holder."""
        try:
            descriptor = os.open(self._folder / name, os.O_RDONLY)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise self._refused(error) from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def _open(self, name: str) -> int:
        try:
            with suppress(FileExistsError):
                self._folder.mkdir(mode=0o700)
            return os.open(self._folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise self._refused(error) from None

    def _refused(self, error: OSError) -> Misconfigured:
        return Misconfigured("state-folder", str(self._folder), f"cannot write there (errno {error.errno})")
