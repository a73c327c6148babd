"""Releases as files. A file appears whole or not at all, and is on the disk when it is confirmed."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from deidstream.adapters.release_names import name_of, notices, step, superseded_names
from deidstream.core.errors import Unavailable
from deidstream.core.release import Release
from deidstream.ports import Receipt

__all__ = ["FolderDestination"]

_WRITTEN = Receipt("written")
_TOGETHER = 100
"""Files that are open at once."""


class FolderDestination:
    """``<id>.<suffix>`` for each release: the id is stable, so a release sent again replaces itself.

    With ``ndjson``, FHIR resources become lines of ``<project>-<day received>.ndjson`` instead: fewer files, but a release that
    was being written when the process died may stand there twice, under the same id.

    A release that supersedes another takes its file away, and leaves a notice in its stead (``recalled/<id>.json``). A line of
    NDJSON stays: the notice tells of it, and a later line of the same resource counts.
    """

    def __init__(self, path: Path, ndjson: bool = False) -> None:
        self._path = path
        self._ndjson = ndjson

    def send(self, releases: Sequence[Release]) -> Sequence[Receipt | Exception]:
        """All together: written, synced, then given their names."""
        lines = [release for release in releases if self._ndjson and _is_line(release)]
        files = [release for release in releases if not (self._ndjson and _is_line(release))]
        failures = {**self._attempt(self._write_files, files), **self._attempt(self._append_lines, lines)}
        return [failures.get(release.id, _WRITTEN) for release in releases]

    def close(self) -> None:
        """Nothing is held open."""

    def _attempt(self, write: object, releases: list[Release]) -> dict[str, Exception]:
        try:
            if releases:
                write(releases)  # type: ignore[operator]
        except OSError as error:
            away = Unavailable("folder-unavailable", f"errno-{error.errno}")
            return {release.id: away for release in releases}
        return {}

    def _write_files(self, releases: list[Release]) -> None:
        self._write_all([(name_of(release), release.content) for release in releases])
        self._recall(releases)

    def _recall(self, releases: list[Release]) -> None:
        """Takes away what ``releases`` supersede, which are there by now."""
        self._write_all([notice for release in releases for notice in notices(release)])
        gone = {os.path.join(self._path, name) for release in releases for name in superseded_names(release)}
        for path in gone:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
        for folder in {os.path.dirname(path) for path in gone}:
            _sync(folder)

    def _write_all(self, files: list[tuple[str, bytes]]) -> None:
        for start in range(0, len(files), _TOGETHER):
            self._write_some(files[start : start + _TOGETHER])

    def _write_some(self, files: list[tuple[str, bytes]]) -> None:
        pending: dict[str, str] = {}
        descriptors: list[int] = []
        try:
            for relative, content in files:
                target = os.path.join(self._path, relative)
                folder, name = os.path.split(target)
                # A name of its own for each process: two of them may write the same release at the same time.
                beside = os.path.join(folder, f".{name}.{os.getpid()}.part")
                pending[beside] = target
                descriptors.append(_create(beside))
                _write(descriptors[-1], content)
            # After all are written: the first sync takes the file system's journal with it, and the others find little to do.
            for descriptor in descriptors:
                os.fsync(descriptor)
            for beside, target in pending.items():
                os.replace(beside, target)
        except BaseException:
            for beside in pending:
                with contextlib.suppress(OSError):
                    os.unlink(beside)
            raise
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        for folder in {os.path.dirname(target) for target in pending.values()}:
            _sync(folder)

    def _append_lines(self, releases: list[Release]) -> None:
        self._path.mkdir(parents=True, exist_ok=True)
        self._write_all([notice for release in releases for notice in notices(release)])
        files: dict[str, list[bytes]] = {}
        for release in releases:
            day = time.strftime("%Y%m%d", time.gmtime(release.received))
            files.setdefault(f"{step(release.project)}-{day}.ndjson", []).append(release.content.strip() + b"\n")
        for name, lines in files.items():
            with _locked(self._path / name) as descriptor:
                _cut_torn_line(descriptor)
                _write(descriptor, b"".join(lines))
                os.fsync(descriptor)
        _sync(self._path)


def _is_line(release: Release) -> bool:
    """One line of JSON, and something that exists: a deletion is none."""
    attributes = dict(release.attributes)
    return (
        release.format == "fhir"
        and attributes.get("fhir.method") != "DELETE"
        and "joined" not in attributes
        and b"\n" not in release.content.strip()
    )


def _create(path: str) -> int:
    """The descriptor of a new file, in a folder that is made where it is not there."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    try:
        return os.open(path, flags, 0o640)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return os.open(path, flags, 0o640)


def _write(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o640)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def _cut_torn_line(descriptor: int) -> None:
    """A crash may have left half a line at the end; what it belongs to was not confirmed and comes again."""
    size = end = os.fstat(descriptor).st_size
    while end:
        start = max(0, end - 65536)
        newline = os.pread(descriptor, end - start, start).rfind(b"\n")
        if newline >= 0:
            end = start + newline + 1
            break
        end = start
    if end < size:
        os.ftruncate(descriptor, end)


def _sync(path: str | Path) -> None:
    """A file or a folder, as far as the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
