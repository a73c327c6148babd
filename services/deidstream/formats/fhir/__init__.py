"""FHIR R4, R4B and R5 in JSON."""

from __future__ import annotations

from deidstream.formats.fhir.document import FhirDocument, split
from deidstream.formats.fhir.label import label
from deidstream.formats.fhir.ndjson import members
from deidstream.formats.fhir.provenance import provenance

__all__ = ["FhirDocument", "label", "members", "provenance", "split"]
