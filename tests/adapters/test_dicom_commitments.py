"""Storage commitment as those who ask: with pynetdicom's provider."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from deidstream.adapters.dicom_client import DicomAddress, DicomClient
from deidstream.adapters.dicom_commitments import CommittedDestination, Reports
from deidstream.adapters.dicom_reports import ReportListener, Where
from deidstream.adapters.memory_bus import MemoryBusFactory
from deidstream.core.errors import Misconfigured, Unavailable
from deidstream.core.release import Release
from deidstream.ports import Committing, Destination, Receipt
from deidstream.stages.delivery.__main__ import open_destination
from deidstream.stages.delivery.config import DicomDestinationSettings
from deidstream.stages.delivery.refused_reports import RefusedReports
from deidstream.stream import log

from tests.adapters.dicom_committer import Committer
from tests.stages.ingest.dicom_peer import sample

_DONE = Receipt("status-0000")
_KINDS = ("CT_small.dcm", "MR_small_implicit.dcm", "waveform_ecg.dcm")


@pytest.fixture
def committer() -> Iterator[Committer]:
    made = Committer()
    yield made
    made.close()


def opened(port: int, seconds: float = 10.0, listen: int | None = None, ordered: bool = True) -> Destination:
    said = {
        "name": "archive",
        "projects": ["p"],
        "kind": "dicom",
        "host": "127.0.0.1",
        "port": port,
        "called_ae": "STORE",
        "ordered": ordered,
        "commitment": {"seconds": seconds, "host": "127.0.0.1", "port": listen},
    }
    return open_destination(DicomDestinationSettings.model_validate(said), MemoryBusFactory())


def releases(*names: str) -> list[Release]:
    return [
        Release(f"R{number}", "c", "p", "pacs", "dicom", "s", number, 1.0, sample(name).read_bytes())
        for number, name in enumerate(names or _KINDS, 1)
    ]


def free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def codes(results: object) -> list[str]:
    return [f"{one.code}:{one.place}" if isinstance(one, Unavailable) else one.status for one in results]  # type: ignore[attr-defined]


@pytest.mark.parametrize("apart", [False, True], ids=["on our association", "on one of its own"])
def test_instances_are_delivered_when_the_receiver_has_committed_itself(apart: bool, committer: Committer) -> None:
    listen = free() if apart else None
    committer.report_to = listen or 0
    destination = opened(committer.port, listen=listen)
    assert destination.send(releases()) == [_DONE] * 3
    assert committer.asked == [committer.stored], "one question for all"
    assert committer.answered() == [0]
    assert destination.send(releases("CT_small.dcm")) == [_DONE]
    destination.close()


def test_what_the_receiver_does_not_keep_is_sent_again_and_the_others_are_delivered(committer: Committer) -> None:
    destination = opened(committer.port)
    (first,) = releases("CT_small.dcm")
    destination.send([first])
    committer.reasons = {committer.stored[0]: 0x0213}
    results = destination.send(releases())
    assert codes(results) == ["application-error:commitment-0213", "status-0000", "status-0000"]
    committer.reasons = {}
    before = len(committer.stored)
    assert destination.send([first]) == [_DONE]
    assert len(committer.stored) == before + 1
    destination.close()


def test_until_it_reports_nothing_is_delivered_and_nothing_is_sent_again(committer: Committer) -> None:
    destination = opened(committer.port, seconds=0.3)
    committer.silent = True
    assert codes(destination.send(releases("CT_small.dcm"))) == ["not-committed-yet:dicom"]
    assert codes(destination.send(releases("CT_small.dcm"))) == ["not-committed-yet:dicom"]
    assert len(committer.stored) == 1
    assert len(committer.asked) == 2
    committer.silent = False
    committer.forget()
    assert destination.send(releases("CT_small.dcm")) == [_DONE]
    assert len(committer.stored) == 1
    destination.close()


def test_a_report_that_comes_late_counts(committer: Committer) -> None:
    listen = free()
    committer.report_to, committer.silent = listen, True
    destination = opened(committer.port, seconds=0.3, listen=listen)
    destination.send(releases("CT_small.dcm"))
    committer.tell()
    assert committer.answers == [0]
    assert destination.send(releases("CT_small.dcm")) == [_DONE]
    assert len(committer.asked) == 1, "it need not be asked again"
    destination.close()


@pytest.mark.parametrize("apart", [False, True], ids=["on our association", "on one of its own"])
def test_without_order_nobody_waits_long_for_a_report_and_it_counts_when_it_comes(
    apart: bool, committer: Committer
) -> None:
    listen = free() if apart else None
    committer.report_to, committer.silent = listen or 0, True
    destination = opened(committer.port, seconds=60.0, listen=listen, ordered=False)
    assert isinstance(destination, Committing)
    began = time.monotonic()
    assert codes(destination.send(releases())) == ["not-committed-yet:dicom"] * 3
    assert time.monotonic() - began < 20
    assert codes(list(destination.outcomes(["R1", "R9"]).values())) == ["not-sent:dicom"]
    committer.reasons = {committer.stored[1]: 0x0213}
    told = threading.Thread(target=committer.tell)
    told.start()
    found: dict[str, Receipt | Exception] = {}
    while len(found) < 3 and time.monotonic() - began < 60:
        found |= destination.outcomes([one for one in ("R1", "R2", "R3") if one not in found])
    told.join()
    assert codes([found[one] for one in ("R1", "R2", "R3")]) == [
        "status-0000",
        "application-error:commitment-0213",
        "status-0000",
    ]
    assert len(committer.asked) == 1, "it is asked again after a minute, not before"
    destination.close()


def test_two_releases_of_one_instance_are_committed_together(committer: Committer) -> None:
    destination = opened(committer.port)
    assert destination.send(releases("CT_small.dcm", "CT_small.dcm")) == [_DONE] * 2
    assert [len(one) for one in committer.asked] == [1]
    destination.close()


def test_a_receiver_that_refuses_the_question_is_waited_for(committer: Committer) -> None:
    destination = opened(committer.port)
    committer.status = 0x0110
    assert codes(destination.send(releases("CT_small.dcm"))) == ["commitment-refused:status-0110"]
    destination.close()


def test_a_receiver_that_commits_nothing_is_told_as_that() -> None:
    from pynetdicom import AE, AllStoragePresentationContexts, evt

    entity = AE("STORE")
    for one in AllStoragePresentationContexts:
        entity.add_supported_context(one.abstract_syntax, one.transfer_syntax)
    server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, lambda _: 0)])
    destination = opened(int(server.server_address[1]))
    assert codes(destination.send(releases("CT_small.dcm"))) == ["commitment-not-accepted:dicom"]
    destination.close()
    server.shutdown()


def test_when_the_receiver_is_away_nothing_is_asked() -> None:
    destination = opened(free())
    assert codes(destination.send(releases("CT_small.dcm"))) == ["not-connected:dicom"]
    destination.close()


@pytest.mark.parametrize("calling", ["STORE", "STRANGER"])
def test_reports_of_what_was_never_asked_and_of_strangers_are_not_believed(calling: str) -> None:
    refused: list[str] = []
    reports = Reports(refused.append)
    listener = ReportListener(Where("127.0.0.1", 0, "DEIDSTREAM", "STORE"), reports.take, refused.append)
    stranger = Committer(listener.port, calling)
    address = DicomAddress("127.0.0.1", stranger.port, "STORE", "DEIDSTREAM")
    destination = CommittedDestination(address, Reports(), 1.0)  # its own reports: the listener's know of no question
    assert codes(destination.send(releases("CT_small.dcm"))) == ["not-committed-yet:dicom"]
    assert stranger.answered() == [0x0115 if calling == "STORE" else -1]
    assert refused == ["not-asked" if calling == "STORE" else "calling-title"]
    destination.close()
    listener.close()
    stranger.close()


def test_a_port_that_is_taken_is_misconfigured() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        pytest.raises(Misconfigured, match="address-taken"),
    ):
        ReportListener(Where("127.0.0.1", server.getsockname()[1], "A", "B"), lambda *_: 0)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", None),  # whoever only looks whether the port is there
        (b"GET / HTTP/1.1\r\n\r\n", "pdu-too-large"),
        (b"\1\0\xff\xff\xff\xff", "pdu-too-large"),
        (b"\4\0\0\0\0\4aaaa", "no-association"),
    ],
)
def test_what_is_no_association_ends_and_is_said_and_the_next_is_served(content: bytes, code: str | None) -> None:
    refused: list[str] = []
    listener = ReportListener(Where("127.0.0.1", 0, "DEIDSTREAM", "STORE"), lambda *_: 0, refused.append)
    with socket.create_connection(("127.0.0.1", listener.port)) as connection:
        connection.sendall(content)
        connection.settimeout(10)
        with contextlib.suppress(OSError):  # it may have ended it already
            connection.shutdown(socket.SHUT_WR)
            assert connection.recv(100) == b""
    echoing = DicomClient(DicomAddress("127.0.0.1", listener.port, "DEIDSTREAM", "STORE"))
    assert echoing.echo() == 0
    assert refused == ([code] if code else [])
    echoing.close()
    listener.close()


def test_each_reason_is_logged_at_once_and_then_counted_for_a_minute() -> None:
    now, stream = [100.0], io.StringIO()
    log.configure(stream)
    refused = RefusedReports("archive", lambda: now[0])
    for code in ("not-asked", "not-asked", "calling-title", "not-asked"):
        refused(code)
    now[0] += 60
    refused("not-asked")
    logging.getLogger(log.LOGGER).handlers.clear()
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert {(line["event"], line["destination"]) for line in lines} == {("reports.refused", "archive")}
    assert [(line["code"], line["reports"]) for line in lines] == [
        ("not-asked", 1),
        ("calling-title", 1),
        ("not-asked", 3),
    ]
