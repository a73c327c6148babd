"""The FHIR endpoint, over real sockets: answers as a FHIR server gives them."""

from __future__ import annotations

import asyncio
import gzip
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from deidstream.adapters.tls import client_context, server_context
from deidstream.core.errors import Unavailable
from deidstream.stages.ingest.config import FhirListener, FhirSource
from deidstream.stages.ingest.fhir import FhirEndpoint, FhirServer
from deidstream.stages.ingest.service import Admission

from tests.certificates import make_certificates
from tests.stages.ingest.conftest import FixedClock, RememberingIntake

FHIR = {"content-type": "application/fhir+json"}
PATIENT = b'{"resourceType":"Patient","id":"p1","name":[{"family":"SECRET"}]}'

Open = Callable[..., httpx.Client]


@pytest.fixture
def serve(admission: Admission, intake: RememberingIntake, clock: FixedClock) -> Iterator[Open]:
    """Starts a listener in a thread; gives a client for it."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    opened: list[Callable[[], None]] = []

    def run(tls: Any = None, verify: Any = True, **changes: Any) -> httpx.Client:
        sources = changes.pop("sources", (FhirSource(name="fhir", base="/fhir"),))
        settings = FhirListener(port=0, sources=sources, **changes)
        server = FhirServer(settings, FhirEndpoint(settings, admission, intake, clock), tls)
        asyncio.run_coroutine_threadsafe(server.start(), loop).result(10)
        client = httpx.Client(
            base_url=f"{'https' if tls else 'http'}://127.0.0.1:{server.port}/fhir", verify=verify, trust_env=False
        )
        opened.append(lambda: asyncio.run_coroutine_threadsafe(server.close(), loop).result(10))
        opened.append(client.close)
        return client

    yield run
    for close in reversed(opened):
        close()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture
def client(serve: Open) -> httpx.Client:
    return serve()


def test_a_created_resource_is_answered_201_with_an_opaque_location(
    client: httpx.Client, intake: RememberingIntake
) -> None:
    response = client.post("/Patient", content=PATIENT, headers=FHIR)
    assert response.status_code == 201
    assert response.headers["content-type"].startswith("application/fhir+json")
    assert "/fhir/Patient/" in response.headers["location"]
    assert "p1" not in response.headers["location"]
    assert response.headers["etag"] == 'W/"1"'
    assert response.json()["resourceType"] == "OperationOutcome"
    (case,) = intake.cases
    assert (case.source, case.location) == (PATIENT, "Patient")
    assert (case.header.format, case.header.source) == ("fhir", "fhir")
    assert case.header.attribute("fhir.method") == "POST"
    assert case.header.attribute("fhir.version") == "4.0"
    assert case.id in response.headers["location"]


def test_an_update_and_a_delete_are_taken_with_their_method(client: httpx.Client, intake: RememberingIntake) -> None:
    assert client.put("/Patient/p1", content=PATIENT, headers=FHIR).status_code == 200
    assert client.delete("/Patient/p1").status_code == 200
    update, delete = intake.cases
    assert (update.header.attribute("fhir.method"), update.location) == ("PUT", "Patient/p1")
    assert delete.header.attribute("fhir.method") == "DELETE"
    assert delete.source == b'{"resourceType":"Patient","id":"p1"}'


def test_a_post_sent_again_is_one_case_and_a_resource_set_back_is_two(
    client: httpx.Client, intake: RememberingIntake
) -> None:
    for _ in range(2):
        client.post("/Patient", content=PATIENT, headers=FHIR)
        client.put("/Patient/p1", content=PATIENT, headers=FHIR)
        client.put("/Patient/p1", content=PATIENT, headers={**FHIR, "x-request-id": "same"})
    ids = [case.id for case in intake.cases]
    assert ids[0] == ids[3]
    assert ids[1] != ids[4]
    assert ids[2] == ids[5]


def test_a_transaction_is_one_case_and_is_answered_entry_by_entry(
    client: httpx.Client, intake: RememberingIntake
) -> None:
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {"resource": {"resourceType": "Patient"}, "request": {"method": "POST", "url": "Patient"}},
            {"resource": {"resourceType": "Patient", "id": "1"}, "request": {"method": "PUT", "url": "Patient/1"}},
            {"request": {"method": "DELETE", "url": "Patient/2"}},
        ],
    }
    response = client.post("", json=bundle, headers=FHIR)
    assert response.status_code == 200
    answer = response.json()
    assert (answer["resourceType"], answer["type"]) == ("Bundle", "transaction-response")
    assert [one["response"]["status"][:3] for one in answer["entry"]] == ["201", "200", "204"]
    assert len(intake.cases) == 1


def test_a_batch_answers_for_what_it_cannot_do_and_a_transaction_is_refused_whole(
    client: httpx.Client, intake: RememberingIntake
) -> None:
    entries = [
        {"request": {"method": "GET", "url": "Patient/1"}},
        {"request": {"method": "DELETE", "url": "Patient/2"}},
    ]
    batch = client.post("", json={"resourceType": "Bundle", "type": "batch", "entry": entries}, headers=FHIR)
    assert [one["response"]["status"][:3] for one in batch.json()["entry"]] == ["405", "204"]
    refused = client.post("", json={"resourceType": "Bundle", "type": "transaction", "entry": entries}, headers=FHIR)
    assert refused.status_code == 422
    assert refused.json()["issue"][0]["expression"] == ["Bundle.entry[0].request"]
    assert len(intake.cases) == 1


def test_a_document_is_posted_to_bundle(client: httpx.Client, intake: RememberingIntake) -> None:
    document = {"resourceType": "Bundle", "type": "document", "entry": [{"resource": {"resourceType": "Composition"}}]}
    assert client.post("/Bundle", json=document, headers=FHIR).status_code == 201
    assert len(intake.cases) == 1


@pytest.mark.parametrize("version", ["4.0", "5.0"])
def test_a_message_is_answered_by_a_message(client: httpx.Client, intake: RememberingIntake, version: str) -> None:
    header = {"resourceType": "MessageHeader", "id": "m1", "eventUri": "urn:event", "source": {"endpoint": "urn:x"}}
    bundle = {"resourceType": "Bundle", "type": "message", "entry": [{"resource": header}]}
    response = client.post(
        "/$process-message",
        json=bundle,
        headers={"content-type": f"application/fhir+json; fhirVersion={version}"},
    )
    assert response.status_code == 200
    answer = response.json()["entry"][0]["resource"]
    assert answer["response"]["code"] == "ok"
    assert answer["response"]["identifier"] == ("m1" if version == "4.0" else {"value": "m1"})
    assert intake.cases[0].header.attribute("fhir.version") == version


def test_each_line_of_a_bulk_file_is_a_case_with_its_place(client: httpx.Client, intake: RememberingIntake) -> None:
    lines = [PATIENT, b'{"resourceType":"Patient","id":"p2"}', PATIENT]
    for _ in range(2):
        response = client.post(
            "/Patient", content=b"\r\n".join(lines) + b"\n", headers={"content-type": "application/fhir+ndjson"}
        )
        assert response.status_code == 200
    cases = intake.cases[:3]
    assert [case.source for case in cases] == lines
    containers = [case.header.container for case in cases]
    assert [(one.ordinal, one.size) for one in containers if one] == [(0, 3), (1, 3), (2, 3)]
    assert len({case.id for case in intake.cases}) == 3, "equal lines are two, the file sent again is the same"


def test_a_bulk_file_with_a_bad_line_is_refused_whole_and_the_line_named(
    client: httpx.Client, intake: RememberingIntake
) -> None:
    response = client.post("", content=PATIENT + b'\n{"SECRET"\n', headers={"content-type": "application/fhir+ndjson"})
    assert response.status_code == 400
    assert response.json()["issue"][0]["expression"] == ["line[1]"]
    assert intake.cases == []


REFUSALS = [
    # method, path, body, headers, status, code
    ("POST", "/Patient", b"", FHIR, 400, "empty-body"),
    ("POST", "/Patient", b"{SECRET", FHIR, 400, "not-json"),
    ("POST", "/Patient", b'{"resourceType":"Patient","x":"\xff"}', FHIR, 400, "not-json"),
    ("POST", "/Patient", b'"SECRET"', FHIR, 400, "not-a-resource"),
    ("POST", "/Patient", b'{"a":' * 200 + b"1" + b"}" * 200, FHIR, 400, "not-a-resource"),
    (
        "POST",
        "/Patient",
        b'{"resourceType":"Patient","a":' + b"[" * 300 + b"]" * 300 + b"}",
        FHIR,
        400,
        "nested-too-deep",
    ),
    ("POST", "/Patient", b'{"a":' * 5000 + b"1" + b"}" * 5000, FHIR, 400, "not-json"),
    ("POST", "/Observation", PATIENT, FHIR, 400, "type-mismatch"),
    ("POST", "/Secret", PATIENT, FHIR, 404, "unknown-resource-type"),
    ("POST", "/secret/path", PATIENT, FHIR, 404, "no-such-path"),
    ("POST", "/$everything", PATIENT, FHIR, 404, "no-such-path"),
    ("PUT", "/Patient/other", PATIENT, FHIR, 400, "id-mismatch"),
    ("PUT", "/Patient/a_b", PATIENT, FHIR, 400, "bad-id"),
    ("PUT", "/Patient?identifier=SECRET", PATIENT, FHIR, 412, "conditional-not-supported"),
    ("PUT", "/Patient", PATIENT, FHIR, 405, "method-not-supported"),
    ("GET", "/Patient/p1", b"", {}, 405, "method-not-supported"),
    ("PATCH", "/Patient/p1", PATIENT, FHIR, 405, "method-not-supported"),
    ("POST", "", PATIENT, FHIR, 422, "not-a-transaction"),
    ("POST", "/$process-message", PATIENT, FHIR, 422, "not-a-message"),
    ("POST", "/Patient", b"<Patient/>", {"content-type": "application/fhir+xml"}, 415, "unsupported-media-type"),
    (
        "POST",
        "/Patient",
        PATIENT,
        {"content-type": "application/fhir+json; charset=latin-1"},
        415,
        "unsupported-media-type",
    ),
    (
        "POST",
        "/Patient",
        PATIENT,
        {"content-type": "application/fhir+json; fhirVersion=3.0"},
        415,
        "unsupported-version",
    ),
    ("POST", "/Patient", PATIENT, {**FHIR, "content-encoding": "br"}, 415, "unsupported-encoding"),
    ("POST", "/Patient", PATIENT, {**FHIR, "content-encoding": "gzip"}, 400, "bad-encoding"),
    (
        "POST",
        "/Patient",
        gzip.compress(PATIENT, mtime=0)[:-4],
        {**FHIR, "content-encoding": "gzip"},
        400,
        "bad-encoding",
    ),
    ("POST", "/Patient", PATIENT, {**FHIR, "accept": "application/fhir+xml"}, 406, "not-acceptable"),
    ("POST", "/Patient", b" " * 200_000, FHIR, 413, "body-too-large"),
    (
        "POST",
        "/Patient",
        gzip.compress(b" " * 10_000_000, mtime=0),
        {**FHIR, "content-encoding": "gzip"},
        413,
        "body-too-large",
    ),
]


@pytest.mark.parametrize(("method", "path", "body", "headers", "status", "code"), REFUSALS)
def test_what_is_refused_is_told_by_status_and_code_without_content(
    serve: Open,
    intake: RememberingIntake,
    method: str,
    path: str,
    body: bytes,
    headers: dict[str, str],
    status: int,
    code: str,
) -> None:
    client = serve(max_body_bytes=100_000)
    response = client.request(method, path, content=body, headers=headers)
    assert response.status_code == status
    issue = response.json()["issue"][0]
    assert issue["details"]["coding"][0]["code"] == code
    assert "SECRET" not in response.text
    assert intake.cases == []


def test_a_bundle_with_too_many_entries_is_refused(serve: Open) -> None:
    entries = [{"request": {"method": "DELETE", "url": f"Patient/{n}"}} for n in range(11)]
    client = serve(max_entries=10)
    response = client.post("", json={"resourceType": "Bundle", "type": "batch", "entry": entries}, headers=FHIR)
    assert response.status_code == 413


def test_a_hundred_thousand_entries_do_not_stop_the_endpoint(client: httpx.Client) -> None:
    entries = b",".join([b'{"request":{"method":"DELETE","url":"Patient/1"}}'] * 100_000)
    body = b'{"resourceType":"Bundle","type":"batch","entry":[' + entries + b"]}"
    assert client.post("", content=body, headers=FHIR).status_code == 413
    assert client.post("/Patient", content=PATIENT, headers=FHIR).status_code == 201


def test_a_compressed_body_is_taken(client: httpx.Client, intake: RememberingIntake) -> None:
    response = client.post(
        "/Patient", content=gzip.compress(PATIENT, mtime=0), headers={**FHIR, "content-encoding": "gzip"}
    )
    assert response.status_code == 201
    assert intake.cases[0].source == PATIENT


def test_what_cannot_be_made_durable_is_503_with_a_time_to_come_back(
    client: httpx.Client, intake: RememberingIntake
) -> None:
    intake.error = Unavailable("disk-full", "bus")
    response = client.post("/Patient", content=PATIENT, headers=FHIR)
    assert (response.status_code, response.headers["retry-after"]) == (503, "2")
    intake.error, intake.refusal = None, Unavailable("intake-full", "ingest")
    assert client.post("/Patient", content=PATIENT, headers=FHIR).status_code == 503


def test_a_client_may_prefer_no_body(client: httpx.Client) -> None:
    minimal = {**FHIR, "prefer": "return=minimal"}
    created = client.post("/Patient", content=PATIENT, headers=minimal)
    assert (created.status_code, created.content) == (201, b"")
    assert client.delete("/Patient/p1", headers=minimal).status_code == 204


def test_conditions_are_ignored_in_the_open(client: httpx.Client) -> None:
    response = client.post("/Patient", content=PATIENT, headers={**FHIR, "if-none-exist": "identifier=SECRET"})
    assert response.status_code == 201
    assert "if-none-exist" in response.headers["warning"]
    assert "SECRET" not in response.headers["warning"]


@pytest.mark.parametrize(("version", "stated"), [("4.0", "4.0.1"), ("4.3", "4.3.0"), ("5.0", "5.0.0")])
def test_the_capability_statement_says_what_can_be_done(client: httpx.Client, version: str, stated: str) -> None:
    response = client.get("/metadata", headers={"accept": f"application/fhir+json; fhirVersion={version}"})
    statement = response.json()
    assert (statement["resourceType"], statement["fhirVersion"]) == ("CapabilityStatement", stated)
    types = {one["type"]: one for one in statement["rest"][0]["resource"]}
    assert [one["code"] for one in types["Patient"]["interaction"]] == ["create", "update", "delete"]
    assert ("ActorDefinition" in types) == (version == "5.0")


def test_sources_have_their_own_paths_and_versions(serve: Open, intake: RememberingIntake) -> None:
    sources = (FhirSource(name="root", base=""), FhirSource(name="r5", base="/fhir", versions=("5.0",)))
    client = serve(sources=sources)
    assert client.post("/Patient", content=PATIENT, headers=FHIR).status_code == 201
    assert client.post("../Patient", content=PATIENT, headers=FHIR).status_code == 201
    old = {"content-type": "application/fhir+json; fhirVersion=4.0"}
    assert client.post("/Patient", content=PATIENT, headers=old).status_code == 415
    assert [case.header.source for case in intake.cases] == ["r5", "root"]
    assert intake.cases[0].header.attribute("fhir.version") == "5.0"


def test_a_token_is_asked_for(serve: Open, intake: RememberingIntake) -> None:
    client = serve(token="right")
    for header in ({}, {"authorization": "Bearer wrong"}, {"authorization": "Basic right"}):
        response = client.post("/Patient", content=PATIENT, headers={**FHIR, **header})
        assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")
    assert intake.cases == []
    authorised = {**FHIR, "authorization": "Bearer right"}
    assert client.post("/Patient", content=PATIENT, headers=authorised).status_code == 201


def test_tls_with_client_certificates(serve: Open, tmp_path: Path) -> None:
    files = make_certificates(tmp_path)
    tls = server_context(files.server, files.server_key, files.ca, True)
    welcome = serve(tls=tls, verify=client_context(files.ca, files.client, files.client_key))
    assert welcome.post("/Patient", content=PATIENT, headers=FHIR).status_code == 201
    with (
        httpx.Client(
            base_url=welcome.base_url, verify=client_context(files.ca, None, None), trust_env=False
        ) as stranger,
        pytest.raises(httpx.TransportError),
    ):
        stranger.post("/Patient", content=PATIENT, headers=FHIR)


CLIENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.mark.parametrize(
    ("given", "continued"),
    [
        (CLIENT, True),
        (CLIENT[:-2] + "00", True),
        ("", False),
        (CLIENT.upper(), False),
        (f"00-{'0' * 32}-00f067aa0ba902b7-01", False),
        (CLIENT + "-SECRET", False),
        ("SECRET", False),
    ],
)
def test_the_trace_of_a_client_is_continued_where_that_is_wanted_and_well_formed(
    serve: Open, intake: RememberingIntake, given: str, continued: bool
) -> None:
    client = serve(continue_traces=True)
    assert client.post("/Patient", content=PATIENT, headers={**FHIR, "traceparent": given}).status_code == 201
    header = intake.cases[-1].header
    assert (header.trace[3:35] == CLIENT[3:35]) == continued
    assert header.attribute("trace.parent") == ("00f067aa0ba902b7" if continued else "")
    assert header.trace[36:52] not in CLIENT
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", header.trace)


def test_the_trace_of_a_client_is_not_continued_unasked(client: httpx.Client, intake: RememberingIntake) -> None:
    assert client.post("/Patient", content=PATIENT, headers={**FHIR, "traceparent": CLIENT}).status_code == 201
    assert CLIENT[3:35] not in str(intake.cases[-1].header)


def test_a_message_that_is_not_durable_when_the_server_ends_is_to_be_sent_again(
    admission: Admission, intake: RememberingIntake, clock: FixedClock
) -> None:
    """uvicorn cancels what lasts longer than its grace; left alone it would answer 500, which senders take for a refusal."""
    intake.hold = True

    async def run() -> httpx.Response:
        settings = FhirListener(port=0, sources=(FhirSource(name="fhir", base="/fhir"),))
        server = FhirServer(settings, FhirEndpoint(settings, admission, intake, clock))
        server._server.config.timeout_graceful_shutdown = 1
        await server.start()
        async with httpx.AsyncClient(trust_env=False) as client:
            url = f"http://127.0.0.1:{server.port}/fhir/Patient"
            asking = asyncio.create_task(client.post(url, content=PATIENT, headers=FHIR))
            await asyncio.sleep(0.2)
            await server.close()
            return await asking

    answer = asyncio.run(run())
    assert answer.status_code == 503
    assert answer.json()["issue"][0]["code"] == "transient"
