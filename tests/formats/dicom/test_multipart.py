"""Multipart bodies, however they are cut, beside Python's own parser of mail."""

from __future__ import annotations

from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP

import pytest
from deidstream.core.errors import Malformed
from deidstream.formats.dicom.network.multipart import Multipart, Part, joined
from hypothesis import given
from hypothesis import strategies as st

BOUNDARY = "a-b_c.1"
NEAR = st.sampled_from([b"\r\n--a-b", b"\r\n--a-b_c.", b"\r\n", b"\r", b"--", b"\r\n\r\n--", b""])
CONTENTS = (
    st.tuples(NEAR, st.binary(max_size=60), NEAR)
    .map(b"".join)
    .filter(lambda one: b"--" + BOUNDARY.encode() not in b"\r\n" + one)
)


def parts(body: bytes, cuts: list[int], most: int = 1 << 20) -> list[Part]:
    reader = Multipart(BOUNDARY, most, 8)
    found, at, turn = [], 0, 0
    while at < len(body):
        size = cuts[turn % len(cuts)]
        found += reader.feed(body[at : at + size])
        at, turn = at + size, turn + 1
    reader.finish()
    return found


@given(
    contents=st.lists(CONTENTS, min_size=1, max_size=4),
    cuts=st.lists(st.integers(1, 40), min_size=1, max_size=5),
    preamble=st.sampled_from([b"", b"\r\n", b"This is a multipart message.\r\n"]),
)
def test_however_a_body_is_cut_the_parts_are_those_that_were_joined(
    contents: list[bytes], cuts: list[int], preamble: bytes
) -> None:
    body = preamble + b"".join(joined(BOUNDARY, "application/dicom", contents)) + b"epilogue"
    assert parts(body, cuts) == [Part("application/dicom", content) for content in contents]


@given(contents=st.lists(st.binary(max_size=30).map(lambda one: one.hex().encode()), min_size=1, max_size=4))
def test_another_parser_reads_what_is_joined(contents: list[bytes]) -> None:
    body = b"".join(joined(BOUNDARY, "application/dicom", contents))
    head = f'Content-Type: multipart/related; type="application/dicom"; boundary="{BOUNDARY}"\r\n\r\n'.encode()
    read = BytesParser(policy=HTTP).parsebytes(head + body)
    found = [one for one in read.iter_parts() if isinstance(one, Message)]
    assert [one.get_payload(decode=True) for one in found] == contents


@given(sizes=st.lists(st.integers(0, 60), min_size=1, max_size=5), cut=st.integers(1, 50))
def test_what_is_too_long_is_given_as_how_it_began_and_never_held(sizes: list[int], cut: int) -> None:
    contents = [bytes(range(65, 65 + size)) for size in sizes]
    body = b"".join(joined(BOUNDARY, "application/dicom", contents))
    reader = Multipart(BOUNDARY, 20, 8)
    found = []
    for start in range(0, len(body), cut):
        found += reader.feed(body[start : start + cut])
        assert reader.held <= 20 + 2 * cut + 60
    expected = [(one[:8], True) if len(one) > 20 else (one, False) for one in contents]
    assert [(one.content, one.excess) for one in found] == expected


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "multipart-truncated"),
        (b"no delimiter at all", "multipart-truncated"),
        (b"--a-b_c.1\r\n\r\nbegun", "multipart-truncated"),
        (b"--a-b_c.1xyz\r\n\r\n--a-b_c.1--", "multipart-broken"),
        (b"--a-b_c.1\r\n" + b"x: y\r\n" * 5000, "multipart-broken"),
    ],
)
def test_what_is_broken_says_so(body: bytes, code: str) -> None:
    with pytest.raises(Malformed) as raised:
        parts(body, [1000])
    assert raised.value.code == code


def test_a_part_without_headers_has_no_type() -> None:
    assert parts(b"--a-b_c.1\r\n\r\nabc\r\n--a-b_c.1--\r\n", [3]) == [Part("", b"abc")]
