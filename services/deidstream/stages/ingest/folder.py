"""The folder watch: files become cases when they are complete, and leave the folder when they are durable.

Safe to kill at any moment: the id of a case comes from the file's path below the folder, its place in the file and its bytes, so
a file that is read again gives the same cases.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Iterator
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from deidstream.core.case import Container
from deidstream.core.errors import Malformed, Misconfigured, Unavailable
from deidstream.ports import Clock, Intake
from deidstream.stages.ingest.config import FolderSource
from deidstream.stages.ingest.service import Admission, Received
from deidstream.stages.ingest.unpack import Unpacked, unpack
from deidstream.stream import log

__all__ = ["FolderWatch", "Look"]

_UNFINISHED = (".part", ".partial", ".tmp", ".temp", ".filepart", ".crdownload", ".swp")
_SLICE = 500
_PATIENCE = 60.0


class _State(NamedTuple):
    """When a file has not changed between two looks."""

    inode: int
    size: int
    written: int


@dataclass(slots=True)
class Look:
    """What one look did, in files."""

    taken: int = 0
    put_aside: int = 0
    unreadable: int = 0
    """No permission: they stay where they are."""
    waiting: int = 0
    """Not complete yet, or the intake was full."""


class FolderWatch:
    """Watches one folder."""

    def __init__(self, settings: FolderSource, admission: Admission, intake: Intake, clock: Clock) -> None:
        self._settings = settings
        self._admission = admission
        self._intake = intake
        self._clock = clock
        self._seen: dict[Path, _State] = {}
        self._done = settings.done or settings.path / ".done"
        self._bad = settings.bad or settings.path / ".bad"
        self.last = Look()

    async def run(self) -> None:
        """Looks again and again until cancelled. A folder that goes away is reported, and looked for again."""
        while True:
            try:
                before, self.last = self.last, await asyncio.to_thread(self.look)
                self._report(self.last, before)
            except Misconfigured as error:
                log.emit("folder.away", logging.ERROR, code=error.code, place=error.place, hint=error.hint)
            await asyncio.sleep(self._settings.every_seconds)

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

    def _report(self, look: Look, before: Look) -> None:
        if look.taken or look.put_aside or look.unreadable != before.unreadable:
            log.emit(
                "folder.looked",
                source=self._settings.name,
                taken=look.taken,
                put_aside=look.put_aside,
                unreadable=look.unreadable,
            )

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
                if name.startswith((".", "~")) or name.lower().endswith(_UNFINISHED):
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
            content = self._read(path)
            unpacked = unpack(content, path.name)
            self._hand_in(path, content, unpacked)
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

    def _hand_in(self, path: Path, content: bytes, unpacked: Unpacked) -> None:
        """Everything in the file, durable when it returns. Portion after portion, so that a large file leaves room for others."""
        name = path.relative_to(self._settings.path).as_posix()
        container = self._admission.identify(self._settings.name, os.fsencode(name), content) if unpacked.batch else ""
        for start in range(0, len(unpacked.members), _SLICE):
            cases = [
                self._admission.case(self._received(name, unpacked, ordinal, container))
                for ordinal in range(start, min(start + _SLICE, len(unpacked.members)))
            ]
            try:
                self._intake.submit(cases).result(_PATIENCE)
            except FutureTimeout:
                raise Unavailable("intake-slow", "ingest") from None

    def _received(self, name: str, unpacked: Unpacked, ordinal: int, container: str) -> Received:
        member = Container(container, ordinal, len(unpacked.members)) if container else None
        attributes = self._settings.attributes
        if unpacked.format == "fhir":
            attributes = (*attributes, ("fhir.method", "POST"), ("fhir.version", self._settings.fhir_version))
        control = f"{container}/{ordinal}".encode() if container else os.fsencode(name)
        return Received(
            self._settings.name, unpacked.format, unpacked.members[ordinal], control, name, member, attributes
        )

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
