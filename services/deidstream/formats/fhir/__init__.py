"""FHIR R4, R4B and R5 in JSON."""

from __future__ import annotations

from deidstream.formats.fhir.document import FhirDocument, split

__all__ = ["FhirDocument", "split"]
