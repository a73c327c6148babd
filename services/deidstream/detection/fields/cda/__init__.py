"""What a clinical document's structure says, by class and data type (CDA R2, HL7 V3 Data Types R1)."""

from deidstream.detection.fields.cda.reading import read

__all__ = ["read"]
