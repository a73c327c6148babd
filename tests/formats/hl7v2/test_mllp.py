"""MLLP blocks in a stream of bytes."""

from __future__ import annotations

from deidstream.formats.hl7v2.mllp import Deframer, Fault, Frame, frame
from hypothesis import example, given, settings
from hypothesis import strategies as st

LIMIT = 60

pieces = st.sampled_from(
    [b"\x0b", b"\x1c", b"\r", b"\x1c\r", b"\x0bMSH", b"MSH|^~\\&|", b"PID|1\r", b"x" * 30, b"\n", b"\x0bM", b"SH"]
)
streams = st.lists(pieces, max_size=30).map(b"".join)


@given(streams, st.lists(st.integers(1, 17), min_size=1, max_size=20))
@example(b"\x0b" + b"x" * 59 + b"\x0bMSH", [1])  # the block is within the limit, with what begins the next one beyond
@example(b"\x0b" + b"x" * 60 + b"\x1c\r", [1])
@example(b"\x0b" + b"x" * 61 + b"\x1c\r", [1])
@settings(max_examples=100)
def test_frames_do_not_depend_on_where_tcp_cuts_the_stream(stream: bytes, sizes: list[int]) -> None:
    whole, cut = Deframer(LIMIT), Deframer(LIMIT)
    expected = whole.feed(stream) + whole.finish()
    frames: list[Frame] = []
    position = turn = 0
    while position < len(stream):
        size = sizes[turn % len(sizes)]
        frames += cut.feed(stream[position : position + size])
        position, turn = position + size, turn + 1
    assert frames + cut.finish() == expected
    assert cut.stray == whole.stray


@given(st.lists(st.binary(max_size=50).filter(lambda b: not {0x0B, 0x1C} & set(b)), max_size=8))
@settings(max_examples=50)
def test_what_is_framed_comes_out_again_even_pipelined(messages: list[bytes]) -> None:
    assert [f.content for f in Deframer(LIMIT).feed(b"".join(map(frame, messages)))] == messages


def test_stray_bytes_between_blocks_are_skipped_and_counted() -> None:
    deframer = Deframer(LIMIT)
    frames = deframer.feed(b"\r\n" + frame(b"one") + b"\nnoise" + frame(b"two") + b"\r\n")
    assert [f.content for f in frames] == [b"one", b"two"]
    assert deframer.stray == 10


def test_a_block_that_is_too_large_is_skipped_and_the_next_one_is_read() -> None:
    deframer = Deframer(LIMIT)
    head = b"MSH|^~\\&|" + b"y" * 100
    frames: list[Frame] = []
    for start in range(0, 10_000, 50):
        frames += deframer.feed((b"\x0b" + head + b"z" * 10_000)[start : start + 50])
    frames += deframer.feed(b"\x1c\r" + frame(b"small"))
    assert frames == [Frame((head + b"z" * 100)[:LIMIT], Fault.TOO_LARGE), Frame(b"small")]


def test_a_block_that_lost_its_end_does_not_swallow_the_next_message() -> None:
    frames = Deframer(LIMIT).feed(b"\x0bMSH|lost" + frame(b"MSH|kept"))
    assert frames == [Frame(b"MSH|lost", Fault.UNFINISHED), Frame(b"MSH|kept")]


def test_an_end_that_lacks_only_its_carriage_return_is_an_end() -> None:
    assert Deframer(LIMIT).feed(b"\x0bMSH|a\x1c" + frame(b"MSH|b")) == [Frame(b"MSH|a"), Frame(b"MSH|b")]


def test_a_block_that_the_connection_left_open_is_reported() -> None:
    deframer = Deframer(LIMIT)
    assert deframer.feed(b"\x0bMSH|a") == []
    assert deframer.inside
    assert deframer.finish() == [Frame(b"MSH|a", Fault.UNFINISHED)]


def test_a_frame_never_prints_its_content() -> None:
    assert "secret" not in repr(Frame(b"secret"))


def test_ten_megabytes_in_small_portions_take_linear_time() -> None:
    deframer, message = Deframer(1 << 24), b"x" * 10_000_000
    stream = frame(message)
    frames = [f for start in range(0, len(stream), 16384) for f in deframer.feed(stream[start : start + 16384])]
    assert frames == [Frame(message)]
