"""The Provenance that goes with a release (R4 6.3): that, when and under which policy it was de-identified, by what."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from urllib.parse import quote

from deidstream.formats.fhir.definitions import version_of

__all__ = ["provenance"]

_LIFECYCLE = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle"
_ACTIVITIES = {"PSEUDED": ("pseudonymize", "Pseudonymize"), "ANONYED": ("deidentify", "De-Identify (Anonymize)")}
_AGENT = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"


def provenance(
    target: str,
    release_id: str,
    recorded: float,
    policy: str,
    fhir_version: str = "",
    code: str = "PSEUDED",
) -> bytes:
    """A Provenance for the release of ``target`` (``Patient/<surrogate id>``, or a type where the resource has no id).

    ``recorded``: seconds since the epoch, UTC. ``policy``: its name and hash. ``fhir_version``: as ``split`` takes it, R4 where
    empty. ``code``: the security label that the release carries. It holds no content.
    """
    lifecycle, display = _ACTIVITIES[code]
    resource = {
        "resourceType": "Provenance",
        "id": release_id,
        "contained": [_device(version_of(fhir_version))],
        "target": [_target(target, release_id)],
        "recorded": datetime.fromtimestamp(recorded, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "policy": [f"urn:deidstream:policy:{quote(policy, safe=':@')}"],
        "activity": {"coding": [{"system": _LIFECYCLE, "code": lifecycle, "display": display}]},
        "agent": [
            {
                "type": {"coding": [{"system": _AGENT, "code": "assembler", "display": "Assembler"}]},
                "who": {"reference": "#deidstream"},
            }
        ],
    }
    return json.dumps(resource, separators=(",", ":")).encode()


def _target(target: str, release_id: str) -> dict[str, object]:
    """A reference by id where there is one, and always by the release."""
    type_, _, identity = target.partition("/")
    by_release: dict[str, object] = {
        "type": type_,
        "identifier": {"system": "urn:deidstream:release", "value": release_id},
    }
    return {"reference": target, **by_release} if identity else by_release


def _device(fhir_version: str) -> dict[str, object]:
    """This software as a Device; R5 renamed its names."""
    name = (
        {"name": [{"value": "deidstream", "type": "registered-name"}]}
        if fhir_version == "5.0"
        else {"deviceName": [{"name": "deidstream", "type": "model-name"}]}
    )
    return {"resourceType": "Device", "id": "deidstream", **name, "version": [{"value": _software()}]}


def _software() -> str:
    try:
        return version("deidstream")
    except PackageNotFoundError:
        return "0"
