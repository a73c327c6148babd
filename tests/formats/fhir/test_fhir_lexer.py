"""The lexer against RFC 8259 and the standard library."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from deidstream.core.errors import Malformed
from deidstream.formats.fhir.lexer import Array, Node, Object, parse, text_of
from hypothesis import given, settings
from hypothesis import strategies as st

SAMPLES = sorted((Path(__file__).parents[2] / "data/fhir").glob("*.json"))

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


def loaded(source: bytes, node: Node) -> Any:
    if isinstance(node, Object):
        return {key: loaded(source, child) for key, child in node.members.items()}
    if isinstance(node, Array):
        return [loaded(source, child) for child in node.items]
    text = text_of(source, node)
    return text if node.kind == '"' else json.loads(text)


@given(st.dictionaries(st.text(max_size=5), values, max_size=4), st.booleans(), st.sampled_from([None, 1]))
@settings(max_examples=100)
def test_reads_what_the_standard_library_reads(value: dict[str, Any], escaped: bool, indent: int | None) -> None:
    source = json.dumps(value, ensure_ascii=escaped, indent=indent).encode("utf-8", "replace")
    assert loaded(source, parse(source)) == json.loads(source)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_reads_official_examples_as_the_standard_library_does(path: Path) -> None:
    source = path.read_bytes()
    assert loaded(source, parse(source)) == json.loads(source)


@pytest.mark.parametrize(
    ("source", "code"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"[]", "not-an-object"),
        (b'"text"', "not-an-object"),
        (b'{"a":1} x', "content-after-the-end"),
        (b'{"a":NaN}', "invalid-json"),
        (b'{"a":-Infinity}', "invalid-json"),
        (b'{"a":01}', "invalid-json"),
        (b'{"a":+1}', "invalid-json"),
        (b'{"a":1.}', "invalid-json"),
        (b'{"a":1,}', "invalid-json"),
        (b'{"a":[1,]}', "invalid-json"),
        (b'{"a":[1}', "invalid-json"),
        (b'{"a":1]', "invalid-json"),
        (b'{"a"', "invalid-json"),
        (b"{'a':1}", "invalid-json"),
        (b'{"a":"\n"}', "invalid-json"),
        (b'{"a":"\\x"}', "invalid-json"),
        (b'{"a":"\\u12"}', "invalid-json"),
        (b'{"a":1 /* no comments */}', "invalid-json"),
        (b'{"a":1,"a":2}', "duplicate-key"),
        (b'{"a":1,"\\u0061":2}', "duplicate-key"),
        (b'{"a":"\xff"}', "invalid-utf-8"),
        (b'{"a":"\xed\xa0\x80"}', "invalid-utf-8"),
        ('{"a":1}'.encode("utf-16"), "not-utf-8"),
        (b'{"a":' * 101 + b"1" + b"}" * 101, "nested-too-deep"),
        (b'{"a":' + b"[" * 200_000, "nested-too-deep"),
        (b'{"a":[' + b"1," * 500_001 + b"1]}", "too-many-values"),
    ],
)
def test_says_what_is_wrong_and_never_what_it_read(source: bytes, code: str) -> None:
    with pytest.raises(Malformed) as caught:
        parse(source)
    assert caught.value.code == code
    assert caught.value.place in ("", "limit 500000") or caught.value.place.isdigit()


def test_a_byte_order_mark_is_skipped() -> None:
    source = b'\xef\xbb\xbf{"a":"b"}'
    node = parse(source).members["a"]
    assert source[node.start : node.stop - 1] == b"b"


def test_a_lone_surrogate_reads_as_the_replacement_character() -> None:
    source = rb'{"a":"x\ud800y"}'
    assert loaded(source, parse(source)) == {"a": "x�y"}


@pytest.mark.parametrize("unit", [rb"\n", rb"\"", b"x", rb"\u00e9", "é".encode()])
def test_a_string_of_a_million_characters_is_read(unit: bytes) -> None:
    node = parse(b'{"a":"' + unit * 1_000_000 + b'"}').members["a"]
    assert node.stop - node.start == len(unit) * 1_000_000 + 1


@given(st.binary(max_size=40).map(lambda tail: b'{"a":' + tail))
@settings(max_examples=100)
def test_any_bytes_are_read_or_refused(source: bytes) -> None:
    try:
        parse(source)
    except Malformed:
        return
    json.loads(source)
