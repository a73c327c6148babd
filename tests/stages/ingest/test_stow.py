"""The DICOMweb endpoint, over real sockets: answers as PS3.18 asks for them, read by pydicom."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
import pydicom
import pytest
from deidstream.adapters.tls import client_context, server_context
from deidstream.core.errors import Malformed, Unavailable
from deidstream.formats.dicom.network.multipart import joined
from deidstream.stages.ingest.config import StowListener, StowSource
from deidstream.stages.ingest.http import HttpServer
from deidstream.stages.ingest.service import Admission
from deidstream.stages.ingest.stow import StowEndpoint
from pydicom.dataset import Dataset

from tests.certificates import make_certificates
from tests.stages.ingest.conftest import RememberingIntake
from tests.stages.ingest.dicom_peer import sample

Open = Callable[..., httpx.Client]
BOUNDARY = "b0undary"
RELATED = {"content-type": f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'}
KINDS = ("CT_small.dcm", "MR_small_implicit.dcm", "JPEG2000.dcm", "image_dfl.dcm", "waveform_ecg.dcm")
CT = "1.2.840.10008.5.1.4.1.1.2"


def body(*contents: bytes, media_type: str = "application/dicom") -> bytes:
    return b"".join(joined(BOUNDARY, media_type, contents))


def files(*names: str) -> list[bytes]:
    return [sample(name).read_bytes() for name in names]


def said(response: httpx.Response) -> Dataset:
    assert response.headers["content-type"] == "application/dicom+json"
    return Dataset.from_json(response.text)


def uids(items: Sequence[Dataset] | None) -> list[str]:
    return [str(one.ReferencedSOPInstanceUID) for one in items or ()]


@pytest.fixture
def serve(admission: Admission, intake: RememberingIntake) -> Iterator[Open]:
    """Starts a listener in a thread; gives a client for it."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    opened: list[Callable[[], None]] = []

    def run(tls: Any = None, verify: Any = True, **changes: Any) -> httpx.Client:
        settings = StowListener(port=0, sources=(StowSource(name="web"),), **changes)
        server = HttpServer("stow", "127.0.0.1", 0, StowEndpoint(settings, admission, intake), tls)
        asyncio.run_coroutine_threadsafe(server.start(), loop).result(10)
        scheme = "https" if tls else "http"
        client = httpx.Client(base_url=f"{scheme}://127.0.0.1:{server.port}/dicom-web", verify=verify, trust_env=False)
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


def test_instances_are_stored_and_named_in_the_answer(client: httpx.Client, intake: RememberingIntake) -> None:
    contents = files(*KINDS)
    response = client.post("/studies", content=body(*contents), headers=RELATED)
    assert response.status_code == 200
    expected = [pydicom.dcmread(BytesIO(one)) for one in contents]
    answer = said(response)
    assert [(one.ReferencedSOPClassUID, one.ReferencedSOPInstanceUID) for one in answer.ReferencedSOPSequence] == [
        (one.SOPClassUID, one.SOPInstanceUID) for one in expected
    ]
    assert "FailedSOPSequence" not in answer
    for case, content, one in zip(intake.cases, contents, expected, strict=True):
        assert (case.header.source, case.header.format) == ("web", "dicom")
        assert pydicom.dcmread(BytesIO(case.source)) == one
        meta = 132 + 12 + one.file_meta.FileMetaInformationGroupLength
        assert case.source.endswith(content[meta:])


def test_one_instance_alone_needs_no_parts(client: httpx.Client, intake: RememberingIntake) -> None:
    (content,) = files("CT_small.dcm")
    response = client.post("/studies", content=content, headers={"content-type": "application/dicom"})
    assert response.status_code == 200
    assert len(intake.cases) == 1


def test_what_stands_in_the_meta_information_makes_no_other_case(
    client: httpx.Client, intake: RememberingIntake
) -> None:
    read = pydicom.dcmread(sample("CT_small.dcm"))
    read.file_meta.SourceApplicationEntityTitle = "SOMEWHERE"
    written = BytesIO()
    read.save_as(written)
    for content in (sample("CT_small.dcm").read_bytes(), written.getvalue()):
        assert client.post("/studies", content=body(content), headers=RELATED).status_code == 200
    first, second = intake.cases
    assert first.id == second.id
    assert b"SOMEWHERE" not in second.source


def test_success_is_not_said_before_it_is_durable(client: httpx.Client, intake: RememberingIntake) -> None:
    intake.hold = True
    answers: list[int] = []
    sent = body(*files("CT_small.dcm"))
    sender = threading.Thread(
        target=lambda: answers.append(client.post("/studies", content=sent, headers=RELATED).status_code)
    )
    sender.start()
    sender.join(0.3)
    assert not answers
    intake.release()
    sender.join(5)
    assert answers == [200]


def test_of_some_that_fail_the_answer_says_which_and_why(client: httpx.Client, intake: RememberingIntake) -> None:
    ct, mr = files("CT_small.dcm", "MR_small_implicit.dcm")
    directory = sample("CT_small.dcm").read_bytes().replace(CT.encode() + b"\0", b"1.2.840.10008.1.3.10\0\0\0\0\0\0", 9)
    response = client.post("/studies", content=body(ct, b"no instance", directory, mr), headers=RELATED)
    assert response.status_code == 202
    answer = said(response)
    assert len(answer.ReferencedSOPSequence) == 2
    assert [one.FailureReason for one in answer.FailedSOPSequence] == [0x0122]
    assert [one.FailureReason for one in answer.OtherFailuresSequence] == [0xC000]
    assert len(intake.cases) == 2


def test_a_study_in_the_path_is_that_of_every_instance(client: httpx.Client, intake: RememberingIntake) -> None:
    ct, mr = files("CT_small.dcm", "MR_small_implicit.dcm")
    study = pydicom.dcmread(BytesIO(ct)).StudyInstanceUID
    response = client.post(f"/studies/{study}", content=body(ct, mr), headers=RELATED)
    assert response.status_code == 202
    answer = said(response)
    assert uids(answer.ReferencedSOPSequence) == [pydicom.dcmread(BytesIO(ct)).SOPInstanceUID]
    assert uids(answer.FailedSOPSequence) == [pydicom.dcmread(BytesIO(mr)).SOPInstanceUID]
    assert client.post("/studies/1.2.3.4", content=body(ct), headers=RELATED).status_code == 409


def test_an_answer_may_be_xml(client: httpx.Client) -> None:
    headers = RELATED | {"accept": "application/dicom+xml"}
    response = client.post("/studies", content=body(*files("CT_small.dcm")), headers=headers)
    assert response.headers["content-type"] == "application/dicom+xml"
    root = ElementTree.fromstring(response.content)
    space = {"n": "http://dicom.nema.org/PS3.19/models/NativeDICOM"}
    attribute = root.find(
        "n:DicomAttribute[@keyword='ReferencedSOPSequence']/n:Item/n:DicomAttribute[@tag='00081150']", space
    )
    assert attribute is not None
    assert attribute.get("vr") == "UI"
    assert attribute.findtext("n:Value", namespaces=space) == CT


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [(Unavailable("bus-away"), 503, 0xA700), (Malformed("too-large"), 409, 0xC000)],
)
def test_what_cannot_be_made_durable_is_answered_by_whether_to_come_again(
    error: Exception, status: int, reason: int, client: httpx.Client, intake: RememberingIntake
) -> None:
    intake.error = error  # type: ignore[assignment]
    response = client.post("/studies", content=body(*files("CT_small.dcm")), headers=RELATED)
    assert response.status_code == status
    assert [one.FailureReason for one in said(response).FailedSOPSequence] == [reason]
    assert ("retry-after" in response.headers) == (status == 503)


REFUSALS: list[tuple[dict[str, Any], int, str]] = [
    ({"url": "/studies/not-a-uid"}, 404, "no study"),
    ({"url": "/instances"}, 404, "no such path"),
    ({"method": "GET"}, 405, "nothing can be read here"),
    ({"headers": {"accept": "text/html"}}, 406, "no answer in HTML"),
    ({"headers": {"content-type": "application/json"}}, 415, "another type"),
    (
        {"headers": {"content-type": f'multipart/related; type="application/dicom+json"; boundary={BOUNDARY}'}},
        415,
        "metadata",
    ),
    (
        {"headers": {"content-type": f'multipart/related; type="application/dicom+xml"; boundary={BOUNDARY}'}},
        415,
        "metadata",
    ),
    ({"headers": {"content-type": 'multipart/related; type="application/dicom"'}}, 400, "no boundary"),
    ({"headers": {"content-encoding": "gzip"}}, 415, "an encoding"),
    ({"content": b""}, 400, "no delimiter"),
    ({"content": body()}, 400, "no part"),
    ({"content": body(b"x")[:-4]}, 400, "no last delimiter"),
]


@pytest.mark.parametrize(("changes", "status", "why"), REFUSALS, ids=[row[2] for row in REFUSALS])
def test_what_is_no_store_request_is_refused(
    changes: dict[str, Any], status: int, why: str, client: httpx.Client, intake: RememberingIntake
) -> None:
    given = {"method": "POST", "url": "/studies", "content": body(*files("CT_small.dcm"))} | changes
    given["headers"] = RELATED | changes.get("headers", {})
    assert client.request(**given).status_code == status
    assert not intake.cases


def test_an_instance_beyond_the_limit_is_out_of_resources_and_the_others_are_stored(
    serve: Open, intake: RememberingIntake
) -> None:
    ct, mr = files("CT_small.dcm", "MR_small_implicit.dcm")
    client = serve(max_instance_bytes=20_000)
    response = client.post("/studies", content=body(ct, mr), headers=RELATED)
    assert response.status_code == 202
    assert [one.FailureReason for one in said(response).FailedSOPSequence] == [0xA700]
    assert uids(said(response).FailedSOPSequence) == [pydicom.dcmread(BytesIO(ct)).SOPInstanceUID]
    alone = client.post("/studies", content=ct, headers={"content-type": "application/dicom"})
    assert alone.status_code == 503
    assert len(intake.cases) == 1


def test_all_requests_together_may_hold_so_much(serve: Open, intake: RememberingIntake) -> None:
    client = serve(max_held_bytes=10_000)
    for _ in range(3):
        assert client.post("/studies", content=body(*files("CT_small.dcm")), headers=RELATED).status_code == 503
    small = body(*files("MR_small_RLE.dcm"))[:200]
    assert client.post("/studies", content=small, headers=RELATED).status_code == 400  # the room is free again


def test_a_token_is_asked_for(serve: Open, intake: RememberingIntake) -> None:
    client = serve(token="s3cret")
    sent = body(*files("CT_small.dcm"))
    assert client.post("/studies", content=sent, headers=RELATED).status_code == 401
    assert client.post("/studies", content=sent, headers=RELATED | {"authorization": "Bearer other"}).status_code == 401
    assert not intake.cases
    assert (
        client.post("/studies", content=sent, headers=RELATED | {"authorization": "Bearer s3cret"}).status_code == 200
    )


def test_over_tls(serve: Open, tmp_path: Path, intake: RememberingIntake) -> None:
    made = make_certificates(tmp_path)
    tls = server_context(made.server, made.server_key, made.ca, client_required=True)
    client = serve(tls, client_context(made.ca, made.client, made.client_key))
    assert client.post("/studies", content=body(*files("CT_small.dcm")), headers=RELATED).status_code == 200
    stranger = serve(tls, client_context(made.ca, None, None))
    with pytest.raises(httpx.TransportError):
        stranger.post("/studies", content=body(*files("CT_small.dcm")), headers=RELATED)
    assert len(intake.cases) == 1
