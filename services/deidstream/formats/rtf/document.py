"""RTF as runs of text. A run is what stands between two control words or groups; a part joins the runs of one destination."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from deidstream.core.document import Document, Leaf, Part
from deidstream.core.errors import Malformed
from deidstream.formats.markup.narrative import ReadingText
from deidstream.formats.possessive import possessive
from deidstream.formats.rtf.codec import CHARACTER, RtfCodec

__all__ = ["RtfDocument", "split"]

PICTURE = "picture"
"""Type of a leaf that holds a picture or an object, in hexadecimal or binary: it is not understood."""


class RtfDocument(Document):
    """An RTF file. Parts: the body, and each header, footer, note, annotation, field instruction and property."""

    format = "rtf"


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
                self.state = replace(self.state, at_start=True, ignorable=False)
            elif kind == "close":
                if self.close(found.end()):
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

    def close(self, end: int) -> bool:
        """Leaves a group. Whether it was the outermost: then nothing may follow."""
        self.state = self.stack.pop()
        if self.stack:
            return False
        if self.text[end:].strip("\0 \r\n\t"):
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
        if name in _BREAKS:
            self.reading(self.state.destination).separate(_BREAKS[name])
        elif name in _SETTINGS:
            self.setting(name, value)
        elif name in _DESTINATIONS:
            self.enter(_DESTINATIONS[name])
        elif starts and ignorable:
            self.enter(f"ignorable.{name}")
        return end

    def setting(self, name: str, value: int) -> None:
        codec = self.state.codec
        if name == "uc":
            self.state = replace(self.state, codec=replace(codec, skip=max(0, min(value, 8))))
        elif name == "f":
            self.font = value
            self.state = replace(self.state, codec=replace(codec, charset=self.fonts.get(value, self.default)))
        elif name == "fcharset":
            self.fonts[self.font] = _FONT_CHARSETS.get(value, self.default)
        elif name == "plain":
            self.state = replace(self.state, codec=replace(codec, charset=self.default))
        else:
            self.default = _CODE_PAGES.get(value, "cp1252") if name == "ansicpg" else _FAMILIES[name]
            self.state = replace(self.state, codec=replace(codec, charset=self.default))

    def enter(self, destination: str) -> None:
        if destination and destination != PICTURE:
            number = self.names[destination] = self.names.get(destination, 0) + 1
            destination = destination if number == 1 else f"{destination}[{number}]"
        self.state = replace(self.state, destination=destination)

    def binary(self, start: int, size: int) -> int:
        end = min(start + size, len(self.text))
        if end > start:
            self.leaf(start, end, "", _PLAIN, PICTURE, PICTURE)
        self.after_word = False
        return end

    def characters(self, found: re.Match[str]) -> None:
        destination = self.state.destination
        self.state = replace(self.state, at_start=False) if self.state.at_start else self.state
        start, end = found.span()
        if not destination:
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
        if text:
            leaf = self.leaf(start, end, text, codec, destination, "text")
            self.reading(destination).add(leaf, verbatim=True)

    def leaf(self, start: int, end: int, text: str, codec: RtfCodec, destination: str, type_: str) -> Leaf:
        number = self.runs[destination] = self.runs.get(destination, 0) + 1
        path = f"{destination}/run[{number}]"
        leaf = Leaf(path, start, end, text, codec, type_, type_ != PICTURE)
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
_BREAKS = dict.fromkeys(("par", "line", "row", "nestrow", "sect", "page", "column", "softline"), "\n") | {
    "tab": "\t",
    "cell": "\t",
    "nestcell": "\t",
}
_FAMILIES = {"ansi": "cp1252", "mac": "mac_roman", "pc": "cp437", "pca": "cp850"}
_SETTINGS = frozenset({"uc", "f", "fcharset", "plain", "ansicpg", *_FAMILIES})
_FONT_CHARSETS = {
    0: "cp1252",
    2: "cp1252",
    77: "mac_roman",
    128: "cp932",
    129: "cp949",
    134: "cp936",
    136: "cp950",
    161: "cp1253",
    162: "cp1254",
    163: "cp1258",
    177: "cp1255",
    178: "cp1256",
    186: "cp1257",
    204: "cp1251",
    222: "cp874",
    238: "cp1250",
}
_CODE_PAGES = {
    number: f"cp{number}" for number in (437, 850, 852, 866, 874, 932, 936, 949, 950, *range(1250, 1259))
} | {
    65001: "utf-8",
    10000: "mac_roman",
}
_SILENT = (
    "fonttbl colortbl stylesheet listtable listoverridetable rsidtbl themedata colorschememapping latentstyles datastore "
    "generator filetbl revtbl pgptbl mmathPr xmlnstbl listpicture pnseclvl panose falt fontfile blipuid blipplain wgrffmtfilter "
    "defchp defpap shpinst"
)
_SPOKEN = (
    "header headerl headerr headerf footer footerl footerr footerf footnote annotation atnid atnauthor atndate fldinst bkmkstart "
    "bkmkend info title subject author manager company operator category keywords comment doccomm hlinkbase shptxt xe tc "
    "userprops propname staticval docvar txe rxe formfield ffname ffdeftext ffhelptext ffstattext"
)
_DESTINATIONS = (
    dict.fromkeys(_SILENT.split(), "")  # tables of the writer's program, no words of the author's
    | {name: name for name in _SPOKEN.split()}
    | dict.fromkeys(("pict", "objdata", "result.pict", "objclass"), PICTURE)
)
