"""Facts about every attribute that the profile, or any of its options, has something done to; and whose instance it is."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import cast

from pydicom.config import IGNORE
from pydicom.uid import UID

from deidstream.core.category import Category, Role
from deidstream.core.document import Document
from deidstream.core.fact import Fact, Reading
from deidstream.core.span import Span
from deidstream.core.subject import Identifier
from deidstream.detection.fields.dicom.categories import Meaning, meaning_of
from deidstream.detection.fields.dicom.profile import Action, action, is_listed, may_differ
from deidstream.formats.dicom import DicomDocument, Element
from deidstream.formats.dicom.element import STRINGS, is_private

__all__ = ["read", "well_known"]

_SEXES = {"M": "male", "F": "female", "O": "other"}
_PIECES = ("family", "given", "middle", "prefix", "suffix")
_RECORD = "MR"
_MEDIA_STORAGE_INSTANCE = 0x00020003
_SOLE = frozenset({"ST", "LT", "UT", "UR"})
"""A backslash in these separates nothing (PS3.5, 6.4)."""


def well_known(uid: str) -> bool:
    """Whether the standard itself issued it (PS3.6, Annex A): classes, syntaxes, frames of reference of atlases.

    Of its root alone that is not known: a number of somebody may stand behind it.
    """
    return uid.startswith("1.2.840.10008.") and bool(UID(uid, validation_mode=IGNORE).type)


def read(document: Document) -> Reading:
    """All that the header says. There is one subject: the patient."""
    instance = cast(DicomDocument, document)
    facts = tuple(_facts(instance))
    value = instance.value
    sex = _SEXES.get(value("PatientSex").strip().upper(), "unknown" if value("PatientSex") else "")
    return Reading((tuple(_identifiers(instance)),), facts, (), (sex,))


def _identifiers(instance: DicomDocument) -> Iterator[Identifier]:
    """The patient's numbers: PatientID, then the others that name their issuer (PS3.3, C.7.1.1)."""
    value = instance.value
    if value("PatientID").strip():
        yield Identifier(_issuer(instance, ""), _RECORD, value("PatientID").strip())
    others = instance.element("OtherPatientIDsSequence")
    for number in range(1, len(others.items or ()) + 1 if others else 1):
        prefix = f"OtherPatientIDsSequence[{number}]."
        if value(prefix + "PatientID").strip() and value(prefix + "TypeOfPatientID").strip() in ("", "TEXT"):
            yield Identifier(_issuer(instance, prefix), _RECORD, value(prefix + "PatientID").strip())


def _issuer(instance: DicomDocument, prefix: str) -> str:
    """IssuerOfPatientID, else the universal id in its qualifiers: what an HL7 assigning authority is called there."""
    qualified = instance.value(f"{prefix}IssuerOfPatientIDQualifiersSequence[1].UniversalEntityID")
    return (instance.value(prefix + "IssuerOfPatientID") or qualified).strip()


def _facts(instance: DicomDocument) -> Iterator[Fact]:
    for element in (*instance.opened.meta, *instance.walk()):
        if not _concerns(element.tag, element.vr):
            continue
        if element.value != element.end:
            yield from _of(instance, element)
        elif action(element.tag, element.vr, ()) is Action.REMOVE:
            yield Fact(element.path, Category.UNKNOWN, Role.UNKNOWN, "", "")


@lru_cache(maxsize=16384)
def _concerns(tag: int, vr: str) -> bool:
    """Whether an attribute may be a fact. What stays of file meta information, the label says."""
    if tag >> 16 == 2 and tag != _MEDIA_STORAGE_INSTANCE:
        return False
    return (tag & 0xFFFF != 0 or is_listed(tag)) and may_differ(tag, vr)


def _of(instance: DicomDocument, element: Element) -> Iterator[Fact]:
    path = element.path
    if is_private(element.tag) or element.items is not None or element.vr not in STRINGS:
        yield Fact(path, Category.UNKNOWN, Role.UNKNOWN, "", "")
        return
    keyword = element.keyword
    meaning = meaning_of(keyword, element.vr)
    text = instance.leaf(path).text
    issuer = _issuer(instance, path.removesuffix("PatientID")) if keyword == "PatientID" else ""
    kind = _RECORD if meaning.category is Category.MEDICAL_RECORD else ""
    found = False
    for start, value in _values(text, element.vr):
        found = found or bool(value.strip("^= "))
        if meaning.form == "PN":
            yield from _name(path, start, value, meaning)
        elif value.strip() and not (element.vr == "UI" and well_known(value)):
            span = Span(start, start + len(value))
            yield Fact(path, meaning.category, meaning.role, meaning.form, value, 0, "", issuer, kind, span)
    if not found:  # spaces or delimiters alone
        yield Fact(path, meaning.category, meaning.role, meaning.form, "")


def _values(text: str, vr: str) -> Iterator[tuple[int, str]]:
    """The values of a multi-valued element, without the spaces around them, and where they begin."""
    position = 0
    for value in [text] if vr in _SOLE else text.split("\\"):
        bare = value.strip(" \0")
        yield position + (value.find(bare) if bare else 0), bare
        position += len(value) + 1


def _name(path: str, start: int, value: str, meaning: Meaning) -> Iterator[Fact]:
    """The components of each component group of a person name (PS3.5, 6.2.1), and what else stands where a component would."""
    position = start
    for number, group in enumerate(value.split("=")):
        at = position
        for place, piece in enumerate(group.split("^")):
            form = _PIECES[place] if place < len(_PIECES) else "name"  # of more than there may be nobody knows which
            bare = piece.strip()
            if bare:
                begin = at + piece.find(bare)
                whole = "name" if "^" not in group and form == "family" and " " in bare else form
                span = Span(begin, begin + len(bare))
                yield Fact(path, Category.NAME, meaning.role, whole, bare, 0, f"{path}[{number}]", "", "", span)
            at += len(piece) + 1
        position += len(group) + 1
