"""C-CDA as leaves and parts, and values taken out of it."""

import base64
import os
from pathlib import Path
from xml.etree import ElementTree

import pytest
from deidstream.core.document import Edit, splice
from deidstream.core.errors import Malformed
from deidstream.core.span import Span
from deidstream.detection.fields import read
from deidstream.formats import split
from hypothesis import given, settings
from hypothesis import strategies as st

EXAMPLES = sorted((Path(__file__).parents[2] / "data" / "cda").glob("*.xml"))
CORPUS = (
    sorted(Path(os.environ["DEIDSTREAM_CDA_CORPUS"]).glob("*.xml")) if "DEIDSTREAM_CDA_CORPUS" in os.environ else []
)
HEAD = '<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:sdtc="urn:hl7-org:sdtc" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
PREFIXES = (
    b' xmlns:sdtc="urn:hl7-org:sdtc" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:cda="urn:hl7-org:v3"'
)


def _document(inner: str) -> bytes:
    return f"{HEAD}{inner}</ClinicalDocument>".encode()


def _well_formed(source: bytes) -> None:
    start = source.index(b"?>") + 2 if source.lstrip().startswith(b"<?xml") else 0
    ElementTree.fromstring(b"<w" + PREFIXES + b">" + source[start:] + b"</w>")


@pytest.mark.parametrize("path", EXAMPLES + CORPUS, ids=lambda path: path.stem[:40])
def test_every_example_comes_back_and_everything_can_be_taken_out_of_it(path):
    source = path.read_bytes()
    document = split("cda", source)
    assert splice(document, ()) == source
    assert len({leaf.path for leaf in document.leaves}) == len(document.leaves)
    facts = read(document).facts
    assert len({fact.locator for fact in facts}) == len(facts)
    read_in_parts = [piece.path for part in document.parts for piece in part.pieces]
    assert not {fact.locator for fact in facts} & set(read_in_parts)
    out = splice(document, [Edit(fact.locator, None, None) for fact in facts])
    _well_formed(out)
    left = {fact.locator for fact in read(split("cda", out)).facts}
    assert not left


@pytest.mark.parametrize("path", EXAMPLES[:12], ids=lambda path: path.stem[:40])
def test_an_edit_changes_its_own_bytes_alone(path):
    source = path.read_bytes()
    document = split("cda", source)
    for leaf in document.leaves:
        edited = splice(document, [Edit(leaf.path, None, "X<&\"'")])
        assert edited[: leaf.start] == source[: leaf.start]
        assert edited[len(edited) - (len(source) - leaf.end) :] == source[leaf.end :]


MASKS = [
    ('<birthTime value="19501219"/>', "birthTime/@value", '<birthTime nullFlavor="MSK"/>', "an attribute"),
    ("<name><given>Jo</given></name>", "name/given/text()", '<name><given nullFlavor="MSK"></given></name>', "a text"),
    (
        '<name nullFlavor="UNK">Jo</name>',
        "name/text()",
        '<name nullFlavor="UNK"></name>',
        "an element that says why already",
    ),
    ('<maritalStatusCode code="M" displayName="Married"/>', "maritalStatusCode/@code", None, "a code"),
]


@pytest.mark.parametrize(("inner", "path", "wanted", "why"), MASKS)
def test_a_value_that_goes_leaves_a_null_flavor(inner, path, wanted, why):
    source = _document(f"<recordTarget><patientRole><patient>{inner}</patient></patientRole></recordTarget>")
    prefix = "/ClinicalDocument/recordTarget/patientRole/patient/"
    out = splice(split("cda", source), [Edit(prefix + path, None, None)])
    wanted = wanted or '<maritalStatusCode nullFlavor="MSK" displayName="Married"/>'
    assert wanted.encode() in out, why


def test_several_values_of_one_element_leave_one_null_flavor():
    source = _document('<recordTarget><patientRole><id root="1.2.3"\n extension="7" /></patientRole></recordTarget>')
    path = "/ClinicalDocument/recordTarget/patientRole/id/"
    out = splice(split("cda", source), [Edit(path + "@root", None, None), Edit(path + "@extension", None, None)])
    assert b'<id nullFlavor="MSK" />' in out


def test_a_document_in_utf_16_is_masked_in_utf_16():
    source = (
        '<?xml version="1.0" encoding="UTF-16"?><section><author><time value="20200101"/></author></section>'.encode(
            "utf-16"
        )
    )
    out = splice(split("cda", source), [Edit("/section/author/time/@value", None, None)])
    assert '<time nullFlavor="MSK"/>' in out.decode("utf-16")


def test_the_narrative_is_one_part_and_titles_displays_and_comments_are_their_own():
    source = _document(
        '<languageCode code="de-DE"/><title>Brief für Jo</title><component><structuredBody><component><section>'
        '<code code="1" codeSystem="9.9.9" displayName="Dr. Jos Code" codeSystemName="Haus"/>'
        '<code code="2" codeSystem="2.16.840.1.113883.6.1" displayName="Plan of care"/>'
        '<text><!-- Jo war da --><paragraph><content ID="a1">Jo</content> Doe</paragraph>'
        "<table><tr><td>b</td><td>c</td></tr></table>"
        '<linkHtml href="http://x.org/jo">d</linkHtml></text></section></component></structuredBody></component>'
    )
    parts = {part.locator.rpartition("/section/")[2] or part.locator: part for part in split("cda", source).parts}
    assert {name: part.text for name, part in parts.items()} == {
        "/ClinicalDocument/title/text()": "Brief für Jo",
        "code/@displayName": "Dr. Jos Code",
        "code/@codeSystemName": "Haus",
        "text": "Jo Doe\nb\tc\nd",
        "text/comment()": " Jo war da ",
        "text/linkHtml/@href": "http://x.org/jo",
    }
    assert parts["text"].language == "de-DE"


def _body(text: str) -> bytes:
    return _document(f"<component><nonXMLBody>{text}</nonXMLBody></component>")


@pytest.mark.parametrize(
    ("media", "content", "reading"),
    [
        ("text/plain", "Jöhn Doe".encode(), "Jöhn Doe"),
        ("text/html", b"<p>J&#246;hn <b>Doe</b>", "Jöhn Doe"),
        ("text/rtf", rb"{\rtf1 J\'f6hn {\b Doe}}", "Jöhn Doe"),
        ("application/xhtml+xml", b"<div>J&#246;hn Doe</div>", "Jöhn Doe"),
        ("text/xml", b"<ClinicalDocument><title>J&#246;hn Doe</title></ClinicalDocument>", "Jöhn Doe"),
    ],
)
def test_a_body_in_base64_is_read_and_written(media, content, reading):
    encoded = base64.encodebytes(content * 1).decode().strip()
    document = split("cda", _body(f'<text mediaType="{media}" representation="B64">\n  {encoded}\n</text>'))
    (part,) = document.parts
    assert part.text == reading
    assert part.locator.startswith("/ClinicalDocument/component/nonXMLBody/text/text()!")
    first = part.pieces[0]
    out = split("cda", splice(document, [Edit(first.path, Span(first.offset, first.offset + 4), "Max")]))
    assert out.parts[0].text == reading.replace("Jöhn", "Max")


def test_base64_keeps_its_lines():
    encoded = base64.encodebytes(b"Jo " * 100).decode().strip()
    source = _body(f'<text mediaType="text/plain" representation="B64">\r\n{encoded}\r\n</text>')
    document = split("cda", source)
    out = splice(document, [Edit(document.parts[0].pieces[0].path, Span(0, 2), "Xy")])
    assert len(out) == len(source)
    assert [len(line) for line in out.splitlines()] == [len(line) for line in source.splitlines()]


@pytest.mark.parametrize(
    ("attributes", "category"),
    [
        ('mediaType="application/pdf" representation="B64"', "unknown"),
        ('mediaType="image/png" representation="B64"', "photo"),
        ('mediaType="text/plain" representation="B64" compression="DF"', "unknown"),
        ('mediaType="text/xml" representation="B64"', "unknown"),
    ],
)
def test_a_body_that_is_not_understood_is_said_to_be(attributes, category):
    document = split("cda", _body(f"<text {attributes}>AAAAAAAAAAA=</text>"))
    assert not document.parts
    (fact,) = read(document).facts
    assert (fact.category, fact.value, fact.span) == (category, "", None)


@pytest.mark.parametrize("content", ["\x80VGV4dA==", "VGV4dA==\xe9", "VGV4dA=", "VG*4dA=="])
def test_a_body_whose_base64_is_damaged_is_said_to_be_unknown(content):
    document = split("cda", _body(f'<text mediaType="text/plain" representation="B64">{content}</text>'), "latin-1")
    assert not document.parts
    (fact,) = read(document).facts
    assert (fact.category, fact.value, fact.span) == ("unknown", "", None)


def test_facts_of_a_document_in_a_body_are_found_with_their_own_locators():
    inner = b"<ClinicalDocument><recordTarget><patientRole><id root='1.2' extension='77'/></patientRole></recordTarget>"
    inner += b"</ClinicalDocument>"
    encoded = base64.b64encode(inner).decode()
    document = split("cda", _body(f'<text mediaType="application/xml" representation="B64">{encoded}</text>'))
    reading = read(document)
    (fact,) = reading.facts
    assert fact.locator.endswith("text/text()!/ClinicalDocument/recordTarget/patientRole/id/@extension")
    assert reading.subjects[0][0].value == "77"
    out = split("cda", splice(document, [Edit(fact.locator, Span(0, 2), "88")]))
    assert read(out).facts[0].value == "88"


def test_entities_that_are_declared_are_refused():
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + HEAD + "&b;</ClinicalDocument>"
    with pytest.raises(Malformed, match="xml-entity-declaration"):
        split("cda", bomb.encode())


def test_prefixes_may_be_any_and_need_not_be_declared_in_fragments():
    source = b"<h:recordTarget xmlns:h='urn:hl7-org:v3'><h:patientRole><h:id root='1.2' extension='7'/></h:patientRole>"
    source += b"</h:recordTarget>"
    assert [fact.value for fact in read(split("cda", source)).facts] == ["7"]
    source = b"<patient><sdtc:deceasedTime value='2020'/></patient>"
    assert [fact.category for fact in read(split("cda", source)).facts] == ["death_date"]


@settings(max_examples=100)
@given(st.data())
def test_damaged_documents_are_malformed_or_come_back(data):
    source = data.draw(st.sampled_from(EXAMPLES)).read_bytes()[:3000]
    start = data.draw(st.integers(0, len(source)))
    end = data.draw(st.integers(start, min(len(source), start + 40)))
    damaged = source[:start] + data.draw(st.binary(max_size=10)) + source[end:]
    try:
        document = split("cda", damaged)
    except Malformed:
        return
    assert splice(document, ()) == damaged
    read(document)


@settings(max_examples=50)
@given(st.data())
def test_a_renamed_attribute_is_unknown_never_forgotten(data):
    """Whatever the schema does not know is decided: no text and no value of it slips through."""
    source = data.draw(st.sampled_from(EXAMPLES[:10])).read_bytes()
    document = split("cda", source)
    leaf = data.draw(
        st.sampled_from([leaf for leaf in document.leaves if "/@" in leaf.path and leaf.type == "attribute"])
    )
    name = leaf.path.rpartition("/@")[2]
    if name.startswith("xml") or ":" in name:
        return
    at = source.rindex(name.encode(), 0, leaf.start)
    renamed = source[:at] + b"hospitalNote" + source[at + len(name) :]
    again = split("cda", renamed)
    paths = {fact.locator for fact in read(again).facts} | {piece.path for part in again.parts for piece in part.pieces}
    assert any(path.endswith("/@hospitalNote") for path in paths)


def test_markup_where_the_schema_wants_plain_text_is_read_as_text():
    source = _document(
        "<component><nonXMLBody><text>Seen: <content>Jo</content> Doe<br/>x</text></nonXMLBody></component>"
    )
    document = split("cda", source)
    assert [part.text for part in document.parts] == ["Seen: Jo Doe\nx"]
    assert not read(document).facts


def test_a_schema_location_on_somebodys_computer_is_unknown():
    for location, known in (("urn:hl7-org:v3 CDA.xsd", True), ("urn:hl7-org:v3 file:///C:/Users/jdoe/CDA.xsd", False)):
        source = HEAD.replace(">", f' xsi:schemaLocation="{location}"/>')
        assert bool(read(split("cda", source.encode())).facts) is not known
