"""What a release is called where releases are files or objects: the same every time, so that one sent again replaces itself."""

from __future__ import annotations

import re

from deidstream.core.release import Release

__all__ = ["name_of", "step"]

_SUFFIX = {"hl7v2": ".hl7", "fhir": ".json", "cda": ".xml", "text": ".txt", "html": ".html", "rtf": ".rtf"}
_STEP = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,120}\Z")


def name_of(release: Release) -> str:
    """Relative to the destination, ``/`` between steps: the name that it suggests, or its id and a suffix."""
    if release.name and all(_STEP.match(one) for one in release.name.split("/")):
        return release.name
    attributes = dict(release.attributes)
    suffix = _SUFFIX.get(release.format, ".bin")
    if "joined" in attributes and release.format == "fhir":
        suffix = ".ndjson"
    if attributes.get("fhir.method") == "DELETE":
        suffix = ".delete.json"
    return step(release.id) + suffix


def step(text: str) -> str:
    """An id or a project's name, safe as a file name whatever it holds."""
    return text if _STEP.match(text) else "".join(mark if mark.isalnum() and mark.isascii() else "_" for mark in text)
