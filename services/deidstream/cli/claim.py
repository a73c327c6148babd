"""One process at a time under one name: a successor waits until its predecessor is gone."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deidstream.core.errors import Misconfigured

__all__ = ["claim"]

_LOOK = 0.05


@contextmanager
def claim(state: Path, name: str, stop: threading.Event) -> Iterator[bool]:
    """Holds the name while the block runs; the system lets go of it when the process dies, however it dies.

    Gives False when ``stop`` was set before the name was free. Raises Misconfigured where the folder cannot be written.
    """
    folder = state / "names"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(folder / name, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise Misconfigured("state-folder", str(folder), f"cannot write there (errno {error.errno})") from None
    try:
        yield _wait(descriptor, stop)
    finally:
        os.close(descriptor)


def _wait(descriptor: int, stop: threading.Event) -> bool:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if stop.wait(_LOOK):
                return False
        else:
            return True
