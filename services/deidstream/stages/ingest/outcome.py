"""What a FHIR server answers with, as bytes: OperationOutcome, response bundles, CapabilityStatement. No content of a request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import orjson

__all__ = ["PROBLEMS", "Problem", "accepted", "bundle_response", "capability", "message_response", "refused"]


class Problem(NamedTuple):
    """How a reason code is told over HTTP: the status, the issue type (value set issue-type), the words."""

    status: int
    issue: str
    text: str


PROBLEMS: Mapping[str, Problem] = {
    "no-such-path": Problem(404, "not-found", "There is no such endpoint here."),
    "unknown-resource-type": Problem(404, "not-supported", "This version of FHIR has no such resource type."),
    "method-not-supported": Problem(405, "not-supported", "This endpoint only takes resources in; it does not read."),
    "conditional-not-supported": Problem(412, "not-supported", "Conditional updates and deletes are not supported."),
    "not-acceptable": Problem(406, "not-supported", "Only JSON is served."),
    "unsupported-media-type": Problem(415, "not-supported", "Send application/fhir+json or application/fhir+ndjson."),
    "unsupported-version": Problem(415, "not-supported", "This endpoint does not take that version of FHIR."),
    "unsupported-encoding": Problem(415, "not-supported", "The only supported content encoding is gzip."),
    "bad-encoding": Problem(400, "structure", "The body is not what its content encoding says."),
    "body-too-large": Problem(413, "too-long", "The body is larger than this endpoint takes."),
    "too-many-entries": Problem(413, "too-costly", "The bundle has more entries than this endpoint takes."),
    "empty-body": Problem(400, "required", "The body is empty."),
    "not-json": Problem(400, "structure", "The body is not well-formed JSON in UTF-8."),
    "not-a-resource": Problem(400, "structure", "The body is not a JSON object with a resourceType."),
    "nested-too-deep": Problem(400, "structure", "The body is nested deeper than any resource is."),
    "type-mismatch": Problem(400, "invariant", "The resource type differs from that in the URL."),
    "id-mismatch": Problem(400, "invariant", "The resource id is missing or differs from that in the URL."),
    "bad-id": Problem(400, "value", "The id in the URL is no FHIR id."),
    "not-a-transaction": Problem(422, "invalid", "Only a Bundle of type batch or transaction can be posted here."),
    "not-a-message": Problem(
        422, "invalid", "Only a Bundle of type message that begins with a MessageHeader can be processed."
    ),
    "bad-entry": Problem(422, "structure", "An entry lacks its request, or asks for what this endpoint does not do."),
    "unauthorised": Problem(401, "login", "A valid bearer token is needed."),
    "too-slow": Problem(408, "timeout", "The body did not come in time."),
    "too-many-requests": Problem(429, "throttled", "Too many requests at a time; try again."),
    "unavailable": Problem(503, "transient", "The message could not be made durable; try again."),
}


def refused(code: str, place: str = "") -> bytes:
    """An OperationOutcome for one of PROBLEMS. ``place`` is a FHIRPath of names and numbers."""
    problem = PROBLEMS[code]
    return _outcome("error", problem.issue, code, problem.text, place)


def accepted(count: int = 1) -> bytes:
    """An OperationOutcome that says what has become of a request that was taken."""
    words = "Accepted and stored durably; it is de-identified and delivered from here."
    issues = [
        _issue("information", "informational", "accepted", words if count == 1 else f"{count} resources. {words}")
    ]
    return orjson.dumps({"resourceType": "OperationOutcome", "issue": issues})


def bundle_response(kind: str, answers: Iterable[tuple[str, str]]) -> bytes:
    """A bundle of type ``kind`` with a status and a location ('' for none) an entry."""
    entries = [
        {"response": {"status": status, "location": location} if location else {"status": status}}
        for status, location in answers
    ]
    return orjson.dumps({"resourceType": "Bundle", "type": kind, "entry": entries})


def message_response(header: Mapping[str, object], version: str, base: str) -> bytes:
    """The message that answers a message: ``ok``, with the id and event of the one that ``header`` began."""
    identifier = str(header.get("id", ""))
    events = {key: header[key] for key in ("eventCoding", "eventUri", "eventCanonical") if key in header}
    response: dict[str, object] = {"code": "ok"}
    response["identifier"] = {"value": identifier} if version == "5.0" else identifier
    endpoint = "endpointUrl" if version == "5.0" else "endpoint"
    answer = {"resourceType": "MessageHeader", **events, "source": {"name": "deidstream", endpoint: base}}
    entry = {"resource": {**answer, "response": response}}
    return orjson.dumps({"resourceType": "Bundle", "type": "message", "entry": [entry]})


def capability(version: str, resources: Iterable[str], software: str, date: str) -> bytes:
    """The CapabilityStatement of an endpoint that only takes in."""
    writes = [{"code": code} for code in ("create", "update", "delete")]
    rest = {
        "mode": "server",
        "documentation": "Resources are taken in, de-identified and delivered elsewhere. Nothing can be read here.",
        "resource": [
            {"type": name, "interaction": writes, "updateCreate": True, "conditionalCreate": False}
            for name in sorted(resources)
        ],
        "interaction": [{"code": "transaction"}, {"code": "batch"}],
        "operation": [
            {
                "name": "process-message",
                "definition": "http://hl7.org/fhir/OperationDefinition/MessageHeader-process-message",
            }
        ],
    }
    statement = {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": date,
        "kind": "instance",
        "software": {"name": "deidstream", "version": software},
        "implementation": {"description": "deidstream, ingest"},
        "fhirVersion": {"4.0": "4.0.1", "4.3": "4.3.0", "5.0": "5.0.0"}[version],
        "format": ["application/fhir+json", "application/fhir+ndjson"],
        "rest": [rest],
    }
    return orjson.dumps(statement)


def _outcome(severity: str, issue: str, code: str, text: str, place: str = "") -> bytes:
    return orjson.dumps({"resourceType": "OperationOutcome", "issue": [_issue(severity, issue, code, text, place)]})


def _issue(severity: str, issue: str, code: str, text: str, place: str = "") -> dict[str, object]:
    coding = {"system": "https://deidstream.org/codes/ingest", "code": code}
    found: dict[str, object] = {
        "severity": severity,
        "code": issue,
        "details": {"coding": [coding], "text": text},
    }
    if place:
        found["expression"] = [place]
    return found
