"""Where a fact stands: what the reader notes on its way is what the document finds by the locator."""

from __future__ import annotations

import pytest
from deidstream.core.document import Edit, splice
from deidstream.core.errors import DeidstreamError
from deidstream.detection.fields.hl7v2 import read
from deidstream.formats.hl7v2 import Hl7Document, split
from hypothesis import given, settings

from tests.bad_input.mutations import damaged, samples


def _agree(source: bytes) -> int:
    noted, searched = split(source), split(source)
    facts = read(noted).facts
    for fact in facts:
        assert noted.leaf(fact.locator) == searched.leaf(fact.locator), fact.locator
        assert fact.locator.count("!") or noted.leaf(fact.locator).text == fact.value, fact.locator
    return len(facts)


def _elsewhere(source: bytes) -> list[bytes]:
    """The same message in other delimiters and character sets."""
    text = source.decode("utf-8", "replace")
    strange = text.translate(str.maketrans({"^": "*", "|": "!", "~": "%", "&": "$"}))
    accents = text.replace("e", "é")
    escaped = text.replace("o", "\\X6f\\")
    return [
        strange.encode(),
        accents.encode(),
        accents.encode("latin-1", "replace"),
        text.encode("utf-16"),
        escaped.encode(),
        escaped.encode("utf-16"),
        text.replace("\r", "\r\n").encode(),
    ]


@pytest.mark.parametrize("number", range(0, 60, 3))
def test_real_messages_in_every_spelling(number: int) -> None:
    sources = samples("hl7v2")
    source = sources[number % len(sources)]
    assert _agree(source)
    for other in _elsewhere(source):
        try:
            split(other)
        except DeidstreamError:
            continue
        _agree(other)


@settings(max_examples=80, deadline=None)
@given(damaged("hl7v2"))
def test_damaged_messages(source: bytes) -> None:
    try:
        split(source)
    except DeidstreamError:
        return
    _agree(source)


def test_a_line_of_no_segment_is_one_value_whatever_delimiters_stand_in_it() -> None:
    document = split(b"MSH|^~\\&|A\rPID|1\r~ORC|RE|Doe^Jane~x\r")
    (line,) = [fact for fact in read(document).facts if fact.locator == "LINE-1"]
    assert document.leaf("LINE-1").text == line.value == "~ORC|RE|Doe^Jane~x"
    assert splice(document, [Edit("LINE-1", None, "")]) == b"MSH|^~\\&|A\rPID|1\r\r"


def test_a_value_that_comes_again_is_read_alike_in_its_new_place() -> None:
    obx = b"OBX|%d|ST|1||x||||||F|||20260302||77^Doe^Jane~88^Roe&van\r"
    document: Hl7Document = split(b"MSH|^~\\&|A\r" + obx % 1 + b"NTE|1\r" + obx % 2)
    first, second = ([f for f in read(document).facts if f.locator.startswith(name)] for name in ("OBX-", "OBX[2]-"))
    assert [fact.locator.replace("OBX[2]", "OBX") for fact in second] == [fact.locator for fact in first]
    assert [fact.group.replace("OBX[2]", "OBX") for fact in second] == [fact.group for fact in first]
    for one, other in zip(first, second, strict=True):
        near, far = document.leaf(one.locator), document.leaf(other.locator)
        assert near.start < far.start
        assert document.source[near.start : near.end] == document.source[far.start : far.end]
