"""A DICOM instance as elements, leaves and texts, and how edits go back in: lengths and group lengths follow."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from deidstream.core.document import Document, Edit, Leaf, Part, Piece, Splice, apply_splices
from deidstream.core.errors import Malformed, Unsafe
from deidstream.core.span import Span
from deidstream.formats.dicom.codec import DEFAULT, ValueCodec, codec_of, encodings_of
from deidstream.formats.dicom.element import STRINGS, TEXTS, Element, Item, is_private
from deidstream.formats.dicom.lengths import lengths
from deidstream.formats.dicom.limits import fitted
from deidstream.formats.dicom.preamble import Opening, deflated, opening
from deidstream.formats.dicom.reader import read
from deidstream.formats.dicom.schemes import PUBLIC

__all__ = ["CHARSET", "DicomDocument", "is_nameless", "split", "text_locator"]

CHARSET = 0x00080005
_CODED = frozenset(
    {"CodeValue", "CodingSchemeDesignator", "CodingSchemeVersion", "CodeMeaning", "SpecificCharacterSet"}
)
_FREE = frozenset({"LO", "SH", "LT", "ST", "UT", "UC"})
_CODE = re.compile(rb"[A-Z0-9_ ]{0,16}(?:\\[A-Z0-9_ ]{0,16})*")
"""Values of CS (PS3.5, table 6.2-1), without their padding."""
_VERSION, _LOCAL = re.compile(r"[0-9._-]*"), re.compile(r"99[A-Z0-9_]*|L")
"""Versions, and designators of local schemes (PS3.3, 8.2), that are no words."""
_SUFFIX = ":text"


def text_locator(path: str) -> str:
    """The locator of the text in the element at ``path``. The element itself, as a whole, has ``path``."""
    return path + _SUFFIX


def is_nameless(path: str) -> bool:
    """Whether a step of ``path`` is a tag alone: private, or unknown. (Of repeating elements the keyword stands before the tag.)"""
    return path.startswith("(") or ".(" in path


class DicomDocument(Document):
    """One instance. ``meta`` and ``elements`` are its file meta information and its data set; leaves are made when asked for.

    Each free-text value (LO, SH, LT, ST, UT, UC, and CS that is no code; nothing private) is a part.
    """

    format = "dicom"

    def __init__(self, source: bytes, opened: Opening, elements: list[Element], encodings: tuple[str, ...]) -> None:
        super().__init__(source, ())
        self.opened = opened
        self.elements = elements
        self.encodings = encodings
        """Python's names of the character sets of the outermost data set."""
        self.nested: dict[str, Document] = {}
        self._places: dict[str, tuple[Element, tuple[str, ...]]] = {}
        self._made: dict[str, Leaf] = {}
        self._index(elements, encodings)
        self._walked = tuple(element for element, _ in self._places.values())
        for element in opened.meta:
            self._places.setdefault(element.path, (element, DEFAULT))
        self._parts: tuple[Part, ...] | None = None

    @property
    def body(self) -> bytes:
        """The source, inflated where its data set was deflated."""
        return self.opened.body

    @property
    def leaves(self) -> Sequence[Leaf]:
        """All values that are character strings, in source order."""
        return [self.leaf(path) for path, (element, _) in self._places.items() if element.vr in STRINGS]

    @property
    def parts(self) -> Sequence[Part]:
        """The free texts, in source order."""
        if self._parts is None:
            self._parts = tuple(self._texts())
        return self._parts

    @parts.setter
    def parts(self, made: Sequence[Part]) -> None:
        """What the base class begins with: nothing is known yet."""

    def walk(self) -> Iterator[Element]:
        """Every element of the data set, a sequence before what lies in its items."""
        return iter(self._walked)

    def element(self, path: str) -> Element | None:
        """The element at ``path``."""
        found = self._places.get(path)
        return found[0] if found else None

    def leaf(self, path: str) -> Leaf:
        """The value of the element at ``path``; of what is no string, as a whole (empty text). Raises Unsafe, Malformed."""
        made = self._made.get(path)
        if made is None:
            if path not in self._places:
                raise Unsafe("no-such-locator", path)
            made = self._made[path] = self._leaf(*self._places[path])
        return made

    def value(self, path: str) -> str:
        """The text of the element at ``path``, '' where there is none."""
        return self.leaf(path).text if path in self._places else ""

    def bare(self, element: Element) -> bytes:
        """The bytes of a value."""
        return self.body[element.value : element.end]

    def is_code(self, element: Element) -> bool:
        """Whether the value of ``element``, of VR CS, is what CS allows. Else it is a text like another."""
        return _CODE.fullmatch(self.bare(element).rstrip(b"\0 ")) is not None

    def removals(self, paths: Sequence[str]) -> list[Splice]:
        """Elements go with tag and length; what lies in a sequence goes with it."""
        extents = sorted((element.start, -element.end) for path in paths if (element := self.element(path)) is not None)
        if len(extents) != len(paths):
            raise Unsafe("no-such-locator", "removal")
        found: list[Splice] = []
        for start, end in extents:
            if not found or start >= found[-1].end:
                found.append(Splice(start, -end, b""))
        return found

    def rewritten(self, leaf: Leaf, edits: Sequence[Edit]) -> list[Splice]:
        """The whole value anew: padding depends on all of it, and so do code extensions. What no edit names keeps its bytes.

        Values that would become longer than their VR allows are cut.
        """
        codec = leaf.codec
        if not isinstance(codec, ValueCodec):
            raise Unsafe("edit-outside-value", leaf.path)
        raw = self.body[leaf.start : leaf.end].rstrip(b"\0 ")
        stateful = b"\x1b" in raw or len(codec.encodings) > 1
        at = () if stateful else codec.offsets(raw)
        text: list[str] = []
        pieces: list[bytes] = []
        position = 0
        for _, span, new in sorted(edits, key=lambda edit: edit[1] or Span(0, 0)):
            if span is None or not position <= span.start <= span.end <= len(leaf.text):
                raise Unsafe("edit-outside-value", leaf.path)
            text += (leaf.text[position : span.start], new or "")
            if not stateful:
                pieces += (raw[at[position] : at[span.start]], codec.bare(new or ""))
            position = span.end
        whole = "".join(text) + leaf.text[position:]
        if stateful or fitted(whole, codec.vr) != whole:
            return [Splice(leaf.start, leaf.end, codec.encode(whole))]
        made = b"".join(pieces) + raw[at[position] :]
        return [Splice(leaf.start, leaf.end, made + codec.pad * (len(made) % 2))]

    def completed(self, found: list[Splice]) -> list[Splice]:
        """With the lengths of all that holds what changed; deflated again where it was."""
        if not found:
            return found
        found = found + lengths(self.body, self.opened, self.elements, sorted(found))
        if not self.opened.deflated:
            return found
        start = self.opened.start
        inside = [Splice(one.start - start, one.end - start, one.replacement) for one in found if one.start >= start]
        data = deflated(apply_splices(self.body[start:], inside))
        return [*(one for one in found if one.start < start), Splice(start, len(self.source), data)]

    def _index(self, elements: Sequence[Element], encodings: tuple[str, ...]) -> None:
        for element in elements:
            if element.path in self._places:  # the one would hide the other from all who go by paths
                raise Malformed("element-twice", element.path if element.keyword[:1] != "(" else "dataset")
            self._places[element.path] = (element, encodings)
            for item in element.items or ():
                self._index(item.elements, encodings if is_private(element.tag) else self._own(item, encodings))

    def _own(self, item: Item, encodings: tuple[str, ...]) -> tuple[str, ...]:
        """An item may state a character set of its own (PS3.3, C.12.1.1.2)."""
        return stated(self.body, item.elements, encodings)

    def _leaf(self, element: Element, encodings: tuple[str, ...]) -> Leaf:
        codec = codec_of(element.vr, encodings if element.vr in TEXTS else DEFAULT, element.length_size)
        text = codec.decode(self.bare(element)) if element.vr in STRINGS and element.items is None else ""
        return Leaf(element.path, element.value, element.end, text, codec, element.vr)

    def _texts(self) -> Iterator[Part]:
        for path, (element, _) in self._places.items():
            if element.value == element.end or element.tag >> 16 == 2 or is_nameless(path):
                continue
            if element.vr not in _FREE and (element.vr != "CS" or self.is_code(element)):
                continue
            if element.keyword in _CODED and not self._is_free(path, element.keyword):
                continue
            text = self.leaf(path).text
            if text:
                yield Part(text_locator(path), text, (Piece(0, len(text), path),))

    def _is_free(self, path: str, keyword: str) -> bool:
        """Whether what is part of a code may be anything: values and meanings of public schemes are not (PS3.3, 8)."""
        if keyword == "SpecificCharacterSet":
            return False
        if keyword == "CodingSchemeVersion":
            return _VERSION.fullmatch(self.value(path)) is None
        if keyword == "CodingSchemeDesignator":
            scheme = self.value(path).strip()
            return scheme not in PUBLIC and _LOCAL.fullmatch(scheme) is None
        return self.value(path.removesuffix(keyword) + "CodingSchemeDesignator").strip() not in PUBLIC


def stated(body: bytes, elements: Sequence[Element], default: tuple[str, ...]) -> tuple[str, ...]:
    """The encodings that a data set or item states for itself. Raises Malformed for a character set that is none."""
    for element in elements:
        if element.tag == CHARSET:
            terms = body[element.value : element.end].decode("ascii", "replace").strip("\0 ")
            return encodings_of(tuple(term.strip() for term in terms.split("\\"))) if terms else DEFAULT
        if element.tag > CHARSET:
            break
    return default


def split(source: bytes, charset: str = "") -> DicomDocument:
    """The instance in ``source``. ``charset`` is ignored: a data set states its own.

    Raises Malformed: what ``reader.read``, ``preamble.opening`` and ``codec.encodings_of`` raise, and ``element-twice``.
    """
    opened = opening(source)
    elements = read(opened.body, opened.start, len(opened.body), opened.encoding)
    return DicomDocument(source, opened, elements, stated(opened.body, elements, DEFAULT))
