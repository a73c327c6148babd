"""Whether an instance holds what no header profile can clean: pictures, documents, sound. Fail closed.

``examine`` lets through what the image stage has looked at. ``trust-header`` believes a header only where it rules out both text
and faces, and never of classes and modalities in which text is burned in as a matter of course, or people are photographed.
"""

from __future__ import annotations

import re
from itertools import pairwise
from struct import unpack
from typing import cast

from deidstream.core.document import Document
from deidstream.core.policy import Dicom
from deidstream.detection.fields.dicom.contours import may_outline_head
from deidstream.detection.fields.dicom.pictures import PIXELS, is_pictured
from deidstream.detection.fields.dicom.profile import action
from deidstream.formats.dicom import DicomDocument, Element
from deidstream.formats.dicom.element import OFFSETS, TEXTS, dictionary, is_private

__all__ = ["ABSENT", "EXAMINED", "REMOVED", "may_show_head", "refusal", "rules_out_head"]

EXAMINED = "examined"
REMOVED, ABSENT = "removed", "absent"
"""What the attribute ``head`` of a case says where the stage found the heads of a series, and what must go of them; and where the
header rules a head out, and no face is seen in the series."""
_DIRECTORY = "1.2.840.10008.1.3.10"
_ENCAPSULATED = 0x00420011
_NO_PICTURES = (
    "1.2.840.10008.5.1.4.1.1.88.",  # structured reports, key objects
    "1.2.840.10008.5.1.4.1.1.481.",  # radiotherapy
    "1.2.840.10008.5.1.4.1.1.9.",  # waveforms
    "1.2.840.10008.5.1.4.1.1.11.",  # presentation states
    "1.2.840.10008.5.1.4.1.1.66.1",  # registration
    "1.2.840.10008.5.1.4.1.1.66.2",  # fiducials
    "1.2.840.10008.5.1.4.1.1.66.3",
    "1.2.840.10008.5.1.4.1.1.67",  # real world value mapping
    "1.2.840.10008.5.1.4.1.1.78.",  # ophthalmic measurements
    "1.2.840.10008.5.1.4.1.1.79.1",
    "1.2.840.10008.5.1.4.1.1.80.1",
    "1.2.840.10008.5.1.4.38.",  # hanging protocols
    "1.2.840.10008.5.1.4.39.",  # color palettes
)
_SOUND = "1.2.840.10008.5.1.4.1.1.9.4."
"""Audio waveforms: voices."""
_DOSES = "1.2.840.10008.5.1.4.1.1.481.2"
"""A grid of doses shows nobody; classes that only begin so (481.23) are pictures."""
_TOMOGRAPHIC = frozenset({"CT", "MR", "PT", "NM"})
_VOLUMES = (
    "1.2.840.10008.5.1.4.1.1.2",  # CT
    "1.2.840.10008.5.1.4.1.1.4",  # MR
    "1.2.840.10008.5.1.4.1.1.20",  # nuclear medicine
    "1.2.840.10008.5.1.4.1.1.128",  # PET
    "1.2.840.10008.5.1.4.1.1.130",
    "1.2.840.10008.5.1.4.1.1.13.1.1",  # X-ray in three dimensions: angiographic, craniofacial
    "1.2.840.10008.5.1.4.1.1.13.1.2",
)
"""Classes whose instances are slices of a volume, or all of one, whatever modality they say."""
_NO_VOLUME = frozenset({"US", "IVUS", "MG", "OP", "OPT", "OPM", "IVOCT", "SM", "RTDOSE", "RTIMAGE"})
"""Modalities that say where their pictures lie, and show no head: doses, and what no head fits into."""
_NEVER = (
    "1.2.840.10008.5.1.4.1.1.7",  # secondary capture
    "1.2.840.10008.5.1.4.1.1.6.",  # ultrasound
    "1.2.840.10008.5.1.4.1.1.3.",
    "1.2.840.10008.5.1.4.1.1.77.",  # visible light, video
    "1.2.840.10008.5.1.4.1.1.104.",  # encapsulated
)
_NO_HEAD = frozenset(
    "ABDOMEN ABDOMENPELVIS ANKLE ARM BLADDER BREAST CALF CHEST CHESTABDOMEN CHESTABDPELVIS COCCYX ELBOW EXTREMITY "  # noqa: SIM905
    "FEMUR FINGER FOOT FOREARM HAND HEART HIP HUMERUS KNEE KIDNEY LEG LIVER LSPINE LUMBARSPINE LUNG PANCREAS PELVIS "
    "PROSTATE RIB SACRUM SCAPULA SHOULDER SPLEEN STERNUM THIGH THUMB TIBIA TOE UTERUS WRIST".split()
)
"""BodyPartExamined (PS3.16, Annex L) in whose pictures no face can be. What is not here, or is not said, may be a head."""


def may_show_head(source: Document) -> bool:
    """Whether ``source`` is a tomographic picture: whatever it says that it shows, somebody must look.

    Tomographic is what its modality or its class says to be, and all that says where it lies in the patient.
    """
    if source.format != "dicom":
        return False
    document = cast(DicomDocument, source)
    return is_pictured(document) and _is_tomographic(document)


def rules_out_head(document: DicomDocument) -> bool:
    """Whether the header says that nobody can be recognised: by the part of the body, or because features are gone. A hint: labels
    are wrong, and protocols of one part are used for another."""
    recognizable = document.value("RecognizableVisualFeatures").strip().upper()
    return recognizable == "NO" or (not recognizable and _is_of_other_part(document))


def refusal(source: Document, chosen: Dicom, examined: str = "", head: str = "") -> str:
    """``source`` is a ``DicomDocument``. A reason code for why the instance may not leave; '' where it may.

    ``examined``: what became of looking at its pixels: ``examined``, the code of why they could not be, or '' for nobody did.
    ``head``: what became of looking for a head: REMOVED, ABSENT, the code of why nobody could, or '' for nobody did.
    """
    document = cast(DicomDocument, source)
    value = document.value
    sop_class = value("SOPClassUID")
    if _DIRECTORY in (sop_class, value("MediaStorageSOPClassUID")):
        return "directory-unsupported"
    if not sop_class:
        return "no-sop-class"
    if not value("SOPInstanceUID"):
        return "no-sop-instance"
    if any(map(_contradicts, document.walk())):
        return "wrong-vr"
    if any(_is_disguised(document, element) for element in document.walk()):
        return "value-contradicts-vr"
    if any(element.tag == _ENCAPSULATED for element in document.walk()):
        return "document-not-examined"
    if sop_class.startswith(_SOUND):
        return "sound-not-examined"
    if not is_pictured(document):
        if chosen.of_heads != "keep" and may_outline_head(document):
            return "contours-of-skin"
        return "" if sop_class.startswith(_NO_PICTURES) else "class-not-understood"
    if chosen.pixels == "examine" and examined not in ("", EXAMINED):
        return examined
    if chosen.of_heads != "keep" and head != ABSENT and may_show_head(document):
        if chosen.of_heads == "quarantine":
            return "head-possible"
        if head not in ("", REMOVED) or (not head and chosen.pixels == "keep"):
            return head or "head-not-examined"
    if chosen.pixels == "keep":
        return ""
    no_face = chosen.of_heads == "keep" or head in (REMOVED, ABSENT)
    if chosen.pixels == "trust-header" and _is_ruled_out(document, sop_class, no_face):
        return ""
    if chosen.pixels != "examine" or not examined:
        return "pixels-not-examined"
    if any(element.tag in PIXELS and "." in element.path for element in document.walk() if _is_picture(element)):
        return "pixels-nested"
    if sum(element.tag in PIXELS for element in document.elements) > 1:
        return "pixels-left-over"  # whoever looks has looked at the one, and receivers may show the other
    return "" if no_face or not may_show_head(document) else "head-not-examined"


def _is_tomographic(document: DicomDocument) -> bool:
    modality, sop_class = document.value("Modality").strip().upper(), document.value("SOPClassUID")
    if modality in _TOMOGRAPHIC or any(sop_class == one or sop_class.startswith(f"{one}.") for one in _VOLUMES):
        return True
    return modality not in _NO_VOLUME and any(one.keyword == "ImageOrientationPatient" for one in document.walk())


def _is_picture(element: Element) -> bool:
    return "IconImageSequence" not in element.path


def _is_of_other_part(document: DicomDocument) -> bool:
    """Slices of a head can be put together to a face that anybody recognises; what is not ruled out may be one."""
    return document.value("BodyPartExamined").upper().replace(" ", "") in _NO_HEAD


def _contradicts(element: Element) -> bool:
    """Whether it is written with a VR that hides from everybody who goes by VRs what the data dictionary says it is."""
    entry = dictionary(element.tag)
    if not entry.known or element.vr == entry.vr:
        return False
    return not any(element.vr in kind and entry.vr in kind for kind in _ALIKE)


def _is_disguised(document: DicomDocument, element: Element) -> bool:
    """Whether something else stands where a number or a class should, and would stay (PS3.5, 6.2)."""
    length, size, allowed = element.end - element.value, _SIZES.get(element.vr), _REPERTOIRE.get(element.vr)
    if element.tag & 0xFFFF == 0 and not is_private(element.tag):
        return length not in (0, 4)  # nobody decides about the length of a group
    if allowed is None and (size is None or (length % size == 0 and element.tag not in OFFSETS)):
        return False  # nearly all
    if element.items is not None or action(element.tag, element.vr, ()) is not None:
        return False
    if allowed is not None:
        return allowed.fullmatch(document.bare(element)) is None
    return element.tag not in OFFSETS or not _is_offsets(document, element)


def _is_offsets(document: DicomDocument, element: Element) -> bool:
    """Whether its numbers can be offsets from the first frame on, or lengths: words are far greater."""
    raw, order = document.bare(element), ">" if document.opened.encoding.big else "<"
    if len(raw) % 8:
        return False
    numbers = unpack(f"{order}{len(raw) // 8}Q", raw)
    ascending = element.tag != _EXTENDED or (not any(numbers[:1]) and all(one < two for one, two in pairwise(numbers)))
    return ascending and all(number < _FARTHEST for number in numbers)


def _is_ruled_out(document: DicomDocument, sop_class: str, no_face: bool) -> bool:
    value = document.value
    if sop_class == _DOSES:
        return True
    kinds = value("ImageType").upper().split("\\")
    if sop_class.startswith(_NEVER) or not sop_class.startswith("1.2.840.10008.") or value("ConversionType"):
        return False
    if "SECONDARY" in kinds or "SCREEN SAVE" in kinds or not kinds[0]:
        return False
    burned = value("BurnedInAnnotation").upper()
    no_text = burned == "NO" or (not burned and value("Modality").upper() in _TOMOGRAPHIC)
    return no_text and (no_face or rules_out_head(document)) and value("Modality").upper() not in _PRONE


_ALIKE = (
    TEXTS,
    frozenset({"DS", "IS"}),
    frozenset({"AT", "FD", "FL", "OB", "OD", "OF", "OL", "OV", "OW", "SL", "SS", "SV", "UL", "US", "UV"}),
)
"""VRs that may stand for one another: read as the one or the other, a value is treated alike."""
_REPERTOIRE = {
    **dict.fromkeys(("DS", "IS"), re.compile(rb"[0-9+.eE \\-]*\0*")),
    "AS": re.compile(rb"[0-9DWMY \\]*\0*"),
    "UI": re.compile(rb"[0-9. \\]*\0*"),
}
_SIZES = {
    **dict.fromkeys(("SS", "US"), 2),
    **dict.fromkeys(("AT", "FL", "SL", "UL"), 4),
    **dict.fromkeys(("FD", "OV", "SV", "UV"), 8),
}
"""Bytes of one number (PS3.5, table 6.2-1)."""
_EXTENDED, _FARTHEST = 0x7FE00001, 2**40
_PRONE = frozenset(
    {"US", "IVUS", "XC", "ES", "GM", "SM", "OP", "OPT", "OT", "SC", "DOC", "XA", "RF", "ECG", "HD", "AU", "DMS"}
)
