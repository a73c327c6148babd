"""Sending as a client, to real listeners."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from deidstream.adapters.fhir_client import FhirAddress
from deidstream.adapters.mllp_client import MllpAddress
from deidstream.adapters.sending import FhirPort, FhirRequest, MllpPort, Pace, send_all
from deidstream.formats.hl7v2.acknowledgement import Verdict, acknowledge
from deidstream.formats.hl7v2.header import peek

from tests.adapters.receivers import HttpReceiver, MllpReceiver, accept


def message(number: int) -> bytes:
    return f"MSH|^~\\&|A|B|C|D|20240101||ADT^A01|{number}|P|2.5\rPID|1\r".encode()


@pytest.fixture
def receiver() -> Iterator[MllpReceiver]:
    receiver = MllpReceiver()
    yield receiver
    receiver.close()


def port(receiver: MllpReceiver) -> MllpPort:
    return MllpPort(MllpAddress("127.0.0.1", receiver.port, answer_seconds=1.0))


def test_one_connection_keeps_the_order(receiver: MllpReceiver) -> None:
    sent = list(send_all(map(message, range(30)), lambda: port(receiver), Pace()))
    assert [(one.number, one.accepted, one.status) for one in sent] == [(n, True, "AA") for n in range(30)]
    assert receiver.got == [message(number) for number in range(30)]
    assert all(one.seconds > 0 for one in sent)


def test_several_connections_share_the_work(receiver: MllpReceiver) -> None:
    together, first = threading.Barrier(4), iter(range(4))

    def answer(content: bytes) -> bytes:
        if next(first, None) is not None:
            together.wait(5)  # only four connections at once get past this
        return accept(content)

    receiver.answer = answer
    sent = list(send_all(map(message, range(40)), lambda: port(receiver), Pace(connections=4)))
    assert sorted(one.number for one in sent) == list(range(40))
    assert receiver.connections == 4


def test_what_is_not_answered_is_sent_again_and_what_is_rejected_is_not(receiver: MllpReceiver) -> None:
    answers = [b"", b"", None]

    def answer(content: bytes) -> bytes | None:
        if b"|1|P" in content and answers:
            return answers.pop()
        if b"|2|P" in content:
            return acknowledge(peek(content), Verdict.REJECTED, "A", "2024")
        return accept(content)

    receiver.answer = answer
    pace = Pace(attempts=5, pause_seconds=0.0)
    sent = list(
        send_all(
            [message(1), message(2)], lambda: MllpPort(MllpAddress("127.0.0.1", receiver.port, None, 1, 0.1)), pace
        )
    )
    assert [(one.status, one.attempts) for one in sent] == [("AA", 4), ("AR", 1)]


def test_the_rate_is_not_exceeded(receiver: MllpReceiver) -> None:
    pace = Pace(connections=2, rate=200.0)
    sent = send_all(map(message, range(20)), lambda: port(receiver), pace)
    next(sent)
    assert len(receiver.got) < 20
    assert len(list(sent)) == 19


def test_a_fault_in_what_is_to_be_sent_is_raised_where_the_results_are_read(receiver: MllpReceiver) -> None:
    def broken() -> Iterator[bytes]:
        yield message(1)
        raise OSError("unreadable")

    with pytest.raises(OSError, match="unreadable"):
        list(send_all(broken(), lambda: port(receiver), Pace()))


def test_fhir_requests_repeat_their_id_when_they_are_repeated() -> None:
    server = HttpReceiver()
    server.answers = [(503, b"", {}), (201, b"", {}), (422, b"", {})]
    requests = [FhirRequest("POST", "Patient", b"{}"), FhirRequest("PUT", "Patient/1", b"{}")]
    sent = list(send_all(requests, lambda: FhirPort(FhirAddress(server.url)), Pace(attempts=2, pause_seconds=0.0)))
    server.close()
    assert [(one.accepted, one.status, one.attempts) for one in sent] == [(True, "201", 2), (False, "422", 1)]
    ids = [headers["x-request-id"] for _, _, _, headers in server.got]
    assert ids[0] == ids[1] != ids[2]
