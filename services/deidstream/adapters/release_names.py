"""What a release is called where releases are files or objects: the same every time, so that one sent again replaces itself."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from deidstream.core.release import Release
from deidstream.formats.image.kinds import kind_of

__all__ = ["name_of", "notices", "step", "superseded_names"]

_SUFFIX = {
    "hl7v2": ".hl7",
    "fhir": ".json",
    "cda": ".xml",
    "text": ".txt",
    "html": ".html",
    "rtf": ".rtf",
    "pdf": ".pdf",
    "docx": ".docx",
    "dicom": ".dcm",
}
_PICTURES = {"JPEG": ".jpg", "PNG": ".png", "TIFF": ".tiff", "BMP": ".bmp", "WEBP": ".webp"}
_STEP = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,120}\Z")


def name_of(release: Release) -> str:
    """Relative to the destination, ``/`` between steps: the name that it suggests, or its id and a suffix."""
    if release.name and all(_STEP.match(one) for one in release.name.split("/")):
        return release.name
    attributes = dict(release.attributes)
    suffix = _SUFFIX.get(release.format) or _PICTURES.get(kind_of(release.content), ".bin")
    if "joined" in attributes and release.format == "fhir":
        suffix = ".ndjson"
    if attributes.get("fhir.method") == "DELETE":
        suffix = ".delete.json"
    return step(release.id) + suffix


def superseded_names(release: Release) -> list[str]:
    """What the releases that ``release`` supersedes are called; without a name that it has taken itself."""
    names = [name_of(replace(release, id=one)) for one in release.superseded]
    return [name for name in names if name != name_of(release)]


def notices(release: Release) -> list[tuple[str, bytes]]:
    """Names and contents of the notices that earlier releases are recalled, for whoever has read them already."""
    batch = dict(release.attributes).get("batch")
    told = {"superseded_by": release.id} | ({"batch": batch} if batch else {})
    return [(f"recalled/{step(one)}.json", json.dumps({"recalled": one} | told).encode()) for one in release.superseded]


def step(text: str) -> str:
    """An id or a project's name, safe as a file name whatever it holds."""
    return text if _STEP.match(text) else "".join(mark if mark.isalnum() and mark.isascii() else "_" for mark in text)
