"""DICOM Part 10 files and bare data sets (PS3.5, PS3.10): bytes to elements, leaves and texts, and back.

Every transfer syntax, for its header: pixel data is a byte range here, and never decoded.
"""

from deidstream.formats.dicom.document import DicomDocument, split
from deidstream.formats.dicom.element import Element, Item
from deidstream.formats.dicom.label import label

__all__ = ["DicomDocument", "Element", "Item", "label", "split"]
