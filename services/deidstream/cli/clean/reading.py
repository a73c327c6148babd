"""Files as cases, and what all of them say about who is who."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from deidstream.cli.clean.inputs import Input
from deidstream.cli.clean.pixels import Left, leave
from deidstream.core.case import Case, Container
from deidstream.core.errors import DeidstreamError
from deidstream.stages.identify.__main__ import build as build_identify
from deidstream.stages.ingest.service import Admission, Received
from deidstream.stages.ingest.unpack import Unpacked, unpack
from deidstream.stages.process import Process

__all__ = ["File", "Reading"]


@dataclass(slots=True)
class File:
    """A file on its way: its cases, and what became of each, by ordinal."""

    item: Input
    unpacked: Unpacked
    cases: list[Case]
    left: Left | None = None
    """Its pixel data, where nobody looks at that."""
    released: dict[int, bytes] = field(default_factory=dict)
    provenance: dict[int, bytes] = field(default_factory=dict)
    refused: dict[int, tuple[str, str]] = field(default_factory=dict)


class Reading:
    """``source``: what the cases are said to come from. ``language``: of the texts, where they do not say (BCP 47). ``pixels``:
    whether anybody looks at those of DICOM instances; else they stay in their files.
    """

    def __init__(self, process: Process, source: str, language: str = "", pixels: bool = True) -> None:
        self._source, self._language, self._pixels = source, language, pixels
        self._keys = process.keys
        self._admission = Admission(process.keys, process.clock)
        self.identify = build_identify(process, remember=False, pixels=pixels)  # beyond what was learned from all

    def learn(self, item: Input) -> list[Case]:
        """Hears what ``item`` says about who is who; its cases. What cannot be read is left to who opens it, and will say so."""
        try:
            file = self.open(item)
        except (DeidstreamError, OSError):
            return []
        for case in file.cases:
            self._learn(case)
        return file.cases

    def settle(self) -> None:
        """Stores what was learned, for this and other processes."""
        self.identify.settle()

    def open(self, item: Input) -> File:
        """The cases of one file. Raises DeidstreamError for what is no message, OSError for what cannot be read."""
        left = None if self._pixels else leave(item.path, lambda: self._mark(item))
        content = left.source if left is not None else item.path.read_bytes()
        unpacked = unpack(content, item.name)
        size = len(unpacked.members)
        attributes = (("language", self._language),)
        cases = []
        for number, member in enumerate(unpacked.members):
            container = (
                Container(self._admission.identify(self._source, os.fsencode(item.name), b""), number, size)
                if unpacked.batch
                else None
            )
            received = Received(
                self._source,
                unpacked.format,
                member,
                b"%d %b" % (number, os.fsencode(item.name)),
                item.name,
                container,
                attributes,
            )
            cases.append(self._admission.case(received))
        return File(item, unpacked, cases, left)

    def _mark(self, item: Input) -> bytes:
        """The same for the same file, and nobody can guess it."""
        return self._keys.mac("id", b"pixels\0" + os.fsencode(item.name))[:16]

    def _learn(self, case: Case) -> None:
        try:
            self.identify.learn((case,))
        except Exception:  # noqa: BLE001 - whatever is wrong with this case, whoever works on it meets it again and says so
            return
