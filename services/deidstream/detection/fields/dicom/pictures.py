"""What a header says of the pictures in an instance: whether there are any, and what they may show."""

from __future__ import annotations

from deidstream.core.document import Document
from deidstream.formats.dicom import DicomDocument
from deidstream.formats.dicom.element import PIXELS

__all__ = ["PIXELS", "is_pictured", "may_show_faces"]

_CAMERAS = (
    "1.2.840.10008.5.1.4.1.1.7",  # secondary capture: of anything
    "1.2.840.10008.5.1.4.1.1.77.",  # visible light, video
)
_NO_CAMERA = frozenset("US IVUS CR DX MG XA RF PX IO CT MR PT NM SM OPT RTIMAGE RTDOSE SEG".split())  # noqa: SIM905
"""Modalities (PS3.16, context group 29) whose own pictures are no photographs."""


def is_pictured(document: Document) -> bool:
    """Whether ``document`` is an instance with pictures, other than icons."""
    return isinstance(document, DicomDocument) and any(
        element.tag in PIXELS and "IconImageSequence" not in element.path for element in document.walk()
    )


def may_show_faces(document: Document) -> bool:
    """Whether a camera may have made the picture. Of what no header says, anybody may be in it."""
    if not isinstance(document, DicomDocument):
        return True
    if document.value("SOPClassUID").startswith(_CAMERAS):
        return True
    return document.value("Modality").strip().upper() not in _NO_CAMERA
