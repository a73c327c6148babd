"""DICOM files to test with: those that pydicom brings along, and small ones that are made here."""

from __future__ import annotations

import io
from pathlib import Path

import pydicom
from pydicom.data import data_manager
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

__all__ = ["REFUSED", "SYNTAXES", "bundled", "report", "written"]

SYNTAXES = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian)
REFUSED = {
    "winter.dcm": "element-twice",
    "MR_truncated.dcm": "truncated",
    "rtplan_truncated.dcm": "truncated",
    "DICOMDIR-nooffset": "truncated",
    "no_meta.dcm": "truncated",  # its first tag is written in two byte orders
}
"""Files that break PS3.5, and the rule."""
_NONE = {".py", ".pyc", ".txt", ".json", ".dump", ".gz", ".md", ".icc"}


def bundled() -> list[Path]:
    """All DICOM files inside the installed pydicom. (Its own function would download more.)"""
    folder = Path(data_manager.__file__).parent
    return sorted(
        path for path in folder.rglob("*") if path.is_file() and path.suffix not in _NONE and path.name != "README"
    )


def report(**attributes: object) -> Dataset:
    """The least instance of a class without pictures (Basic Text SR)."""
    made = Dataset()
    made.SOPClassUID = "1.2.840.10008.5.1.4.1.1.88.11"
    made.SOPInstanceUID = "1.2.3.4.5.6.7"
    made.StudyInstanceUID = "1.2.3.4.5.6.8"
    made.SeriesInstanceUID = "1.2.3.4.5.6.9"
    made.Modality = "SR"
    for keyword, value in attributes.items():
        setattr(made, keyword, value)
    return made


def written(dataset: Dataset, syntax: str = ExplicitVRLittleEndian, bare: bool = False) -> bytes:
    """As a Part 10 file, or ``bare`` as a data set alone."""
    out = io.BytesIO()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.UID(syntax)
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    pydicom.dcmwrite(out, dataset, enforce_file_format=True)
    content = out.getvalue()
    if not bare:
        return content
    return content[144 + int.from_bytes(content[140:144], "little") :]
