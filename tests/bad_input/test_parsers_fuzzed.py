"""Whatever the bytes are: a parser gives a document or says Malformed, and what it gives holds its promises.

``DEIDSTREAM_FUZZ=3000`` runs so many examples a format instead of a few.
"""

import os
import re

import pytest
from deidstream import formats
from deidstream.core.document import Edit, splice
from deidstream.core.errors import Malformed
from deidstream.core.subject import Known, Subject
from deidstream.detection import fields
from deidstream.detection.text.identity import Identity
from deidstream.detection.text.rules import Rules
from deidstream.formats.hl7v2 import messages
from deidstream.formats.hl7v2.header import peek
from deidstream.formats.hl7v2.mllp import Deframer
from deidstream.stages.ingest.unpack import unpack
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.bad_input.mutations import FORMATS, damaged, raw, samples

EXAMPLES = int(os.environ.get("DEIDSTREAM_FUZZ", "40"))
PLANTED = 'Zoe|^~\\&<"{}'
CHARSETS = ("", "utf-8", "latin-1", "ascii", "utf-16", "shift_jis", "no-such-charset")
fuzz = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)


@pytest.fixture(scope="module")
def rules():
    return Rules()


def check(format_, source, charset, rules):
    """The promises of ``core.document`` for one source; nothing where it is malformed."""
    try:
        document = formats.split(format_, source, charset)
    except Malformed:
        return
    assert document.source == source
    assert splice(document, ()) == source
    for leaf in document.leaves:
        assert 0 <= leaf.start <= leaf.end <= len(source)
        if leaf.text:  # what is not text (a picture) reads as nothing
            assert len(leaf.codec.offsets(source[leaf.start : leaf.end])) == len(leaf.text) + 1
    for part in document.parts:
        borders = [border for piece in part.pieces for border in (piece.start, piece.end)]
        assert borders == sorted(borders)
        for start, stop, path, offset in part.pieces:
            assert part.text[start:stop] == document.leaf(path).text[offset : offset + stop - start]
    try:
        reading = fields.read(document)
    except Malformed:
        return
    for fact in reading.facts:
        leaf = document.leaf(fact.locator)
        if fact.span is not None:
            assert 0 <= fact.span.start <= fact.span.end <= len(leaf.text)
    known = tuple(
        Known(fact.category, fact.role, fact.form, fact.value, fact.group, fact.issuer)
        for fact in reading.facts
        if fact.value
    )
    subjects = [Subject("s", known=known)]
    for layer in (rules.find(document.parts), Identity().find(document.parts, subjects)):
        for part, found in zip(document.parts, layer, strict=True):
            for one in found:
                assert one.span is not None
                assert 0 <= one.span.start < one.span.end <= len(part.text)


@pytest.mark.parametrize("format_", FORMATS)
def test_a_damaged_message_is_a_document_or_malformed(format_, rules):
    @fuzz
    @given(damaged(format_), st.sampled_from(CHARSETS))
    def holds(source, charset):
        check(format_, source, charset, rules)

    holds()


@pytest.mark.parametrize("format_", FORMATS)
def test_any_bytes_are_a_document_or_malformed(format_, rules):
    @fuzz
    @given(raw(), st.sampled_from(CHARSETS))
    def holds(source, charset):
        check(format_, source, charset, rules)
        check(format_, samples(format_)[0][:40] + source, charset, rules)

    holds()


@pytest.mark.parametrize("format_", ["hl7v2", "fhir", "cda", "rtf", "html"])
def test_what_is_identifying_can_be_taken_out_or_replaced(format_):
    @fuzz
    @given(damaged(format_), st.data())
    def holds(source, data):
        try:
            document = formats.split(format_, source)
            facts = fields.read(document).facts
        except Malformed:
            return
        paths = {fact.locator for fact in facts} | {piece.path for part in document.parts for piece in part.pieces}
        if not paths or len(source) < 20:
            return
        path = data.draw(st.sampled_from(sorted(paths)))
        formats.split(format_, splice(document, [Edit(path, None, None)]))
        if document.leaf(path).admits_text:
            again = formats.split(format_, splice(document, [Edit(path, None, PLANTED)]))
            assert any(bare(PLANTED) in bare(leaf.text) for leaf in every_leaf(again))

    holds()


def bare(text):
    """Without what a message that names no escape character cannot carry."""
    return re.sub(r"[|^~&\\ ]", "", text)


def every_leaf(document):
    for leaf in document.leaves:
        yield leaf
        if leaf.nested is not None:
            yield from every_leaf(leaf.nested)


@fuzz
@given(
    st.sampled_from(FORMATS).flatmap(damaged), st.sampled_from(("a.hl7", "b.json", "c.ndjson", "d.xml", "e", "f.rtf"))
)
def test_a_file_is_unpacked_or_malformed(content, name):
    try:
        unpacked = unpack(content, name)
    except Malformed:
        return
    if unpacked.format == "hl7v2":
        assert b"".join(unpacked.members) == content


@fuzz
@given(raw(), st.integers(1, 50))
def test_mllp_takes_any_stream_in_any_portions(stream, portion):
    deframer = Deframer(100)
    blocks = [block for at in range(0, len(stream), portion) for block in deframer.feed(stream[at : at + portion])]
    for block in (*blocks, *deframer.finish()):
        assert len(block.content) <= 100
        try:
            peek(block.content)
            list(messages(block.content))
        except Malformed:
            continue
