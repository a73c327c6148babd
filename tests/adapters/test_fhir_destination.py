"""Releases to a real HTTP server."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from deidstream.adapters.fhir_client import FhirAddress
from deidstream.adapters.fhir_destination import FhirDestination
from deidstream.core.errors import Malformed, Unavailable
from deidstream.core.release import Release
from deidstream.ports import Receipt

from tests.adapters.receivers import HttpReceiver


@pytest.fixture
def server() -> Iterator[HttpReceiver]:
    server = HttpReceiver()
    yield server
    server.close()


@pytest.fixture
def destination(server: HttpReceiver) -> Iterator[FhirDestination]:
    destination = FhirDestination(FhirAddress(server.url, "token"))
    yield destination
    destination.close()


def release(resource: str = "Patient/p1", method: str = "POST", **body: object) -> Release:
    content = json.dumps({"resourceType": resource.partition("/")[0], **body}).encode()
    attributes = (("fhir.method", method), ("resource", resource))
    return Release("R1", "c", "p", "fhir", "fhir", "s", 1, 1.0, content, trace="00-ab-cd-01", attributes=attributes)


CALLS = [
    (release(), "PUT", "/fhir/Patient/p1"),
    (release(method="PUT"), "PUT", "/fhir/Patient/p1"),
    (release(method="DELETE"), "DELETE", "/fhir/Patient/p1"),
    (release("Observation"), "POST", "/fhir/Observation"),
    (release("Bundle/b1", type="transaction"), "POST", "/fhir"),
    (release("Bundle", type="batch"), "POST", "/fhir"),
    (release("Bundle/b1", type="message"), "POST", "/fhir/$process-message"),
    (release("Bundle/b1", type="document"), "PUT", "/fhir/Bundle/b1"),
]


@pytest.mark.parametrize(("one", "method", "path"), CALLS)
def test_a_release_is_one_call_that_may_be_repeated(
    destination: FhirDestination, server: HttpReceiver, one: Release, method: str, path: str
) -> None:
    assert destination.send([one]) == [Receipt("http-200")]
    (got,) = server.got
    assert got[:2] == (method, path)
    assert got[2] == (b"" if method == "DELETE" else one.content)
    assert got[3]["authorization"] == "Bearer token"
    assert got[3]["x-request-id"] == "R1"
    assert got[3]["traceparent"] == "00-ab-cd-01"
    assert method == "DELETE" or got[3]["content-type"] == "application/fhir+json"


STATUSES = [
    (201, Receipt),
    (400, Malformed),
    (404, Malformed),
    (412, Malformed),
    (422, Malformed),
    (401, Unavailable),
    (409, Unavailable),
    (429, Unavailable),
    (500, Unavailable),
    (503, Unavailable),
]


@pytest.mark.parametrize(("status", "kind"), STATUSES)
def test_the_status_decides(destination: FhirDestination, server: HttpReceiver, status: int, kind: type) -> None:
    server.answers = [(status, b'{"resourceType":"OperationOutcome","issue":[{"diagnostics":"SECRET"}]}', {})]
    (result,) = destination.send([release()])
    assert isinstance(result, kind)
    assert "SECRET" not in str(result)


@pytest.mark.parametrize("status", [404, 410])
def test_what_is_gone_already_counts_as_deleted(
    destination: FhirDestination, server: HttpReceiver, status: int
) -> None:
    server.answers = [(status, b"", {})]
    assert destination.send([release(method="DELETE")]) == [Receipt(f"http-{status}")]


def test_the_server_is_left_alone_until_it_said_to_come_back(server: HttpReceiver) -> None:
    now = [0.0]
    destination = FhirDestination(FhirAddress(server.url), lambda: now[0])
    server.answers = [(503, b"", {"retry-after": "7"})]
    first, second = destination.send([release(), release()])
    assert isinstance(first, Unavailable)
    assert isinstance(second, Unavailable)
    now[0] = 6.0
    (early,) = destination.send([release()])
    assert isinstance(early, Unavailable)
    assert len(server.got) == 1
    now[0] = 7.5
    assert destination.send([release()]) == [Receipt("http-200")]
    destination.close()


def response(*statuses: str) -> bytes:
    entries = [{"response": {"status": status}} for status in statuses]
    return json.dumps({"resourceType": "Bundle", "type": "batch-response", "entry": entries}).encode()


@pytest.mark.parametrize(
    ("statuses", "kind"),
    [
        (("201 Created", "200 OK", "204"), Receipt),
        (("201", "410 Gone"), Receipt),
        (("201", "422 Unprocessable"), Malformed),
        (("201", "503"), Unavailable),
        (("nonsense",), Receipt),
    ],
)
def test_the_first_entry_that_failed_decides_about_a_batch(
    destination: FhirDestination, server: HttpReceiver, statuses: tuple[str, ...], kind: type
) -> None:
    server.answers = [(200, response(*statuses), {})]
    (result,) = destination.send([release("Bundle", type="batch")])
    assert isinstance(result, kind)


def test_a_server_that_is_away_is_not_tried_for_the_rest(server: HttpReceiver) -> None:
    destination = FhirDestination(FhirAddress(server.url))
    server.close()
    results = destination.send([release(), release()])
    assert [one.code for one in results if isinstance(one, Unavailable)] == ["not-connected"] * 2


def test_what_a_fhir_server_cannot_take_is_refused(destination: FhirDestination) -> None:
    other = Release("R1", "c", "p", "adt", "hl7v2", "s", 1, 1.0, b"MSH|")
    joined = Release("R1", "c", "p", "f", "fhir", "s", 1, 1.0, b"{}\n{}", attributes=(("joined", "2"),))
    assert all(isinstance(one, Malformed) for one in destination.send([other, joined]))
