"""The pipeline of one ``clean`` process: files in, results and counts out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from deidstream.adapters import policy_files
from deidstream.cli.clean.findings import lines
from deidstream.cli.clean.inputs import Input
from deidstream.cli.clean.pixels import Left, looks
from deidstream.cli.clean.preview import Sheet
from deidstream.cli.clean.reading import File, Reading
from deidstream.cli.clean.report import Tally
from deidstream.cli.clean.volumes import Volumes
from deidstream.cli.pipeline import Late, Stage, run
from deidstream.core.case import Case
from deidstream.core.errors import DeidstreamError, Malformed, Misconfigured
from deidstream.core.outcome import Gap, Hold, Outcome, Quarantine, Released
from deidstream.stages.fields.__main__ import build as build_fields
from deidstream.stages.image.__main__ import build as build_image
from deidstream.stages.process import Process
from deidstream.stages.resolver.__main__ import build as build_resolver
from deidstream.stages.text.__main__ import build as build_text
from deidstream.stages.writer.__main__ import build as build_writer
from deidstream.stream.collector import settle
from deidstream.stream.instances import Instance
from deidstream.stream.settings import Settings
from deidstream.wire import encode_case

__all__ = ["Engine", "Options", "Share"]

PROJECT = "clean"


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line said. Paths only; nothing here is content."""

    out: Path
    state: Path
    policy: str
    language: str
    tagger: str
    """A folder or a tier; ``none``: rules and identity alone."""
    threads: int
    """Processors that a model may use."""
    preview: bool = False
    """Whether pictures are shown, before and after, beside the results."""
    findings: bool = False
    """Whether a line is made of each decision."""


@dataclass(slots=True)
class Share:
    """What became of some files: counts, and the lines of the findings file."""

    tally: Tally = field(default_factory=Tally)
    findings: list[str] = field(default_factory=list)
    shown: list[str] = field(default_factory=list, repr=False)
    """Pieces of the page that shows pictures."""


class Engine:
    """Built once a process; models and tables are loaded once."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._process = Process.of(
            Settings(_tree(options)),
            Instance(("ingest", "identify", "fields", "text", "image", "heads", "resolver", "writer")),
        )
        # What is shown is looked at.
        self._pixels = options.preview or looks(policy_files.load(options.policy).dicom)
        self._reading = Reading(self._process, PROJECT, options.language, self._pixels)
        self._heads = Volumes(self._process, self._reading)
        self._stages: dict[str, Stage] = {
            "heads": self._heads,
            "identify": self._reading.identify,
            "fields": build_fields(self._process),
            "text": build_text(self._process),
            "image": Late(lambda: build_image(self._process)),
            "resolver": build_resolver(self._process),
            "writer": build_writer(self._process),
        }
        self._sheet = Sheet(self._process.pictures) if options.preview else None
        settle()

    def learn(self, items: Iterable[Input]) -> None:
        """See ``Reading``."""
        for item in items:
            for case in self._reading.learn(item):
                if self._pixels:
                    self._heads.note(item, case)

    def settle(self) -> None:
        """What was learned is there for all processes: who is who, and what is a head. See ``Reading`` and ``Volumes``."""
        self._reading.settle()
        self._heads.settle()

    def clean(self, items: Sequence[Input]) -> Share:
        """Writes the results of ``items``. Raises Misconfigured when the output cannot be written."""
        share = Share()
        files: list[File] = []
        for item in items:
            try:
                files.append(self._reading.open(item))
            except DeidstreamError as error:
                self._refuse(share, item, error.code, error.place)
            except OSError:
                self._refuse(share, item, "unreadable-file", "file")
        owners = {case.id: (file, number) for file in files for number, case in enumerate(file.cases)}
        for outcome in run((case for file in files for case in file.cases), self._stages):
            self._take(share, owners, outcome)
        for file in files:
            self._write(share, file)
        if self._sheet is not None:
            share.shown, self._sheet.pieces = self._sheet.pieces, []
        return share

    def _take(self, share: Share, owners: dict[str, tuple[File, int]], outcome: Outcome) -> None:
        match outcome:
            case Released(release=release, case=case):
                file, number = owners[release.case_id]
                if case is None:
                    file.provenance[number] = release.content
                else:
                    if file.left is not None and (why := _why_not(file.left, case)):
                        file.refused[number] = why
                        return
                    file.released[number] = release.content
                    self._account(share, file, number, case)
                    if self._sheet is not None and (case.header.attribute("pixels") or case.header.format == "pdf"):
                        self._sheet.add(file.item.name, case, release.content)
            case Quarantine(case=case, code=code, place=place):
                _refused(owners, case, code, place)
            case Hold(case=case, reason=reason):
                _refused(owners, case, reason, "review")
            case Gap(case=case, reason=reason):
                _refused(owners, case, reason, "resolver")

    def _account(self, share: Share, file: File, number: int, case: Case) -> None:
        if self._options.findings:
            member = f"message[{number + 1}]!" if file.unpacked.batch else ""
            share.findings += lines(file.item.name, member, case, case.decisions)
        share.tally.actions.update(str(decision.method) for decision in case.decisions)
        share.tally.categories.update(str(decision.category) for decision in case.decisions)

    def _write(self, share: Share, file: File) -> None:
        separator = b"\n" if file.unpacked.format == "fhir" and file.unpacked.batch else b""
        if file.released and file.left is not None:
            self._write_with_pixels(file, file.left)
        elif file.released:
            put(self._options.out / file.item.name, _joined(file.released, separator))
        if file.provenance:
            put(self._options.out / ".provenance" / file.item.name, _joined(file.provenance, b"\n"))
        tally = share.tally
        tally.formats[file.unpacked.format] += 1
        tally.messages["released"] += len(file.released)
        tally.messages["quarantined"] += len(file.cases) - len(file.released)
        for number, case in enumerate(file.cases):
            if number not in file.released:
                code, place = file.refused.get(number, ("not-released", ""))
                name = file.item.name + (f".{number + 1}" if file.unpacked.batch else "")
                self._quarantine(share, name, self._sealed(file, case), code, place)
        every = len(file.released) == len(file.cases)
        tally.files["released" if every else "partly" if file.released else "quarantined"] += 1

    def _sealed(self, file: File, case: Case) -> bytes:
        """The case as it came in. Of a file that is gone by now nothing is left."""
        try:
            whole = file.left.whole(case) if file.left is not None else case
        except OSError:
            return b""
        return encode_case(whole, self._process.keys)

    def _write_with_pixels(self, file: File, left: Left) -> None:
        """The one instance in it. Refused where the file has changed since it was opened."""
        path = self._options.out / file.item.name
        try:
            put(path, file.released[0], left.write)
        except Malformed as error:
            path.unlink()
            del file.released[0]
            file.refused[0] = (error.code, error.place)

    def _refuse(self, share: Share, item: Input, code: str, place: str) -> None:
        """A file that holds no message that could be read."""
        share.tally.files["quarantined"] += 1
        self._quarantine(share, item.name, b"", code, place)

    def _quarantine(self, share: Share, name: str, sealed: bytes, code: str, place: str) -> None:
        share.tally.reasons[code] += 1
        folder = self._options.out / ".quarantine"
        put(folder / name, sealed)
        put(folder / f"{name}.reason.json", json.dumps({"code": code, "place": place}).encode())


def put(path: Path, content: bytes, write: Callable[[BinaryIO, bytes], object] | None = None) -> None:
    """Writes a file, by ``write``, and the folders above it. Raises Misconfigured with the error number when that fails."""
    try:
        with _opened(path) as out:
            if write is None:
                out.write(content)
            else:
                write(out, content)
    except OSError as error:
        hint = f"cannot be written (errno {error.errno}): make room or choose another folder"
        raise Misconfigured("output-folder", "--out", hint) from None


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("wb")
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("wb")


def _why_not(left: Left, case: Case) -> tuple[str, str] | None:
    """Why ``case`` may not be released for what stands in its pixel data."""
    try:
        return ("residue", "review") if left.survives(case) else None
    except Malformed as error:
        return error.code, error.place


def _refused(owners: dict[str, tuple[File, int]], case: Case, code: str, place: str) -> None:
    file, number = owners[case.id]
    file.refused[number] = (code, place)


def _joined(pieces: dict[int, bytes], separator: bytes) -> bytes:
    return b"".join(pieces[number] + separator for number in sorted(pieces))


def _tree(options: Options) -> dict[str, Any]:  # Any: a configuration tree
    tagger = None if options.tagger == "none" else {"folder": options.tagger, "threads": options.threads}
    return {
        "text": {"tagger": tagger},
        "image": {"threads": options.threads},
        "deployment": {"state": str(options.state), "health": None, "retained_days": 0},
        "resolver": {"projects": [{"name": PROJECT, "policy": options.policy}]},
    }
