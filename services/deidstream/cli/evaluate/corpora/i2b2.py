"""The XML of the 2014 i2b2/UTHealth de-identification task (Stubbs and Uzuner, J Biomed Inform 58S, 2015).

``<deIdi2b2><TEXT>...</TEXT><TAGS><NAME id="P0" start="16" end="26" text="..." TYPE="DOCTOR"/>...``; the patient is the first
number of the file's name (``110-01.xml``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from xml.parsers import expat

from deidstream.cli.evaluate.corpora import files
from deidstream.cli.evaluate.corpora.scheme import Scheme
from deidstream.core.errors import Malformed
from deidstream.core.span import Span
from deidstream.evaluation.annotated import Annotated, Gold

__all__ = ["read"]


def read(path: Path, scheme: Scheme) -> Iterator[Annotated]:
    """One document a file, by name. The label of a tag is its TYPE, else the name of its element. Raises Malformed."""
    for file in files.found(path, ("*.xml",)):
        parsed = _Parsed(file)
        gold = [one for found in parsed.tags if (one := _gold(found, parsed.text, scheme, file)) is not None]
        name = files.relative(file, path)
        patient = Path(name).name.partition("-")[0]
        yield Annotated(name, scheme.name, parsed.text, tuple(gold), scheme.language, patient, unmarked=scheme.unmarked)


_Tag = tuple[int, str, Mapping[str, str]]
"""Line, name of the element, attributes."""


class _Parsed:
    def __init__(self, file: Path) -> None:
        self.tags: list[_Tag] = []
        self._file = file
        self._path: list[str] = []
        self._pieces: list[str] = []
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.StartDoctypeDeclHandler = self._doctype
        try:
            self._parser.Parse(files.text(file), True)
        except expat.ExpatError as error:
            raise Malformed("not-xml", f"{file}:{error.lineno}") from None
        self.text = "".join(self._pieces)
        if not self.text:
            raise Malformed("no-text", str(file), "an element TEXT is expected")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if self._path and self._path[-1] == "TAGS":
            self.tags.append((self._parser.CurrentLineNumber, name, attributes))
        self._path.append(name)

    def _end(self, _: str) -> None:
        self._path.pop()

    def _characters(self, content: str) -> None:
        if self._path[-1] == "TEXT":
            self._pieces.append(content)

    def _doctype(self, *_: object) -> None:
        """Entities that a file declares for itself could grow without bound."""
        raise Malformed("doctype", f"{self._file}:{self._parser.CurrentLineNumber}", "not part of the format")


def _gold(tag: _Tag, text: str, scheme: Scheme, file: Path) -> Gold | None:
    line, name, attributes = tag
    place = f"{file}:{line}"
    try:
        span = Span(int(attributes["start"]), int(attributes["end"]))
    except (KeyError, ValueError):
        raise Malformed("bad-span", place, "whole numbers start and end are expected") from None
    if not 0 <= span.start < span.end <= len(text):
        raise Malformed("span-outside-text", place)
    repeated = attributes.get("text")
    if repeated is not None and repeated.split() != text[span.start : span.end].split():
        raise Malformed("span-text-differs", place, "offsets are code points of TEXT, from 0, the end not included")
    return scheme.gold(attributes.get("TYPE", name), span, place)
