"""RTF as runs of text. A run is what stands between two control words or groups; a part joins the runs of one destination."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from deidstream.core.document import Document, Leaf, Part, Splice
from deidstream.core.errors import Malformed
from deidstream.formats.markup.narrative import ReadingText
from deidstream.formats.possessive import possessive
from deidstream.formats.rtf.codec import CHARACTER, RtfCodec
from deidstream.formats.rtf.words import (
    BREAKS,
    CODE_PAGES,
    DATES,
    DESTINATIONS,
    FAMILIES,
    FONT_CHARSETS,
    INHERITING,
    LABELS,
    PICTURE,
    PROPERTY,
    SETTINGS,
    UNSEEN,
    VALUE,
    WORDLESS,
)

__all__ = ["RtfDocument", "split"]


class RtfDocument(Document):
    """An RTF file. Parts: the body, and each header, footer, note, annotation, field instruction and property of a shape."""

    format = "rtf"

    def removals(self, paths: Sequence[str]) -> list[Splice]:
        """See ``Document``. What is unseen leaves a group that is empty, which still ends the word before it, or the number 0."""
        return [
            one._replace(replacement=self._left(one)) if leaf.type == UNSEEN else one
            for leaf, one in zip(map(self.leaf, paths), super().removals(paths), strict=True)
        ]

    def _left(self, one: Splice) -> bytes:
        first = self.source[one.start : one.start + 1]
        return b"{}" if first == b"{" else b"0" if self.source[one.start : one.end].lstrip(b"-").isdigit() else b""


_PLAIN = RtfCodec()


@dataclass(frozen=True, slots=True)
class _State:
    """What a group inherits."""

    destination: str = "body"
    codec: RtfCodec = _PLAIN
    at_start: bool = True
    ignorable: bool = False


def split(source: bytes, charset: str = "") -> RtfDocument:
    """``source`` as runs. ``charset`` is not used: RTF says its own.

    Raises Malformed: ``empty``, ``not-rtf``, ``unbalanced-group``, ``content-after-end``.
    """
    if not source.strip():
        raise Malformed("empty")
    text = source.decode("latin-1")
    if not text.startswith("{\\rtf"):
        raise Malformed("not-rtf")
    reader = _Reader(text)
    reader.run()
    return RtfDocument(source, reader.leaves, reader.parts())


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.state = _State()
        self.stack: list[_State] = []
        self.leaves: list[Leaf] = []
        self.destinations: dict[str, ReadingText] = {}
        self.names: dict[str, int] = {}
        self.runs: dict[str, int] = {}
        self.fonts: dict[int, str] = {}
        self.font = 0
        self.default = "cp1252"
        self.after_word = False
        self.property = ""
        self.opened: list[int] = []
        """Where each group that is open begins."""
        self.unseen: tuple[int, int] | None = None
        """How deep the group lies that goes, and where what goes begins."""

    def run(self) -> None:
        position, size, text = 0, len(self.text), self.text
        while position < size:
            found = _TOKEN.match(text, position)
            if found is None:  # a lone backslash at the end, or before a byte that means nothing
                position += 2
                continue
            kind = found.lastgroup
            if kind == "open":
                self.stack.append(self.state)
                self.opened.append(position)
                self.state = replace(self.state, at_start=True, ignorable=False)
            elif kind == "close":
                if self.close(found):
                    return
            elif kind == "word":
                position = self.word(found)
                continue
            elif kind == "star":
                self.state = replace(self.state, ignorable=True)
            elif kind == "run":
                self.characters(found)
            self.after_word = False
            position = found.end()
        raise Malformed("unbalanced-group")

    def close(self, found: re.Match[str]) -> bool:
        """Leaves a group. Whether it was the outermost: then nothing may follow."""
        if self.unseen is not None and self.unseen[0] == len(self.stack):
            start, self.unseen = self.unseen[1], None
            self.leaf(start, found.end() if self.text[start] == "{" else found.start(), "", _PLAIN, UNSEEN, UNSEEN)
        self.opened.pop()
        self.state = self.stack.pop()
        if self.stack:
            return False
        if self.text[found.end() :].strip("\0 \r\n\t"):
            raise Malformed("content-after-end")
        return True

    def word(self, found: re.Match[str]) -> int:
        name, number, end = found["name"], found["number"], found.end()
        value = int(number) if number else 0
        self.after_word = not found["space"]
        starts, ignorable = self.state.at_start, self.state.ignorable
        if starts:
            self.state = replace(self.state, at_start=False, ignorable=False)
        if name == "bin":
            return self.binary(end, max(0, value))
        if self.unseen is not None:
            return end
        if name in BREAKS:
            self.reading(self.state.destination).separate(BREAKS[name])
        elif name in SETTINGS:
            self.setting(name, value)
        elif name in DATES and number:
            self.leaf(*found.span("number"), "", _PLAIN, UNSEEN, UNSEEN)
        elif DESTINATIONS.get(name) == UNSEEN or (
            starts and ignorable and name not in INHERITING and name not in DESTINATIONS
        ):
            self.unseen = (len(self.stack), self.opened[-1] if starts else found.start())
        elif name == VALUE:
            self.enter(VALUE if _SAYING.match(self.property) else WORDLESS)
        elif name in DESTINATIONS:
            self.enter(DESTINATIONS[name])
        return end

    def setting(self, name: str, value: int) -> None:
        codec = self.state.codec
        if name == "uc":
            self.state = replace(self.state, codec=replace(codec, skip=max(0, min(value, 8))))
        elif name == "f":
            self.font = value
            self.state = replace(self.state, codec=replace(codec, charset=self.fonts.get(value, self.default)))
        elif name == "fcharset":
            self.fonts[self.font] = FONT_CHARSETS.get(value, self.default)
        elif name == "plain":
            self.state = replace(self.state, codec=replace(codec, charset=self.default))
        else:
            self.default = CODE_PAGES.get(value, "cp1252") if name == "ansicpg" else FAMILIES[name]
            self.state = replace(self.state, codec=replace(codec, charset=self.default))

    def enter(self, destination: str) -> None:
        if destination not in _UNNUMBERED:
            number = self.names[destination] = self.names.get(destination, 0) + 1
            destination = destination if number == 1 else f"{destination}[{number}]"
        self.state = replace(self.state, destination=destination)

    def binary(self, start: int, size: int) -> int:
        end = min(start + size, len(self.text))
        if end > start and self.unseen is None:
            self.leaf(start, end, "", _PLAIN, PICTURE, PICTURE)
        self.after_word = False
        return end

    def characters(self, found: re.Match[str]) -> None:
        destination = self.state.destination
        self.state = replace(self.state, at_start=False) if self.state.at_start else self.state
        start, end = found.span()
        if not destination or self.unseen is not None:
            return
        if destination == PICTURE:
            if self.text[start:end].strip():
                self.leaf(start, end, "", _PLAIN, PICTURE, PICTURE)
            return
        raw = self.text[start:end]
        codec = self.state.codec
        if self.after_word or _TIGHT.search(raw):
            codec = replace(codec, tight=True)
        text = codec.read(raw)[0]
        if destination == PROPERTY:
            self.property = text.strip()
        elif destination == WORDLESS:
            if any(map(str.isalpha, text)):
                self.leaf(start, end, "", _PLAIN, UNSEEN, UNSEEN)
        elif text and not (destination.startswith(LABELS) and not any(map(str.isalnum, text))):
            if destination == "stylesheet":
                self.reading(destination).separate("\n")
            leaf = self.leaf(start, end, text, codec, destination, "text")
            self.reading(destination).add(leaf, verbatim=True)

    def leaf(self, start: int, end: int, text: str, codec: RtfCodec, destination: str, type_: str) -> Leaf:
        number = self.runs[destination] = self.runs.get(destination, 0) + 1
        path = f"{destination}/run[{number}]"
        leaf = Leaf(path, start, end, text, codec, type_, type_ == "text")
        self.leaves.append(leaf)
        return leaf

    def reading(self, destination: str) -> ReadingText:
        return self.destinations.setdefault(destination, ReadingText())

    def parts(self) -> Sequence[Part]:
        return [part for name, reading in self.destinations.items() for part in reading.part(name)]


_TOKEN = re.compile(
    r"(?P<open>\{)|(?P<close>\})|(?P<star>\\\*)|"
    + rf"(?P<run>{possessive(CHARACTER, '++')})|"
    + r"(?P<word>\\(?P<name>[A-Za-z]{1,40})(?P<number>-?[0-9]{1,10})?(?P<space> ?))"
)
_TIGHT = re.compile(r"\\[A-Za-z]+(?:-?[0-9]+)?(?![A-Za-z0-9 ?-])")
_SAYING = re.compile(r"wz|gtext(?:UNICODE|RTF|\w*Font)|.*Name\Z", re.IGNORECASE)
"""Properties of shapes whose values are words: lettering, descriptions, names of files."""
_UNNUMBERED = frozenset({"", PICTURE, WORDLESS, PROPERTY})
