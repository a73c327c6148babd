"""The last look at a DICOM instance before release: its header against the profile, and what is known of the patient."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from math import prod

from deidstream.core.case import Header
from deidstream.core.category import Category, Role
from deidstream.core.decision import Decision, Method
from deidstream.core.errors import Malformed, Unsafe
from deidstream.core.subject import Subject
from deidstream.detection.fields.dicom.pixels import EXAMINED
from deidstream.detection.fields.dicom.private import safe_elements
from deidstream.detection.fields.dicom.profile import FULL_DATES, MODIFIED_DATES, SAFE_PRIVATE, Action, action
from deidstream.detection.fields.dicom.table import CLEAN_FEATURES, CLEAN_PIXELS, CODES, OPTIONS
from deidstream.formats.dicom import DicomDocument, Element, label, split
from deidstream.formats.dicom.document import is_nameless
from deidstream.formats.dicom.element import TEXTS
from deidstream.formats.dicom.pixels.silent import silenced

__all__ = ["labelled", "options_of", "read_again", "remaining"]

_SHORTEST = 4
_JPEG = frozenset({b"1.2.840.10008.1.2.4.50", b"1.2.840.10008.1.2.4.51"})
_SIZE = ("Rows", "Columns", "SamplesPerPixel")
_LOOKED_FOR = frozenset(
    {
        Category.NAME,
        Category.MEDICAL_RECORD,
        Category.NATIONAL_ID,
        Category.PHONE,
        Category.HEALTH_PLAN,
        Category.ACCOUNT,
    }
)
_READ = TEXTS | {"AE", "CS", "DS", "IS", "UI", "UR"}
_DIGIT = re.compile(r"\d")
_CODED = ("CodeMeaning", "CodeValue", "CodingSchemeDesignator")


def options_of(header: Header) -> tuple[str, ...]:
    """The options of the profile under which the resolver decided."""
    return tuple(filter(None, header.attribute("dicom.options").split(",")))


def remaining(
    document: DicomDocument, decisions: Sequence[Decision], subjects: Sequence[Subject], options: tuple[str, ...]
) -> list[Decision]:
    """What stands in ``document`` and should not: attributes that the profile removes or empties, and the patient's own data."""
    decided = {one.locator: one for one in decisions}
    safe = safe_elements(document) if SAFE_PRIVATE in options else frozenset()
    found = [
        _residue(element, Category.UNKNOWN)
        for element in document.walk()
        if element.path not in safe and _breaks(element, options, decided.get(element.path))
    ]
    return found + list(_known(document, decided, subjects))


def labelled(
    document: DicomDocument, options: tuple[str, ...], pixels: str = "", painted: bool = False, no_face: bool = False
) -> bytes:
    """``document`` with what de-identified instances say of themselves: profile, options, what became of dates, and that its
    ``pixels`` were ``examined``. ``painted``: whether frames of it are written anew, which loses something by lossy JPEG.
    ``no_face``: that recognisable features were removed. Compressed frames lose what is not pixels.

    Raises Malformed where nobody can say what in them is.
    """
    document = silenced(document)
    codes = dict([CODES, *((OPTIONS[name].code, OPTIONS[name].meaning) for name in sorted(options))])
    if pixels == EXAMINED:
        codes = dict(sorted([*codes.items(), CLEAN_PIXELS]))
    if no_face:
        codes = dict(sorted([*codes.items(), CLEAN_FEATURES]))
    temporal = "UNMODIFIED" if FULL_DATES in options else "MODIFIED" if MODIFIED_DATES in options else "REMOVED"
    return label(document, codes, temporal, pixels == EXAMINED, _lossy(document) if painted else None, no_face)


def _lossy(document: DicomDocument) -> tuple[str, str] | None:
    """Ratio and method, where the transfer syntax is one of lossy JPEG."""
    syntax = next((document.bare(one).rstrip(b"\0") for one in document.opened.meta if one.tag == 0x00020010), b"")
    element = document.element("PixelData")
    if syntax not in _JPEG or element is None:
        return None
    numbers = [int.from_bytes(document.bare(one), "little") for name in _SIZE if (one := document.element(name))]
    frames = document.value("NumberOfFrames").strip() or "1"
    plain = prod(numbers) * (int(frames) if frames.isdecimal() else 1)
    return f"{plain / max(1, element.end - element.value):.2f}", "ISO_10918_1"


def read_again(content: bytes) -> DicomDocument:
    """What is about to be released. Raises Unsafe when it cannot be read."""
    try:
        return split(content)
    except Malformed as error:
        raise Unsafe("result-unreadable", error.place) from None


def _breaks(element: Element, options: tuple[str, ...], decision: Decision | None) -> bool:
    if (
        element.value == element.end
        or element.tag & 0xFFFF == 0
        or (decision is not None and decision.replacement is not None)
    ):
        return False
    kept = decision is not None and decision.method is Method.KEEP
    return (
        not kept
        and action(element.tag, element.vr, options) in (Action.REMOVE, Action.EMPTY, Action.DUMMY)
        and element.vr != "SQ"
    )


def _known(document: DicomDocument, decided: dict[str, Decision], subjects: Sequence[Subject]) -> Iterator[Decision]:
    """Texts that nothing replaced, in which the patient's names or numbers stand as whole words."""
    words = {word for subject in subjects for word in _words(subject)}
    if not words:
        return
    pattern = re.compile(r"(?<!\w)(?:" + "|".join(sorted(map(re.escape, words))) + r")(?!\w)", re.IGNORECASE)
    for element in document.walk():
        if element.vr not in _READ or element.items is not None or is_nameless(element.path) or element.path in decided:
            continue
        found = set(map(str.lower, pattern.findall(document.leaf(element.path).text)))
        # Codes are full of words that somebody is called (stone, white): one alone says nothing, a number does.
        if len(found) > 1 or any(element.keyword not in _CODED or _DIGIT.search(word) for word in found):
            yield _residue(element, Category.OTHER_ID)


def _words(subject: Subject) -> Iterator[str]:
    for known in subject.known:
        if known.role is Role.PATIENT and known.category in _LOOKED_FOR and known.form not in ("prefix", "suffix"):
            value = known.value.strip()
            if len(value) >= _SHORTEST:
                yield value


def _residue(element: Element, category: Category) -> Decision:
    return Decision(element.path, None, category, Method.HOLD, None, "residue", ("writer.dicom/1",))
