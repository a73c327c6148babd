"""What is sent: the shared corpora where they are, else a simulated hospital day and the samples of ``tests/data``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random

from deidstream.cli.simulate.day import LANGUAGES, day
from deidstream.cli.simulate.notes import note
from deidstream.cli.simulate.people import patient
from deidstream.formats.hl7v2 import acknowledgement, mllp
from deidstream.formats.hl7v2.header import peek
from deidstream.stages.ingest.door import judge

__all__ = ["MARK", "Corpus", "answered", "load", "numbered", "spanish"]

_SAMPLES = Path(__file__).parents[1] / "data"
_SIMULATED = 1_000
MARK = b"OBX|9999|NM|2823-3^Potassium^LN||"
"""Begins the segment that ``numbered`` adds; what is measured is a clinical value, which nothing may change."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """Messages without doubles that a listener lets in. ``name`` says which they are."""

    name: str
    hl7: tuple[bytes, ...] = field(repr=False)
    fhir: tuple[tuple[str, bytes], ...] = field(repr=False)
    """Path below the base, and body."""


def load(shared: Path) -> Corpus:
    """The corpus of ``shared``; where it is not, the stand-in."""
    if (shared / "hl7v2" / "corpus.jsonl").is_file():
        lines = (shared / "hl7v2" / "corpus.jsonl").read_text(encoding="utf-8").splitlines()
        hl7 = [json.loads(line)["message"].encode() for line in lines]
        fhir = [path.read_bytes() for path in sorted((shared / "fhir" / "r4").glob("*.json"))]
        return Corpus("shared", tuple(_admitted(hl7)), tuple(_posted(fhir)))
    events = list(day(_SIMULATED, 1, 0, LANGUAGES))
    hl7 = [event.content for event in events if event.format == "hl7v2"]
    fhir = [event.content for event in events if event.format == "fhir"]
    lines = (_SAMPLES / "hl7v2" / "corpus.jsonl").read_text(encoding="utf-8").splitlines()
    hl7 += [json.loads(line)["message"].encode() for line in lines]
    fhir += [path.read_bytes() for path in sorted((_SAMPLES / "fhir").glob("*.json"))]
    return Corpus("simulated", tuple(_admitted(hl7)), tuple(_posted(fhir)))


def numbered(messages: Iterable[bytes], count: int, first: int = 0) -> Iterator[bytes]:
    """``count`` messages, those given over and over, each with a control id of its own and a last OBX that holds its number."""
    plain = [message for message in messages if message.startswith(b"MSH|^~\\&|")]
    for number in range(first, first + count):
        head, separator, rest = plain[number % len(plain)].partition(b"\r")
        fields = head.split(b"|")
        fields[9] = b"B%08d" % number
        fields[14:16] = [b"", b""][: len(fields[14:16])]  # always answered
        body = rest.rstrip(b"\r\n")
        yield b"|".join(fields) + separator + body + b"\r" + MARK + b"%d|mmol/L|||||F\r" % (number + 1_000_000)


def answered(message: bytes) -> bool:
    """Whether the sender is told that the message was accepted (MSH-15)."""
    return acknowledgement.expects_answer(peek(message), acknowledgement.Verdict.ACCEPTED)


def spanish(shared: Path) -> tuple[str, list[str]]:
    """Spanish clinical texts and their name: the training part of MEDDOCAN, else the Spanish notes of a simulated day."""
    folder = shared / "text" / "es_meddocan" / "train"
    if folder.is_dir():
        return "shared", [path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.txt"))]
    random, now = Random(1), datetime(2026, 3, 2, 9)
    return "simulated", [note(patient(random, number, ("es",)), now) for number in range(2_000)]


def _admitted(messages: Iterable[bytes]) -> Iterator[bytes]:
    for message in dict.fromkeys(messages):
        if judge(mllp.Frame(message)).verdict is acknowledgement.Verdict.ACCEPTED:
            yield message


def _posted(resources: Iterable[bytes]) -> Iterator[tuple[str, bytes]]:
    for content in dict.fromkeys(resources):
        try:
            yield json.loads(content)["resourceType"], content
        except (KeyError, TypeError, ValueError):
            continue
