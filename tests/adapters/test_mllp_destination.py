"""Releases to a real MLLP receiver."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from deidstream.adapters.mllp_client import MllpAddress, MllpClient
from deidstream.adapters.mllp_destination import MllpDestination
from deidstream.adapters.tls import client_context, server_context
from deidstream.core.errors import Malformed, Unavailable
from deidstream.core.release import Release
from deidstream.formats.hl7v2.acknowledgement import Verdict, acknowledge
from deidstream.formats.hl7v2.header import peek
from deidstream.formats.hl7v2.mllp import frame
from deidstream.ports import Receipt

from tests.adapters.receivers import MllpReceiver, accept
from tests.certificates import make_certificates


def release(number: int, accept_: str = "", format_: str = "hl7v2") -> Release:
    content = f"MSH|^~\\&|A|B|C|D|20240101||ADT^A01|R{number}|P|2.5|||{accept_}\rPID|1\r".encode()
    return Release(f"R{number}", "c", "p", "adt", format_, "s", number, 1.0, content)


def answering(verdict: Verdict) -> Callable[[bytes], bytes]:
    return lambda message: acknowledge(peek(message), verdict, "A", "20240101000000")


@pytest.fixture
def receiver() -> Iterator[MllpReceiver]:
    receiver = MllpReceiver()
    yield receiver
    receiver.close()


@pytest.fixture
def destination(receiver: MllpReceiver) -> Iterator[MllpDestination]:
    destination = MllpDestination(MllpAddress("127.0.0.1", receiver.port, answer_seconds=2.0))
    yield destination
    destination.close()


def test_releases_go_over_one_connection_each_with_its_answer(
    destination: MllpDestination, receiver: MllpReceiver
) -> None:
    for start in (0, 3):
        releases = [release(number) for number in range(start, start + 3)]
        assert destination.send(releases) == [Receipt("AA")] * 3
    assert receiver.got == [release(number).content for number in range(6)]
    assert receiver.connections == 1


def test_one_that_supersedes_another_says_which_in_a_segment_of_our_own(
    destination: MllpDestination, receiver: MllpReceiver
) -> None:
    one = replace(release(2), supersedes="R1,R0")
    open_ended = replace(one, content=one.content.rstrip(b"\r"))
    assert destination.send([one, open_ended]) == [Receipt("AA")] * 2
    assert receiver.got == [one.content + b"ZRC|R1\rZRC|R0\r"] * 2


ANSWERS = [
    (Verdict.ACCEPTED, "", Receipt),
    (Verdict.ACCEPTED, "AL", Receipt),
    (Verdict.ERROR, "", Unavailable),
    (Verdict.ERROR, "AL", Unavailable),
    (Verdict.REJECTED, "", Malformed),
    (Verdict.REJECTED, "AL", Malformed),
]


@pytest.mark.parametrize(("verdict", "accept_", "kind"), ANSWERS)
def test_what_the_receiver_answers_decides(
    destination: MllpDestination, receiver: MllpReceiver, verdict: Verdict, accept_: str, kind: type
) -> None:
    receiver.answer = answering(verdict)
    (result,) = destination.send([release(1, accept_)])
    assert isinstance(result, kind)


def test_an_error_for_one_message_does_not_stop_the_next(destination: MllpDestination, receiver: MllpReceiver) -> None:
    answers = [answering(Verdict.ERROR), answering(Verdict.REJECTED), accept]
    receiver.answer = lambda message: answers.pop(0)(message)  # noqa: PLW0108  # a new one each time
    first, second, third = destination.send([release(1), release(2), release(3)])
    assert isinstance(first, Unavailable)
    assert first.code == "application-error"
    assert isinstance(second, Malformed)
    assert third == Receipt("AA")


def test_no_answer_is_awaited_where_none_was_asked_for(destination: MllpDestination, receiver: MllpReceiver) -> None:
    receiver.answer = lambda _: None
    assert destination.send([release(1, "NE")]) == [Receipt("no-acknowledgement-asked-for")]


def test_a_receiver_that_says_nothing_is_away_and_the_rest_is_not_tried(receiver: MllpReceiver) -> None:
    destination = MllpDestination(MllpAddress("127.0.0.1", receiver.port, answer_seconds=0.05))
    receiver.answer = lambda _: None
    results = destination.send([release(1), release(2)])
    assert [one.code for one in results if isinstance(one, Unavailable)] == ["no-answer"] * 2
    assert len(receiver.got) == 1
    destination.close()


def test_a_receiver_that_hangs_up_in_the_middle_is_away_and_the_next_go_connects_again(
    destination: MllpDestination, receiver: MllpReceiver
) -> None:
    receiver.answer = lambda _: b""
    (result,) = destination.send([release(1)])
    assert isinstance(result, Unavailable)
    receiver.answer = accept
    assert destination.send([release(1)]) == [Receipt("AA")]


def test_a_receiver_that_hung_up_while_nothing_was_sent_is_called_again_before_a_message_is_lost(
    destination: MllpDestination, receiver: MllpReceiver
) -> None:
    destination.send([release(1)])
    receiver.hang_up()
    assert destination.send([release(2)]) == [Receipt("AA")]
    assert receiver.connections == 2


def test_nobody_there_is_away() -> None:
    gone = MllpReceiver()
    gone.close()
    (result,) = MllpDestination(MllpAddress("127.0.0.1", gone.port)).send([release(1)])
    assert isinstance(result, Unavailable)
    assert result.code == "not-connected"


def test_late_answers_to_other_messages_are_passed_over(destination: MllpDestination, receiver: MllpReceiver) -> None:
    receiver.answer = lambda message: accept(release(99).content) + b"\x1c\r\x0b" + accept(message)
    assert destination.send([release(1)]) == [Receipt("AA")]


def test_other_formats_are_refused(destination: MllpDestination) -> None:
    (result,) = destination.send([release(1, format_="fhir")])
    assert isinstance(result, Malformed)


def test_no_error_shows_content(destination: MllpDestination, receiver: MllpReceiver) -> None:
    receiver.answer = lambda message: acknowledge(peek(message), Verdict.REJECTED, "A", "2024").replace(
        b"MSA|AR", b"MSA|AR"
    )
    (result,) = destination.send([release(1)])
    assert "PID" not in str(result)


def test_tls_verifies_the_receiver(tmp_path: Path) -> None:
    files = make_certificates(tmp_path)
    receiver = MllpReceiver(tls=server_context(files.server, files.server_key, files.ca, True))
    trusted = client_context(files.ca, files.client, files.client_key)
    destination = MllpDestination(MllpAddress("127.0.0.1", receiver.port, trusted))
    for number in (1, 2):
        assert destination.send([release(number)]) == [Receipt("AA")]
    destination.close()
    stranger = MllpClient(MllpAddress("127.0.0.1", receiver.port, client_context(None, None, None)))
    with pytest.raises(Unavailable):
        stranger.exchange(release(1).content)
    receiver.close()


def test_a_frame_may_come_in_pieces(destination: MllpDestination, receiver: MllpReceiver) -> None:
    assert frame(b"x") == b"\x0bx\x1c\r"
    receiver.answer = lambda message: accept(message) + b"ZZZ|" + b"x" * 200_000 + b"\r"
    assert destination.send([release(1)]) == [Receipt("AA")]
