"""Files of many messages, cut without losing a byte."""

from __future__ import annotations

from deidstream.formats.hl7v2 import messages, split
from hypothesis import given, settings
from hypothesis import strategies as st

FHS, BHS, BTS, FTS = b"FHS|^~\\&|A\r", b"BHS|^~\\&|A\r", b"BTS|2\r", b"FTS|1\r"
ONE, TWO = b"MSH|^~\\&|A||||||ADT^A01|1|P|2.3\rPID|1||7\r", b"MSH#^~\\&#B\r\nPID#1##8\r\n"


def cut(file: bytes) -> list[tuple[bytes, bool]]:
    return [(file[start:end], envelope) for start, end, envelope in messages(file)]


def test_envelopes_and_messages_are_members_in_order() -> None:
    assert cut(FHS + BHS + ONE + TWO + BTS + FTS) == [
        (FHS + BHS, True),
        (ONE, False),
        (TWO, False),
        (BTS + FTS, True),
    ]


def test_several_batches_have_an_envelope_between_them() -> None:
    assert [member for member, _ in cut(FHS + BHS + ONE + BTS + BHS + TWO + BTS + FTS)] == [
        FHS + BHS,
        ONE,
        BTS + BHS,
        TWO,
        BTS + FTS,
    ]


def test_messages_without_envelope_are_cut_at_each_header() -> None:
    assert cut(ONE + b"\r\n" + TWO) == [(ONE + b"\r\n", False), (TWO, False)]


def test_blank_lines_and_a_mark_before_the_first_belong_to_it() -> None:
    file = b"\xef\xbb\xbf\r\n" + ONE
    assert cut(file) == [(file, False)]


def test_frames_stay_with_their_message() -> None:
    file = b"\x0b" + ONE + b"\x1c\r\x0b" + TWO + b"\x1c\r"
    assert [member for member, _ in cut(file)] == [b"\x0b" + ONE + b"\x1c\r", b"\x0b" + TWO + b"\x1c\r"]
    assert [split(member).leaf("PID-3").text for member, _ in cut(file)] == ["7", "8"]


def test_a_header_name_inside_a_value_begins_nothing() -> None:
    file = b"MSH|^~\\&|A\rNTE|1||see MSH|or FTS|MSH\rMSHX|1\r"
    assert cut(file) == [(file, False)]


def test_what_holds_no_message_is_one_member_and_nothing_is_none() -> None:
    assert cut(b"hello") == [(b"hello", False)]
    assert cut(b"") == []


@given(st.lists(st.sampled_from([FHS, BHS, BTS, FTS, ONE, TWO, b"\r\n", b"x\r", b"\x0b", b"\x1c"]), max_size=12))
@settings(max_examples=100, deadline=None)
def test_members_laid_end_to_end_are_the_file(pieces: list[bytes]) -> None:
    file = b"".join(pieces)
    members = messages(file)
    assert b"".join(file[start:end] for start, end, _ in members) == file
    assert all(start < end for start, end, _ in members)
