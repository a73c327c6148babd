"""The folder watch: files become cases when they are complete, and leave the folder when they are durable."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from deidstream.core.errors import Malformed, Misconfigured, Unavailable
from deidstream.ports import Clock, Intake
from deidstream.stages.ingest.config import FolderSource
from deidstream.stages.ingest.service import Admission
from deidstream.stages.ingest.watch import Look, Watch, is_for_us

__all__ = ["FolderWatch", "Look"]


class _State(NamedTuple):
    """When a file has not changed between two looks."""

    inode: int
    size: int
    written: int


class FolderWatch(Watch):
    """Watches one folder."""

    def __init__(self, settings: FolderSource, admission: Admission, intake: Intake, clock: Clock) -> None:
        super().__init__(settings, admission, intake)
        self._settings = settings
        self._clock = clock
        self._seen: dict[Path, _State] = {}
        self._done = settings.done or settings.path / ".done"
        self._bad = settings.bad or settings.path / ".bad"

    def check(self) -> None:
        """Raises Misconfigured when the folder cannot be read."""
        if not os.access(self._settings.path, os.R_OK | os.X_OK):
            raise Misconfigured(
                "folder-unreadable", self._settings.name, "the watched folder must exist and be readable"
            )

    def look(self) -> Look:
        """Takes every file that is complete. Raises Misconfigured when the folder itself cannot be read."""
        look = Look()
        before, self._seen = self._seen, {}
        for path, state in self._candidates():
            self._seen[path] = state
            if not self._complete(state, before.get(path)):
                look.waiting += 1
            else:
                self._take(path, look)
        return look

    def _candidates(self) -> Iterator[tuple[Path, _State]]:
        """All files below the folder that may be meant for us, by name."""
        if not os.access(self._settings.path, os.R_OK | os.X_OK):
            raise Misconfigured(
                "folder-unreadable", self._settings.name, "the watched folder must exist and be readable"
            )
        apart = {self._done.resolve(), self._bad.resolve()}
        for folder, folders, files in os.walk(self._settings.path):
            here = Path(folder)
            folders[:] = sorted(
                name for name in folders if not name.startswith(".") and (here / name).resolve() not in apart
            )
            for name in sorted(files):
                if not is_for_us(name):
                    continue
                try:
                    found = (here / name).stat(follow_symlinks=False)
                except OSError:
                    continue  # gone in the meantime
                if os.path.isfile(here / name):
                    yield here / name, _State(found.st_ino, found.st_size, found.st_mtime_ns)

    def _complete(self, state: _State, before: _State | None) -> bool:
        """Unchanged since the last look, or last written long enough ago (moved in, or there before we were)."""
        return state == before or self._clock.now() - state.written / 1e9 >= self._settings.settle_seconds > 0

    def _take(self, path: Path, look: Look) -> None:
        try:
            self._hand_in(path.relative_to(self._settings.path).as_posix(), self._read(path))
        except PermissionError:
            look.unreadable += 1
        except OSError:
            look.waiting += 1
        except Malformed as error:
            self._put_aside(path, error)
            look.put_aside += 1
        except Unavailable:
            look.waiting += 1
        else:
            self._move(path, self._done)
            look.taken += 1

    def _read(self, path: Path) -> bytes:
        if path.stat().st_size > self._settings.max_file_bytes:
            raise Malformed("file-too-large", "file")
        return path.read_bytes()

    def _put_aside(self, path: Path, error: Malformed) -> None:
        """Into ``bad``, with a note that names rule and place and nothing else."""
        moved = self._move(path, self._bad)
        if moved is not None:
            moved.with_name(moved.name + ".reason").write_text(f"{error.code}\n{error.place}\n", encoding="ascii")

    def _move(self, path: Path, folder: Path) -> Path | None:
        """To the same place below ``folder``. A file that lies there already keeps its name, the new one gets a number."""
        target = folder / path.relative_to(self._settings.path)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            free = next(one for one in _names(target) if not one.exists())
            path.rename(free)
        except FileNotFoundError:
            return None  # somebody took it away in the meantime
        except OSError:
            raise Misconfigured(
                "folder-not-writable",
                self._settings.name,
                "files must be moved to done and bad, on the same file system",
            ) from None
        self._seen.pop(path, None)
        return free


def _names(target: Path) -> Iterator[Path]:
    yield target
    number = 1
    while True:
        number += 1
        yield target.with_name(f"{target.stem}.{number}{target.suffix}")
