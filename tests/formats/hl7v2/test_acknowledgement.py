"""Headers at a glance, and acknowledgements (HL7 v2, chapter 2)."""

from __future__ import annotations

import pytest
from deidstream.core.errors import Malformed
from deidstream.formats.hl7v2 import acknowledgement as ack
from deidstream.formats.hl7v2.acknowledgement import Fault, Verdict, acknowledge, expects_answer
from deidstream.formats.hl7v2.header import peek
from hypothesis import given, settings
from hypothesis import strategies as st

MSH = b"MSH|^~\\&|LAB|HOSP|EHR|CLINIC|20240101||ORU^R01|42|P|%s|||%s|%s||%s\rPID|1||SECRET\r"


def message(version: bytes = b"2.5.1", accept: bytes = b"", application: bytes = b"", charset: bytes = b"") -> bytes:
    return MSH % (version, accept, application, charset)


def answer(source: bytes, verdict: Verdict, *faults: Fault) -> bytes:
    return acknowledge(peek(source), verdict, "A1", "20240102030405", faults)


def test_an_acknowledgement_swaps_the_parties_and_names_the_message() -> None:
    assert answer(message(), Verdict.ACCEPTED) == (
        b"MSH|^~\\&|EHR|CLINIC|LAB|HOSP|20240102030405||ACK^R01^ACK|A1|P|2.5.1\rMSA|AA|42\r"
    )


@pytest.mark.parametrize(
    ("version", "type_"),
    [(b"2.1", b"ACK"), (b"2.2", b"ACK"), (b"2.3", b"ACK^R01"), (b"2.3.1", b"ACK^R01^ACK"), (b"2.8", b"ACK^R01^ACK")],
)
def test_the_message_type_of_an_acknowledgement_grows_with_the_version(version: bytes, type_: bytes) -> None:
    assert answer(message(version), Verdict.ACCEPTED).split(b"|")[8] == type_


FAULT = Fault(ack.UNSUPPORTED_VERSION, "unsupported-version", "MSH", 12)


def test_errors_before_2_5_stand_in_err_1() -> None:
    segments = answer(message(b"2.3"), Verdict.REJECTED, FAULT).split(b"\r")
    assert segments[1] == b"MSA|AR|42|unsupported-version"
    assert segments[2] == b"ERR|MSH^1^12^203&Unsupported version id&HL70357"


def test_errors_from_2_5_stand_in_err_2_to_8() -> None:
    segments = answer(message(b"2.5"), Verdict.REJECTED, FAULT).split(b"\r")
    assert segments[2] == (
        b"ERR||MSH^1^12|203^Unsupported version id^HL70357|E|unsupported-version^Unsupported version id^L"
        b"|||unsupported version"
    )


def test_the_withdrawn_msa_3_is_not_sent_in_2_7() -> None:
    assert b"MSA|AR|42\r" in answer(message(b"2.7"), Verdict.REJECTED, FAULT)


def test_the_answer_uses_the_delimiters_and_the_character_set_of_the_sender() -> None:
    source = b"MSH$*~\\&$L\xe4b$H$E$C$$$ADT*A01$7$P$2.4$$$$$$8859/1\r"
    given = answer(source, Verdict.ACCEPTED)
    assert given == b"MSH$*~\\&$E$C$L\xe4b$H$20240102030405$$ADT*A01$A1$P$2.4$$$$$$8859/1\rMSA$AA$7\r".replace(
        b"ADT*A01", b"ACK*A01*ACK"
    )


TABLE_0155 = [
    # MSH-15, code when accepted, when in error, when rejected ('' no answer)
    (b"", "AA", "AE", "AR"),
    (b"AL", "CA", "CE", "CR"),
    (b"NE", "", "", ""),
    (b"ER", "", "CE", "CR"),
    (b"SU", "CA", "", ""),
    (b"al", "CA", "CE", "CR"),
    (b"??", "CA", "CE", "CR"),
]


@pytest.mark.parametrize(("accept", "accepted", "error", "rejected"), TABLE_0155)
def test_msh_15_decides_whether_and_how_to_answer(accept: bytes, accepted: str, error: str, rejected: str) -> None:
    header = peek(message(accept=accept))
    expected = {Verdict.ACCEPTED: accepted, Verdict.ERROR: error, Verdict.REJECTED: rejected}
    for verdict, code in expected.items():
        assert (ack.answer_code(header, verdict) if expects_answer(header, verdict) else "") == code


def test_msh_16_alone_does_not_make_enhanced_mode() -> None:
    """MSH-15 is required for it (2.14.9.15); senders that fill only MSH-16 wait for an AA."""
    assert ack.answer_code(peek(message(application=b"AL")), Verdict.ACCEPTED) == "AA"


@pytest.mark.parametrize(
    ("source", "code"),
    [
        (b"", "no-msh"),
        (b"PID|1", "no-msh"),
        (b"MSH", "bad-delimiters"),
        (b"MSHA^~\\&", "bad-delimiters"),
        (b"MSH|", "bad-delimiters"),
        (b"MSH|^^\\&|", "bad-delimiters"),
        (b"MSH|^~\\&#$%|", "bad-delimiters"),
        (b"MSH|abcd|", "bad-delimiters"),
        (b"M\0S\0H\0|\0", "no-msh"),
    ],
)
def test_what_cannot_be_a_header_is_named(source: bytes, code: str) -> None:
    with pytest.raises(Malformed) as caught:
        peek(source)
    assert caught.value.code == code


def test_a_byte_order_mark_and_line_feeds_do_not_hide_the_header() -> None:
    header = peek(b"\xef\xbb\xbf\r\nMSH|^~\\&|A|B|C|D|||ADT^A01^ADT_A01|9|P|2.3\nPID|1")
    assert (header.type, header.control_id, header.version) == ("ADT^A01", b"9", "2.3")


def test_codes_that_are_no_codes_are_not_taken_for_metadata() -> None:
    header = peek(b"MSH|^~\\&|A|B|C|D|||John^Doe|9|P|Smith")
    assert (header.type, header.version) == ("", "")


def test_an_unreadable_message_is_still_answered() -> None:
    given = acknowledge(None, Verdict.REJECTED, "A1", "20240102030405", (Fault(ack.SEGMENT_SEQUENCE, "no-msh"),))
    assert b"MSA|AR||no-msh" in given
    assert b"ERR||MSH^1|100^" in given


@pytest.mark.parametrize("verdict", list(Verdict))
def test_what_is_written_is_read_again(verdict: Verdict) -> None:
    for accept in (b"", b"AL"):
        read = ack.read(answer(message(accept=accept), verdict))
        assert read is not None
        assert (read.code[1], read.control_id) == (verdict, b"42")
        assert (read.accepted, read.rejected) == (verdict is Verdict.ACCEPTED, verdict is Verdict.REJECTED)


delimiters = st.lists(st.sampled_from("!\"#$%'()*+,-/:;<=>?@[\\]^_`{|}~&"), min_size=2, max_size=6, unique=True)


@given(delimiters)
@settings(max_examples=60)
def test_any_delimiters_give_an_answer_that_can_be_read(marks: list[str]) -> None:
    separator, encoding = marks[0], "".join(marks[1:])
    source = separator.join(["MSH", encoding, "A", "B", "C", "D", "", "", "ADT", "77", "P", "2.3"]).encode()
    for version_fault in (FAULT, Fault(ack.INTERNAL, "try-again-later")):
        read = ack.read(answer(source, Verdict.REJECTED, version_fault))
        assert read is not None
        assert (read.code, read.control_id) == ("AR", b"77")


@given(st.binary(max_size=200))
@settings(max_examples=60)
def test_no_bytes_whatever_crash_the_peek(source: bytes) -> None:
    for candidate in (source, b"MSH" + source, b"MSH|^~\\&" + source):
        try:
            header = peek(candidate)
        except Malformed:
            continue
        acknowledge(header, Verdict.ERROR, "A1", "20240102030405", (FAULT,))
