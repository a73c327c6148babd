"""RTF."""

import contextlib

import pytest
from deidstream.core.category import Category
from deidstream.core.decision import Decision, Method
from deidstream.core.document import Edit, splice
from deidstream.core.errors import Malformed
from deidstream.core.reassemble import edits
from deidstream.core.span import Span
from deidstream.detection.fields import read
from deidstream.formats.rtf import split
from hypothesis import given, settings
from hypothesis import strategies as st

LETTER = (
    rb"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fnil\fcharset0 Arial;}{\f1\fcharset204 Cyr;}{\f2\fcharset128 Jap;}}"
    rb"{\colortbl;\red0;}{\info{\title Letter}{\author J\'f6hn}}{\*\generator Riched20;}{\header Page John}"
    rb"\f0\fs20 Patient: \b J\'f6hn\b0  O\rquote Brien\par DOB(1)\tab 2.3.\u8364?\u-10179?\u-8704? x"
    rb"{\field{\*\fldinst HYPERLINK mailto:a@b.c}{\fldrslt mail}}"
    rb"{\pict\wmetafile8 0102ab\bin3 }}}}{\f1 \'cf\'f0}{\f2 \'8e\'52\'93\'63} \{ok\}"
    b"\r\nmore\\par(555)\\cell\\u233(x)\\uc0\\u233 y\\~z}\r\n\0"
)


def test_each_destination_is_read_and_the_tables_are_not():
    assert {part.locator: part.text for part in split(LETTER).parts} == {
        "header": "Page John",
        "fldinst": "HYPERLINK mailto:a@b.c",
        "body": "Patient: Jöhn O’Brien\nDOB(1)\t2.3.€😀 xmailПр山田 {ok}more\n(555)\téx)éy\xa0z",
    }


def test_pictures_are_not_understood_and_can_be_taken_out():
    document = split(LETTER)
    facts = read(document).facts
    assert {fact.locator for fact in facts} == {"picture/run[1]", "picture/run[2]", "unseen/run[1]"}
    left = split(splice(document, [Edit("picture/run[1]", None, None)]))
    assert [part.text for part in left.parts] == [part.text for part in document.parts]


@pytest.mark.parametrize(
    ("source", "code"),
    [
        (b"", "empty"),
        (b"hello", "not-rtf"),
        (rb"{\rtf1 a", "unbalanced-group"),
        (rb"{\rtf1 a}b", "content-after-end"),
        (rb"{\rtf1 a\bin99999999 }", "unbalanced-group"),
    ],
)
def test_what_is_no_rtf_is_malformed(source, code):
    with pytest.raises(Malformed) as error:
        split(source)
    assert error.value.code == code


def test_hidden_text_and_bookmarks_are_read_too():
    document = split(rb"{\rtf1{\x Jane Doe}{\v Jim Doe}{\*\bkmkstart Doe_J}x}")
    assert {part.text for part in document.parts} == {"Jane DoeJim Doex", "Doe_J"}


def without_unseen(source):
    """What is left when all goes that nobody who reads the text sees, as a policy has it go."""
    document = split(source)
    decisions = [
        Decision(fact.locator, None, Category.UNKNOWN, Method.REDACT, None, "", (), 1.0)
        for fact in read(document).facts
        if fact.category is Category.UNKNOWN
    ]
    return splice(document, edits(document, decisions))


@pytest.mark.parametrize(
    ("source", "left"),
    [
        (rb"{\rtf1{\info{\author mquiltrane}{\creatim\yr2024\mo5\dy3}}x}", rb"{\rtf1{}x}"),
        (rb"{\rtf1{\*\revtbl{Unknown;}{Maria Quiltrane;}}x\par}", rb"{\rtf1{}x\par}"),
        (rb"{\rtf1{\filetbl{\file\fid1 C:\\Users\\mquiltrane}}x}", rb"{\rtf1{}x}"),
        (rb"{\rtf1{\*\datastore 4d61726961}x}", rb"{\rtf1{}x}"),
        (rb"{\rtf1{\*\userprops{\propname Ward}\proptype30{\staticval 3B}}x}", rb"{\rtf1{}x}"),
        (rb"{\rtf1{\*\atnid MQ}{\*\atnauthor mquiltrane}\chatn{\*\annotation{\*\atndate 99}why}}", None),
        (rb"{\rtf1\b{\*\vendor{\info Jane}\bin3 }}}{Doe}}x}", rb"{\rtf1\b{}x}"),
        (rb"{\rtf1{\*\protusertbl{mquiltrane}}{\*\template C:\\Users\\mquiltrane}x}", rb"{\rtf1{}{}x}"),
        (rb"{\rtf1 x{\b\author Jane{\i Doe}}}", rb"{\rtf1 x{\b}}"),
        (rb"{\rtf1{\revised\revauth1\revdttm-1718534 new}}", rb"{\rtf1{\revised\revauth1\revdttm0 new}}"),
        (rb"{\rtf1{\shpinst{\sp{\sn metroBlob}{\sv 504b0a}}}}", rb"{\rtf1{\shpinst{\sp{\sn metroBlob}{\sv }}}}"),
    ],
    ids=["info", "authors", "files", "data", "properties", "notes", "vendor", "users", "not first", "moment", "blob"],
)  # fmt: skip
def test_what_nobody_sees_goes(source, left):
    expected = left or rb"{\rtf1{}{}\chatn{\*\annotation{}why}}"
    assert without_unseen(source) == expected
    assert splice(split(source), ()) == source


def test_lettering_descriptions_of_shapes_names_of_lists_and_styles_are_read():
    document = split(
        rb"{\rtf1{\stylesheet{\s0 Normal;}{\*\cs1 Dr Zebrowska;}}{\*\listtable{\list{\listlevel{\leveltext\'02\'00.;}"
        rb"{\levelnumbers\'01;}}{\listlevel{\leveltext\'09Zebrowska;}}{\listname Quiltrane;}\listid9}}"
        rb"{\*\pnseclvl1{\pntxtb Maria}}{\shp{\*\shpinst\shpleft99{\sp{\sn rotation}{\sv -90}}"
        rb"{\sp{\sn gtextUNICODE}{\sv Lettering}}{\sp{\sn wzDescription}{\sv Description}}}}x}"
    )
    texts = {part.locator: part.text for part in document.parts}
    assert texts.pop("leveltext[2]").endswith("Zebrowska;")
    assert texts == {
        "stylesheet": "Normal;\nDr Zebrowska;",
        "listname": "Quiltrane;",
        "pntxtb": "Maria",
        "sv": "Lettering",
        "sv[2]": "Description",
        "body": "x",
    }
    assert read(document).facts == ()


def test_ordinary_rtf_without_properties_loses_nothing():
    source = LETTER.replace(rb"{\info{\title Letter}{\author J\'f6hn}}", b"")
    assert without_unseen(source) == source


def test_a_replacement_after_a_control_word_does_not_become_part_of_it():
    document = split(rb"{\rtf1\par(555) 1\cell(x)}")
    edits = [Edit("body/run[1]", Span(0, 5), "999"), Edit("body/run[2]", None, "")]
    assert split(splice(document, edits)).parts[0].text == "999 1"


@settings(max_examples=100)
@given(st.data(), st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=10))
def test_replacing_a_span_changes_only_it(data, text):
    document = split(LETTER)
    leaf = data.draw(st.sampled_from([leaf for leaf in document.leaves if leaf.type == "text"]))
    start = data.draw(st.integers(0, len(leaf.text)))
    end = data.draw(st.integers(start, len(leaf.text)))
    out = split(splice(document, [Edit(leaf.path, Span(start, end), text)]))
    wanted = leaf.text[:start] + text + leaf.text[end:]
    before, after = ({p.locator: p.text for p in d.parts} for d in (document, out))
    destination = leaf.path.partition("/")[0]
    assert {key: value for key, value in after.items() if key != destination} == {
        key: value for key, value in before.items() if key != destination
    }
    assert len(after.get(destination, "")) == len(before[destination]) + len(wanted) - len(leaf.text) or not wanted
    assert wanted in after.get(destination, "")


TOKENS = st.sampled_from(
    [
        b"{",
        b"}",
        b"\\b ",
        b"\\par",
        b"\\'e",
        b"\\'e4",
        b"\\u",
        b"\\u8217?",
        b"\\u-99999 ",
        b"\\uc2 ",
        b"\\*",
        b"\\bin5 ",
        b"text",
    ]
    + [b"{\\info", b"{\\*\\x ", b"\\revdttm5", b"{\\sn wzA}", b"{\\sv ", b"\\sv7"]
    + [
        b"\\",
        b"\n",
        b"\\f1",
        b"\\fcharset128 ",
        b"{\\pict ",
        b"\xff",
        b"\0",
        b"\\rquote",
        b"{\\fonttbl",
        b"\\ansicpg932 ",
    ]
)


@settings(max_examples=100)
@given(st.lists(TOKENS, max_size=30).map(b"".join), st.booleans())
def test_any_bytes_are_malformed_or_come_back(soup, closed):
    source = b"{\\rtf1 " + soup + (b"}" if closed else b"")
    try:
        document = split(source)
    except Malformed:
        return
    assert splice(document, ()) == source
    for leaf in document.leaves:
        at = leaf.codec.offsets(source[leaf.start : leaf.end])
        assert leaf.type in ("picture", "unseen") or len(at) == len(leaf.text) + 1
        assert at[-1] == leaf.end - leaf.start


def test_hostile_repetition_is_read_in_linear_time():
    for unit in (b"{", b"{}", b"\\u1", b"\\'8", b"\\*", b"\\b", b"{\\header x"):
        with contextlib.suppress(Malformed):
            split(b"{\\rtf1 " + unit * 100_000)
