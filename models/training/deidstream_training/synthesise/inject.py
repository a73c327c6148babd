"""The step ``inject``: invented identities in real notes that hold none.

A real note has a language that no grammar has, so the tagger should see it; but nothing in it is marked, so whatever might
identify somebody has to go first: each sentence with a title, an age, a date, a number as long as an identifier or a capital
within is left out. What remains is put together again with what the grammar of the language writes for one and the same story:
a header in front, sentences about the patient between, a signature behind.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from deidstream_training.synthesise.division import Split, part_of
from deidstream_training.synthesise.document import Document, Mark, Text
from deidstream_training.synthesise.generate import generator
from deidstream_training.synthesise.noise import noisy

__all__ = ["Injection", "notes", "safe_sentences"]

_SENTENCE = re.compile(r"[^.!?\n]+[.!?]*\s*")
_TITLE_STOP = re.compile(r"\b(Drs?|Mrs?|Ms|Prof|St|Jr|Sr)\.")  # the stop that ends no sentence
_SUSPECT = re.compile(
    r"\b(?:Dr|Doctor|Mr|Mrs|Ms|Miss|Prof|Professor|Sir|Madam|Nurse)\b|year|\bage[ds]?\b|month|born|\b(?:19|20)\d\d\b|\d{4,}|\d[/.-]\d+[/.-]\d|@|www"
    r"|\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b|\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\b"
    r"|\b(?:Hospital|Center|Centre|Clinic|Street|Road|County|University|School|American|Hispanic|Caucasian|white|black)\b",
)
_CAPITAL = re.compile(r"(?<=[a-z,;] )[A-Z][a-z]+")
_ABOUT = re.compile(r"README|LICENSE|NOTICE", re.IGNORECASE)
_WORD = re.compile(r"\b[A-Z][a-z]+\b")
_COLUMNS = ("note", "section_text", "text")
_LEAST = 3


@dataclass(frozen=True, slots=True)
class Injection:
    """Which documents a run makes of some notes. Document number i follows from the plan and i alone.

    A note belongs to training or to the test by its hash; ``documents`` may exceed the number of notes.
    """

    seed: int
    split: Split
    documents: int
    language: str
    texts: tuple[str, ...] = field(repr=False)

    def document(self, index: int) -> Document:
        """The document with that number, from 0."""
        rng = Random(f"inject/{self.seed}/{self.split}/{index}")
        kept = safe_sentences(self.texts[index % len(self.texts)])
        start = rng.randrange(max(1, len(kept) - 12))
        body = kept[start : start + rng.randint(_LEAST, 14)]
        head, opening, history, social, follow, sign = generator(self.language, self.split).fragments(
            rng, ("head", "open", "history", "social", "follow", "sign")
        )
        middle = rng.sample([opening, history, social, follow], rng.randint(1, 3))
        places = sorted(rng.randint(0, len(body)) for _ in middle)
        parts: list[Text] = []
        for place, sentence in enumerate([*body, ""]):
            parts += [part for part, at in zip(middle, places, strict=True) if at == place]
            parts += [Text(sentence.strip(), ())] if sentence else []
        whole = _joined(
            [_joined([head], ""), _joined(parts, " "), sign] if rng.random() < 0.8 else [_joined(parts, " ")], "\n\n"
        )
        content, noise = noisy(rng, whole.stripped(), self.language)
        return Document(
            f"{self.split}-inject-{self.seed}-{index}", self.language, "injected", self.split, content, noise
        )

    def after(self, index: int) -> Iterator[Document]:
        """The documents from a number on."""
        return (self.document(number) for number in range(index, self.documents))


def notes(path: Path, split: Split) -> tuple[str, ...]:
    """The notes of one part, in a file or in all files of a folder but those that tell about it (README, LICENSE, NOTICE).

    Read are texts, CSV with a column ``note``, ``section_text`` or ``text``, and JSON lines with ``text``; kept are notes with
    enough sentences that hold nothing suspect. Raises ``ValueError`` where none is left.
    """
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    texts = dict.fromkeys(text for file in files for text in _read(file))
    kept = tuple(text for text in texts if part_of(text) is split and len(safe_sentences(text)) >= _LEAST)
    if not kept:
        raise ValueError("no note that identities could be put into")
    return kept


def safe_sentences(text: str) -> list[str]:
    """The sentences of a note that nothing suggests identify anybody."""
    return [
        each[0]
        for each in _SENTENCE.finditer(_TITLE_STOP.sub(r"\1", text))
        if each[0].strip() and not (_SUSPECT.search(each[0]) or _CAPITAL.search(each[0]))
    ]


def _read(file: Path) -> Iterator[str]:
    reader: dict[str, Callable[[Path], Iterator[str]]] = {".txt": _whole, ".csv": _rows, ".jsonl": _lines}
    if file.suffix in reader and not _ABOUT.match(file.name):
        yield from reader[file.suffix](file)


def _whole(file: Path) -> Iterator[str]:
    yield file.read_text(encoding="utf-8")


def _rows(file: Path) -> Iterator[str]:
    with file.open(encoding="utf-8", newline="") as rows:
        for row in csv.DictReader(rows):
            yield from (row[name] for name in _COLUMNS if row.get(name))


def _lines(file: Path) -> Iterator[str]:
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                yield str(json.loads(line)["text"])
            except (ValueError, KeyError, TypeError):
                raise ValueError(f"{file}:{number} is no JSON object with a text") from None


def _joined(parts: list[Text], between: str) -> Text:
    """Texts in a row, with their marks."""
    pieces: list[str] = []
    marks: list[Mark] = []
    length = 0
    for index, part in enumerate(parts):
        lead = between if index else ""
        length += len(lead)
        marks.extend((start + length, end + length, category) for start, end, category in part.marks)
        pieces += lead, part.text
        length += len(part.text)
    return Text("".join(pieces), tuple(marks))
