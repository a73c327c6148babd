"""JSON strings, literals and base64: text to bytes and back, with exact offsets."""

from __future__ import annotations

import base64
import json

import pytest
from deidstream.core.errors import Malformed, Unsafe
from deidstream.formats.fhir.codec import LITERAL, STRING, decode_base64, encode_base64
from hypothesis import given, settings
from hypothesis import strategies as st

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@given(texts)
@settings(max_examples=100)
def test_an_encoded_text_reads_the_same(text: str) -> None:
    assert json.loads(b'"' + STRING.encode(text) + b'"') == text


@given(texts, st.booleans())
@settings(max_examples=100)
def test_offsets_cut_between_code_points(text: str, escaped: bool) -> None:
    raw = json.dumps(text, ensure_ascii=escaped).encode()[1:-1]
    at = STRING.offsets(raw)
    assert len(at) == len(text) + 1
    pieces = [raw[start:end] for start, end in zip(at, at[1:], strict=False)]
    assert [json.loads(b'"' + piece + b'"') for piece in pieces] == list(text)


def test_an_escaped_surrogate_pair_is_one_code_point() -> None:
    assert list(STRING.offsets(rb"a\ud83d\ude00\u00e9\/b")) == [0, 1, 13, 19, 21, 22]


def test_a_lone_surrogate_is_never_written() -> None:
    STRING.encode("a\ud800b").decode("utf-8")


@pytest.mark.parametrize("text", ["90", "-1.5e3", "true", "null"])
def test_literals_take_literals(text: str) -> None:
    assert LITERAL.encode(text) == text.encode()


@pytest.mark.parametrize("text", ["", "ninety", "01", "[x]", "1,2", "NaN"])
def test_literals_refuse_text(text: str) -> None:
    with pytest.raises(Unsafe):
        LITERAL.encode(text)


@given(st.binary(max_size=300), st.sampled_from([b"\\n", b"\\r\\n", b""]), st.sampled_from([4, 64, 76]))
@settings(max_examples=100)
def test_base64_keeps_its_line_length(content: bytes, separator: bytes, width: int) -> None:
    encoded = base64.b64encode(content)
    raw = separator.join(encoded[at : at + width] for at in range(0, len(encoded), width))
    assert decode_base64(raw) == content
    assert encode_base64(content, raw) == raw


@pytest.mark.parametrize("raw", [b"abc", b"a===", b"ab-_", b"!!!!"])
def test_what_is_no_base64_is_malformed(raw: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        decode_base64(raw)
    assert caught.value.code == "invalid-base64"
