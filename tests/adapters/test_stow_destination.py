"""Releases to a DICOMweb server: our own endpoint as the peer, and one that answers what it is told to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pydicom
import pytest
from deidstream.adapters.stow_destination import StowAddress, StowDestination
from deidstream.core.errors import Malformed, Unavailable
from deidstream.core.release import Release
from deidstream.ports import Receipt
from pydicom.filebase import DicomBytesIO

from tests.stages.ingest.dicom_peer import sample

KINDS = ("CT_small.dcm", "MR_small_implicit.dcm", "JPEG2000.dcm", "waveform_ecg.dcm")
Answer = Callable[[list[str]], tuple[int, dict[str, Any] | bytes]]


def stored(uids: list[str]) -> tuple[int, dict[str, Any]]:
    return 200, {"00081199": items(uids)}


def items(uids: list[str], reason: int = 0) -> dict[str, Any]:
    def item(uid: str) -> dict[str, Any]:
        found = {"00081155": {"vr": "UI", "Value": [uid]}}
        return found | ({"00081197": {"vr": "US", "Value": [reason]}} if reason else {})

    return {"vr": "SQ", "Value": [item(uid) for uid in uids]}


class Server:
    """Reads requests with Python's parser of mail, and answers by ``answers``, then with success."""

    def __init__(self) -> None:
        self.requests: list[list[bytes]] = []
        self.headers: list[dict[str, str]] = []
        self.answers: list[Answer] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                assert self.path == "/dicom-web/studies"
                head = f"Content-Type: {self.headers['content-type']}\r\n\r\n".encode()
                read = BytesParser(policy=HTTP).parsebytes(head + self._content())
                parts = [bytes(one.get_payload(decode=True)) for one in read.iter_parts()]
                assert {one.get_content_type() for one in read.iter_parts()} == {"application/dicom"}
                outer.requests.append(parts)
                outer.headers.append({name.lower(): value for name, value in self.headers.items()})
                uids = [str(pydicom.dcmread(DicomBytesIO(one)).SOPInstanceUID) for one in parts]
                status, told = (outer.answers.pop(0) if outer.answers else stored)(uids)
                content = told if isinstance(told, bytes) else json.dumps(told).encode()
                self.send_response(status)
                self.send_header("content-type", "application/dicom+json")
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def _content(self) -> bytes:
                found = b""
                while size := int(self.rfile.readline(), 16):  # chunked: the client streams
                    found += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
                return found

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/dicom-web"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture
def destination(server: Server) -> Iterator[StowDestination]:
    made = StowDestination(StowAddress(server.url, "t0ken", answer_seconds=5.0))
    yield made
    made.close()


def release(name: str, number: int = 1, format_: str = "dicom") -> Release:
    return Release(f"R{number}", "c", "p", "pacs", format_, "s", number, 1.0, sample(name).read_bytes())


RELEASES = [release(name, number) for number, name in enumerate(KINDS)]
UIDS = [str(pydicom.dcmread(sample(name)).SOPInstanceUID) for name in KINDS]


def test_instances_go_together_each_as_a_file(destination: StowDestination, server: Server) -> None:
    assert destination.send(RELEASES) == [Receipt("status-0000")] * len(KINDS)
    (parts,) = server.requests
    for part, name in zip(parts, KINDS, strict=True):
        expected = pydicom.dcmread(sample(name))
        read = pydicom.dcmread(DicomBytesIO(part))
        assert read == expected
        assert read.file_meta.TransferSyntaxUID == expected.file_meta.TransferSyntaxUID
        assert part.endswith(sample(name).read_bytes()[-500:])
    assert server.headers[0]["authorization"] == "Bearer t0ken"
    assert 'type="application/dicom"' in server.headers[0]["content-type"]


def test_the_answer_says_of_each_what_became_of_it(destination: StowDestination, server: Server) -> None:
    def some(uids: list[str]) -> tuple[int, dict[str, Any]]:
        return 202, {"00081199": items(uids[:2]), "00081198": items([uids[2]], 0xC000)}

    server.answers = [some]
    first, second, third, fourth = destination.send(RELEASES)
    assert (first, second) == (Receipt("status-0000"),) * 2
    assert isinstance(third, Malformed)
    assert third.code == "status-c000"
    assert isinstance(fourth, Unavailable)  # nothing is said of it: neither taken nor refused
    assert fourth.code == "application-error"


def test_what_is_refused_as_a_whole_is_sent_one_by_one_so_that_one_bad_instance_stops_no_other(
    destination: StowDestination, server: Server
) -> None:
    def bad_request(uids: list[str]) -> tuple[int, bytes]:
        return (400, b"") if UIDS[1] in uids else (200, b"")

    server.answers = [bad_request] * 5
    results = destination.send(RELEASES)
    assert [getattr(one, "code", "") for one in results] == ["", "http-400", "", ""]
    assert [len(parts) for parts in server.requests] == [4, 1, 1, 1, 1]


@pytest.mark.parametrize("status", [401, 404, 429, 500, 503])
def test_a_server_that_cannot_now_is_waited_for(status: int, destination: StowDestination, server: Server) -> None:
    server.answers = [lambda _: (status, b"")]
    results = destination.send(RELEASES)
    assert {one.code for one in results if isinstance(one, Unavailable)} == {f"http-{status}"}
    assert len(results) == len(server.requests[0]) == 4
    assert destination.send(RELEASES[:1]) == [Receipt("status-0000")]


def test_all_out_of_resources_is_waited_for_and_one_alone_is_counted(
    destination: StowDestination, server: Server
) -> None:
    server.answers = [
        lambda uids: (409, {"00081198": items(uids, 0xA700)}),
        lambda uids: (202, {"00081199": items(uids[1:]), "00081198": items(uids[:1], 0xA700)}),
    ]
    assert {one.code for one in destination.send(RELEASES) if isinstance(one, Unavailable)} == {"out-of-resources"}
    first, *others = destination.send(RELEASES)
    assert isinstance(first, Unavailable)
    assert first.code == "application-error"
    assert others == [Receipt("status-0000")] * 3


def test_two_states_of_one_instance_go_one_after_the_other(destination: StowDestination, server: Server) -> None:
    assert destination.send([RELEASES[0], RELEASES[1], RELEASES[0]]) == [Receipt("status-0000")] * 3
    assert [len(parts) for parts in server.requests] == [2, 1]


def test_when_the_server_is_away_everything_waits(server: Server) -> None:
    destination = StowDestination(StowAddress(server.url, answer_seconds=2.0))
    server.close()
    results = destination.send([*RELEASES, release("CT_small.dcm", 9, "hl7v2")])
    assert [getattr(one, "code", "") for one in results] == ["not-connected"] * 4 + ["not-dicom"]
