"""FHIR R4 transaction bundles of the simulated day."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import datetime
from typing import Any

from deidstream.cli.simulate.notes import note
from deidstream.cli.simulate.people import Patient

__all__ = ["bundle"]

_LOINC = "http://loinc.org"
_BASE = "https://fhir.stmary.example/r4"


def bundle(person: Patient, control: str, now: datetime) -> bytes:
    """The patient, one observation, and the note as a document, in one transaction."""
    resources = (_patient(person, now), _observation(person, control, now), _document(person, control, now))
    entries = [
        {"fullUrl": f"{_BASE}/{path}", "resource": resource, "request": {"method": "PUT", "url": path}}
        for resource in resources
        for path in (f"{resource['resourceType']}/{resource['id']}",)
    ]
    return json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries}, ensure_ascii=False).encode()


def _patient(person: Patient, now: datetime) -> dict[str, Any]:
    name = f"{person.given} {person.family}"
    return {
        "resourceType": "Patient",
        "id": person.fhir_id,
        "language": person.language,
        "text": {
            "status": "generated",
            "div": f'<div xmlns="http://www.w3.org/1999/xhtml"><p><b>{name}</b>, MRN {person.mrn}</p></div>',
        },
        "identifier": [
            {
                "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]},
                "system": "urn:oid:2.16.840.1.113883.19.5",
                "value": person.mrn,
            }
        ],
        "name": [{"use": "official", "family": person.family, "given": [person.given]}],
        "telecom": [{"system": "phone", "value": person.phone}],
        "gender": person.sex,
        "birthDate": person.birth.isoformat(),
        "address": [
            {
                "line": [person.street],
                "city": person.town,
                "postalCode": person.postal_code,
                "country": person.country,
            }
        ],
    }


def _observation(person: Patient, control: str, now: datetime) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": f"o{control}",
        "status": "final",
        "code": {"coding": [{"system": _LOINC, "code": "8867-4", "display": "Heart rate"}]},
        "subject": {"reference": f"Patient/{person.fhir_id}", "display": f"{person.given} {person.family}"},
        "effectiveDateTime": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "valueQuantity": {"value": 72, "unit": "/min", "system": "http://unitsofmeasure.org", "code": "/min"},
    }


def _document(person: Patient, control: str, now: datetime) -> dict[str, Any]:
    return {
        "resourceType": "DocumentReference",
        "id": f"d{control}",
        "status": "current",
        "subject": {"reference": f"Patient/{person.fhir_id}"},
        "date": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "content": [
            {
                "attachment": {
                    "contentType": "text/plain; charset=utf-8",
                    "language": person.language,
                    "data": b64encode(note(person, now).encode()).decode(),
                }
            }
        ],
    }
