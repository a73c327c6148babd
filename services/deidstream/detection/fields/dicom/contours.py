"""Contours of radiotherapy: the outline of a body, slice by slice, is the surface of a face too.

A structure may follow the skin of a head if it is as large as one. A name or a type that says that it lies inside is no proof, and
nor is its size: the brain of an adult is as large as the head of a child. That it lies inside is believed where the slice shows it:
the outline of the body there is that of a trunk, or the structure lies within another that does not follow the skin, or organs lie
beside it, which skin would surround. What nobody can judge may be a face.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from math import isfinite

from deidstream.detection.fields.dicom.structures import APART, Contour, Structure, structures
from deidstream.formats.dicom import DicomDocument

__all__ = ["may_outline_head"]

_STRUCTURES = "1.2.840.10008.5.1.4.1.1.481.3"
_NARROWEST, _WIDEST = 100.0, 280.0
"""Millimetres from which, and below which, an outline may be that of a head: less is a hole or a hand, more a trunk. Thighs and
children look the same: what is not ruled out may be one."""
_SHALLOWEST, _FLATTEST = 75.0, 0.5
"""Millimetres that a head has across at least, and its breadth by its length. Heads of newborns measure 32 cm around (3rd
percentile of girls, WHO Child Growth Standards, 2007): about 88 mm by 113. Adults have about 130 to 170 mm by 170 to 220 (ANSUR II,
2012), their brains up to about 150 by 190, so heads of children cannot be told from brains by their size. The breadth is 0.7 to 0.9
of the length, of the narrowest skulls (scaphocephaly) 0.6."""
_SLICES = 3
"""Slices in which organs lie beside a structure that does not follow the skin: one may be drawn badly."""
_OUTER = frozenset(
    "BODY SKIN EXT EXTERNAL OUTLINE OUTER PATIENT SURFACE CONTOUR HEAD FACE SCALP "  # noqa: SIM905
    "HAUT KÖRPER AUSSEN AUSSENKONTUR KOPF GESICHT PEAU CORPS TÊTE VISAGE PIEL CUERPO CABEZA CARA PELLE CORPO TESTA".split()
)
"""Words of names of structures that end at the skin."""
_ORGAN = re.compile(
    r"AORTA|BLADDER|BONES?|BOWEL|BRAIN|BRAINSTEM|BREASTS?|CEREBRUM|CEREBELLUM|COCHLEA|COLON|(?:SPINAL)?CORD|DUODENUM|"
    r"ESOPHAGUS|EYES?|FEMURS?|FEMUR[A-Z]*|HEART|ILEUM|JEJUNUM|KIDNEYS?|LENS|LIVER|LUNGS?|MANDIBLE|MEDIASTINUM|OESOPHAGUS|"
    r"PANCREAS|PAROTIDS?|PELVIS|PROSTATE|RECTUM|RIBS?|SACRUM|SIGMOID|SPLEEN|STERNUM|STOMACH|UTERUS|VERTEBRAE?|"
    r"AUGEN?|BLASE|DARM|GEHIRN|HERZ|HIRN|LEBER|LINSEN?|LUNGEN?|MAGEN|MILZ|NIEREN?|PROSTATA|REKTUM"
)
"""Words of names of organs, among them those of AAPM TG-263 that may be wide, or lie beside the brain."""
_INNER = re.compile(r"COUCH|(?:CTV|GTV|ITV|PTV)[A-Z]{0,3}")
"""Words of names of other structures that lie inside, or show nobody."""
_TARGETS = frozenset({"CTV", "GTV", "PTV"})
_ANATOMY = frozenset({"", "AVOIDANCE", "ORGAN"})


def may_outline_head(document: DicomDocument) -> bool:
    """Whether ``document`` has contours that may follow the skin, and that are as large as a head."""
    if document.value("SOPClassUID") != _STRUCTURES:
        return False
    found = list(structures(document))
    trunk = [
        contour.place
        for one in found
        if _is_outer(one)
        for contour in one.contours or ()
        if contour.width >= _WIDEST and isfinite(contour.place)
    ]
    slices = _slices(found)
    return any(_may_hide_head(one, slices, trunk) if _is_inner(one) else _may_be_head(one, trunk) for one in found)


def _is_outer(one: Structure) -> bool:
    """Whether it says that it ends at the skin."""
    return "EXTERNAL" in one.kinds or not _OUTER.isdisjoint(one.words)


def _is_inner(one: Structure) -> bool:
    """Whether it says that it lies inside."""
    targets = not _TARGETS.isdisjoint(one.kinds)
    return not _is_outer(one) and (
        targets or any(_ORGAN.fullmatch(word) or _INNER.fullmatch(word) for word in one.words)
    )


def _is_organ(one: Structure) -> bool:
    """Whether it says that it is an organ, and nothing that is planned."""
    return _is_inner(one) and one.kinds <= _ANATOMY and not any(map(_INNER.fullmatch, one.words))


def _may_be_head(one: Structure, trunk: Sequence[float]) -> bool:
    """Whether it may follow the skin of a head, by what it says and how wide it is."""
    if one.contours is None:
        return True
    heads = [contour for contour in one.contours if _NARROWEST <= contour.width < _WIDEST]
    return bool(heads) if _is_outer(one) else any(_outside(heads, trunk))


def _outside(contours: Sequence[Contour], trunk: Sequence[float]) -> Iterator[Contour]:
    """Those that lie in no slice of ``trunk``."""
    return (one for one in contours if all(abs(one.place - other) > APART for other in trunk))


def _may_hide_head(one: Structure, slices: _Slices, trunk: Sequence[float]) -> bool:
    """Whether it may follow the skin of a head although it says that it lies inside."""
    if one.contours is None:
        return True
    heads = [contour for contour in one.contours if _is_head(contour)]
    outermost = any(not _is_covered(one, contour, slices) for contour in _outside(heads, trunk))
    beside = sum(_leaves_out_organs(one, contour, slices) for contour in heads)
    return outermost and beside < min(_SLICES, len(heads))


def _is_head(contour: Contour) -> bool:
    wide, deep = contour.width, contour.depth
    return _NARROWEST <= wide < _WIDEST and deep >= max(_SHALLOWEST, wide * _FLATTEST)


def _is_covered(one: Structure, contour: Contour, slices: _Slices) -> bool:
    """Whether it lies within another that is judged as it is itself."""
    return any(_is_head(other) and contour.is_within(other) for _, other in _beside(one, contour, slices))


def _leaves_out_organs(one: Structure, contour: Contour, slices: _Slices) -> bool:
    """Whether the middle of an organ lies outside of all of its contours in the slice of ``contour``."""
    organs = [other for found, other in _beside(one, contour, slices) if _is_organ(found)]
    own = [other for found, other in slices[_slice(contour)] if found is one] if organs else []
    return any(not any(outline.surrounds(*organ.middle) for outline in own) for organ in organs)


_Slices = Mapping[int, Sequence[tuple[Structure, Contour]]]
"""What lies in each slice, by whole millimetres."""


def _slices(found: Sequence[Structure]) -> _Slices:
    slices: dict[int, list[tuple[Structure, Contour]]] = {}
    for one in found:
        for contour in one.contours or ():
            if isfinite(contour.place):
                slices.setdefault(_slice(contour), []).append((one, contour))
    return slices


def _slice(contour: Contour) -> int:
    return round(contour.place)


def _beside(one: Structure, contour: Contour, slices: _Slices) -> Iterator[tuple[Structure, Contour]]:
    """Contours of other structures in its slice."""
    if isfinite(contour.place):
        yield from (pair for pair in slices[_slice(contour)] if pair[0] is not one and pair[0].frame == one.frame)
