"""Pixel data that nobody looks at is never read into memory: it goes from the file that is cleaned into the one that is written."""

from __future__ import annotations

import os
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from mmap import ACCESS_READ, mmap
from operator import itemgetter
from pathlib import Path
from typing import IO, BinaryIO

from deidstream.core.case import Case
from deidstream.core.errors import Malformed
from deidstream.core.policy import Dicom
from deidstream.formats import opened, sniff
from deidstream.formats.dicom.apart import Apart, apart, together
from deidstream.formats.dicom.pixels.silent import Anew, silences
from deidstream.stages.writer.render import Rendered
from deidstream.stages.writer.residue import surviving_values

__all__ = ["Left", "leave", "looks"]

Stamp = tuple[int, int, int]
"""Inode, bytes, and when it was written to."""
_LEAST = 1 << 20
"""Bytes of a file below which it is not worth the trouble."""
_AT_A_TIME = 4 << 20
_OVERLAP = 1 << 12
"""Bytes that two portions share, so that no value falls between them."""


def looks(policy: Dicom) -> bool:
    """Whether anybody looks at the pixels of an instance under ``policy``: for what is burned in, or for a face."""
    return policy.pixels == "examine" or policy.of_heads != "keep"


@dataclass(frozen=True, slots=True)
class Left:
    """The pixel data of ``path``, which stays there. ``source``: the instance without it. ``anew``: what is written over it."""

    path: Path = field(repr=False)
    source: bytes = field(repr=False)
    taken: Apart = field(repr=False)
    stamp: Stamp
    """Of the file when it was read: what has been changed since is another."""
    anew: Anew = field(default_factory=list, repr=False)

    def survives(self, case: Case) -> bool:
        """Whether an original value that ``case`` replaced stands in it as a whole word, as the writer asks of all else.

        Raises Malformed where the file is not what it was.
        """
        document = opened(case)
        portions = (Rendered(one, (), ()) for one in self._portions(_OVERLAP))
        return any(surviving_values(document, case.decisions, one) for one in portions)

    def write(self, out: BinaryIO, released: bytes) -> None:
        """The released instance with its pixel data. Raises Malformed where it is not what it was, OSError."""
        sides = together(released, self.taken)
        if sides is None:  # the policy has put something in its place, or nothing
            out.write(released)
            return
        before, behind = sides
        out.write(before)
        for portion in self._portions(0):
            out.write(portion)
        out.write(behind)

    def whole(self, case: Case) -> Case:
        """``case`` as it came in."""
        return case.changed(source=self.path.read_bytes(), document=None)

    def _portions(self, overlap: int) -> Iterator[bytes]:
        for at in range(self.taken.start, self.taken.end, _AT_A_TIME):
            yield self._silenced(at, self._read(at, min(_AT_A_TIME + overlap, self.taken.end - at)))

    def _silenced(self, at: int, portion: bytes) -> bytes:
        """``portion``, the bytes from ``at`` on, without what in compressed frames is not pixels."""
        first = max(0, bisect_right(self.anew, at, key=itemgetter(0)) - 1)
        if not self.anew:
            return portion
        made = bytearray(portion)
        for start, new in self.anew[first : bisect_left(self.anew, at + len(portion), key=itemgetter(0))]:
            low, high = max(start, at), min(start + len(new), at + len(portion))
            if low < high:
                made[low - at : high - at] = new[low - start : high - start]
        return bytes(made)

    def _read(self, at: int, length: int) -> bytes:
        try:
            with self.path.open("rb", buffering=0) as file:
                file.seek(at)
                portion = file.read(length)
                same = _stamp(file) == self.stamp and len(portion) == length
        except OSError:
            raise Malformed("unreadable-file", "file") from None
        if not same:  # what stands there now may be anything
            raise Malformed("file-changed", "file")
        return portion


def leave(path: Path, mark: Callable[[], bytes]) -> Left | None:
    """The instance at ``path`` without its pixel data, for which stands what ``mark`` gives (see ``apart``). None where it is none,
    is small, or cannot be taken apart. Raises OSError.
    """
    if path.stat().st_size < _LEAST:
        return None
    with path.open("rb") as file:
        if sniff(file.read(132)) != "dicom":
            return None
        with mmap(file.fileno(), 0, access=ACCESS_READ) as body:
            taken = apart(body, mark())
            anew: Anew | None = []
            if taken is not None and taken.syntax:
                anew = _silences(body, taken)
        return Left(path, taken.source, taken, _stamp(file), anew) if taken is not None and anew is not None else None


def _silences(body: mmap, taken: Apart) -> Anew | None:
    """See ``silences``. None for what breaks the rules: who reads all of it says so."""
    try:
        return silences(body, taken.start, taken.end, taken.syntax)
    except Malformed:
        return None


def _stamp(file: IO[bytes]) -> Stamp:
    found = os.fstat(file.fileno())
    return found.st_ino, found.st_size, found.st_mtime_ns
