"""How one process wakes another without polling: a named pipe a sleeper, in a folder beside the file that they share."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from deidstream.adapters.readable import is_readable

__all__ = ["Bell", "Ringer"]


class Bell:
    """The sleeper's end. Where the file system has no named pipes, it only sleeps briefly."""

    def __init__(self, folder: Path, name: str) -> None:
        self._path = folder / name
        self._descriptor = -1
        with contextlib.suppress(OSError):
            folder.mkdir(mode=0o700, exist_ok=True)
            with contextlib.suppress(FileExistsError):
                os.mkfifo(self._path, 0o600)
            # Open for both, so that the pipe never ends when the last ringer leaves.
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_NONBLOCK)

    def wait(self, seconds: float) -> None:
        """Returns when rung, or when the time is over."""
        if self._descriptor < 0:
            time.sleep(max(0.0, min(seconds, 0.003)))
            return
        if is_readable(self._descriptor, seconds):
            with contextlib.suppress(BlockingIOError):
                os.read(self._descriptor, 4096)

    def close(self) -> None:
        """Takes the bell down."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        self._path.unlink(missing_ok=True)


class Ringer:
    """The wakers' end. Ringing where nobody is does nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[str, int] = {}

    def ring(self, name: str) -> None:
        """Wakes the sleeper ``name``."""
        descriptor = self._open.get(name)
        try:
            if descriptor is None:
                descriptor = os.open(self._folder / name, os.O_WRONLY | os.O_NONBLOCK)
                self._open[name] = descriptor
            os.write(descriptor, b"!")
        except BlockingIOError:
            pass  # the pipe is full of rings: it will wake
        except OSError:
            self.forget(name)

    def forget(self, name: str) -> None:
        """Lets go of a sleeper that left."""
        descriptor = self._open.pop(name, None)
        if descriptor is not None:
            os.close(descriptor)

    def clear(self, name: str) -> None:
        """Removes the bell of a sleeper that died."""
        self.forget(name)
        with contextlib.suppress(OSError):
            (self._folder / name).unlink()

    def close(self) -> None:
        """Lets go of all."""
        for name in list(self._open):
            self.forget(name)
