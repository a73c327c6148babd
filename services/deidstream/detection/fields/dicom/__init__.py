"""What the header of a DICOM instance says (PS3.15, Annex E). Default deny for what is private or unknown."""

from deidstream.detection.fields.dicom.reading import read

__all__ = ["read"]
