"""Bytes to leaves and back: every delimiter, escape, charset and line end of HL7 v2."""

from __future__ import annotations

import time

import pytest
from deidstream.core.document import Edit, splice
from deidstream.core.errors import Malformed, Unsafe
from deidstream.core.span import Span
from deidstream.formats.hl7v2 import split
from hypothesis import given, settings
from hypothesis import strategies as st

HEADER = "MSH|^~\\&|APP|FAC|REC|RFAC|202001011200||ADT^A01^ADT_A01|CTRL1|P|2.5.1"


def message(*segments: str, header: str = HEADER, end: str = "\r") -> bytes:
    return (end.join((header, *segments)) + end).encode()


def values(source: bytes) -> dict[str, str]:
    return {leaf.path: leaf.text for leaf in split(source).leaves}


def test_a_leaf_is_named_at_the_lowest_populated_level() -> None:
    found = values(message("PID|1||A~B^^^X&1.2&ISO^MR||DOE^JOHN~ROE^&&JANE||1980"))
    assert found["PID-1"] == "1"
    assert found["PID-3"] == "A"
    assert found["PID-3[2].1"] == "B"
    assert found["PID-3[2].4.1"] == "X"
    assert found["PID-3[2].4.2"] == "1.2"
    assert found["PID-5.2"] == "JOHN"
    assert found["PID-5[2].2.3"] == "JANE"
    assert found["PID-7"] == "1980"
    assert "PID-3.1" not in found


def test_segments_that_repeat_are_counted_from_the_second_on() -> None:
    found = values(message("OBX|1|NM|A||1", "OBX|2|NM|B||2", "OBX|3|NM|C||3"))
    assert (found["OBX-5"], found["OBX[2]-5"], found["OBX[3]-5"]) == ("1", "2", "3")


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\r\r", "\n\r\n"])
def test_any_line_end_ends_a_segment(end: str) -> None:
    source = message("PID|1||A", "PV1|1|I", end=end)
    document = split(source)
    assert [segment.name for segment in document.segments] == ["MSH", "PID", "PV1"]
    assert splice(document, [Edit("PID-3", None, "B")]) == source.replace(b"PID|1||A", b"PID|1||B")


@pytest.mark.parametrize("marks", ["|^~\\&", "|^~\\&#", "#*~\\&", "!@+/%", "|^~", "|^", "$^~\\"])
def test_any_delimiters_are_those_of_the_header(marks: str) -> None:
    field, component = marks[0], marks[1]
    header = f"MSH{marks}{field}A{field}{field}{field}{field}{field}{field}ADT{component}A01{field}1{field}P{field}2.3"
    source = message(field.join(("PID", "", "", "7", "", f"DOE{component}JOHN")), header=header)
    found = values(source)
    assert found["PID-5.1"] == "DOE"
    assert found["PID-5.2"] == "JOHN"
    assert found["MSH-9.2"] == "A01"
    assert found["MSH-10"] == "1"


@pytest.mark.parametrize(
    ("source", "code"),
    [
        (b"", "empty"),
        (b"\r\n \r", "empty"),
        (b"PID|1||A\r", "no-msh"),
        (b"hello", "no-msh"),
        (b"{}", "no-msh"),
        (b"MSH", "bad-delimiters"),
        (b"MSHa^~\\&|", "bad-delimiters"),
        (b"MSH||", "bad-delimiters"),
        (b"MSH|^^~&|", "bad-delimiters"),
        (b"MSH|^~\\&Smith|", "bad-delimiters"),
        (b"MSH|^~|&\0", "binary-content"),
        (b"MSH|^~\\&|A\rPID|\0\r", "binary-content"),
        (b"MSH|^~\\&|A\rMSH|^~\\&|B\r", "several-messages"),
        (b"\xff\xfeM\0S\0H", "invalid-charset"),
    ],
)
def test_what_is_no_message_is_refused_with_a_reason_and_without_content(source: bytes, code: str) -> None:
    with pytest.raises(Malformed) as raised:
        split(source)
    assert raised.value.code == code
    assert "Smith" not in str(raised.value)


@pytest.mark.parametrize(
    "source",
    [b"FHS|^~\\&|A|B\rBHS|^~\\&|A|B\r", b"BTS|2\rFTS|1\r", b"BTS\r\nFTS\r\n", b"FTS#1#A^B", b"\xef\xbb\xbfMSH|^~\\&|A"],
)
def test_envelopes_and_truncated_headers_are_documents(source: bytes) -> None:
    assert splice(split(source), []) == source


def test_hl7_null_and_empty_fields_are_no_leaves() -> None:
    found = values(message('PID|1||""|""^""||""&""|||||||||'))
    assert [path for path in found if path.startswith("PID")] == ["PID-1"]


def test_a_line_that_is_no_segment_is_kept_as_a_leaf_of_its_own() -> None:
    source = message("NTE|1||first line", "second | line", "PID|1||A", "John was here")
    document = split(source)
    assert document.leaf("LINE-1").text == "second | line"
    assert document.leaf("LINE[2]-1").text == "John was here"
    assert [part.text for part in document.parts] == ["first line\nsecond | line"]


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("a\\F\\b\\S\\c\\T\\d\\R\\e\\E\\f", "a|b^c&d~e\\f"),
        ("one\\.br\\two\\.sp2\\three", "one\ntwo\nthree"),
        ("\\X4A6F65\\", "Joe"),
        ("\\H\\Smith\\N\\ said", "Smith said"),
        ("\\.in+4\\\\.ti-2\\text", "text"),
        ("\\C2842\\x\\M244242\\y", "xy"),
        ("C:\\temp\\Smith", "C:\\temp\\Smith"),
        ("\\Z12\\ local", "\\Z12\\ local"),
        ("cut off \\", "cut off \\"),
        ("\\", "\\"),
        ("\\X4\\", "\\X4\\"),
    ],
)
def test_escapes_read_as_the_standard_says_and_the_rest_as_it_stands(raw: str, text: str) -> None:
    document = split(message(f"NTE|1||{raw}"))
    leaf = document.leaf("NTE-3")
    assert leaf.text == text
    assert len(leaf.codec.offsets(raw.encode())) == len(text) + 1


def test_a_span_behind_an_escape_is_replaced_and_nothing_else() -> None:
    source = message("NTE|1||A\\T\\B Smith\\.br\\\\H\\Jones\\N\\ end")
    document = split(source)
    text = document.leaf("NTE-3").text
    at = text.index("Smith")
    assert splice(document, [Edit("NTE-3", Span(at, at + 5), "X|Y")]) == source.replace(b"Smith", b"X\\F\\Y")
    at = text.index("Jones")
    assert splice(document, [Edit("NTE-3", Span(at, at + 5), "Roe")]) == source.replace(b"Jones", b"Roe")
    at = text.index("&")
    assert splice(document, [Edit("NTE-3", Span(at, at + 1), "+")]) == source.replace(b"\\T\\", b"+")


def test_removals_leave_the_message_well_formed() -> None:
    source = message("PID|1||A~B||DOE^JOHN", "ZPI|secret|x", "NK1|1|ROE")
    document = split(source)
    edits = [Edit("PID-3[2]", None, None), Edit("PID-5.1", None, None), Edit("ZPI", None, None)]
    assert splice(document, edits) == message("PID|1||A~||^JOHN", "NK1|1|ROE")


@pytest.mark.parametrize(
    "path", ["PID-99", "PID-3[9]", "PID-3.9", "ZZZ-1", "PID[2]-1", "nonsense", "PID-0", "OBX-5.5!text"]
)
def test_a_locator_of_nothing_is_unsafe(path: str) -> None:
    with pytest.raises(Unsafe, match="no-such-locator"):
        split(message("PID|1||A")).leaf(path)


CHARSETS = [
    ("", "utf-8", "Müller Ω 王"),
    ("UNICODE UTF-8", "utf-8", "Müller 王"),
    ("8859/1", "latin-1", "Müller"),
    ("8859/2", "iso8859-2", "Łódź"),
    ("8859/15", "iso8859-15", "Œuvre €"),
    ("8859/5", "iso8859-5", "Иванов"),
    ("8859/9", "iso8859-9", "Şahin"),
    ("GB 18030-2000", "gb18030", "王小明 倈"),
    ("BIG-5", "big5hkscs", "許功蓋"),
    ("KS X 1001", "euc_kr", "김철수"),
    ("~ISO IR87", "iso2022_jp", "ヤマダ 山田太郎"),
    ("UNICODE UTF-16", "utf-16", "Müller 王"),
    ("UNICODE UTF-16", "utf-16-le", "Müller 王"),
    ("UNICODE UTF-32", "utf-32", "Müller 王"),
]


@pytest.mark.parametrize(("stated", "codec", "name"), CHARSETS)
def test_a_name_in_any_charset_is_read_and_replaced(stated: str, codec: str, name: str) -> None:
    header = f"{HEADER}||||||{stated}"

    def written(family: str) -> bytes:
        return f"{header}\rPID|1||7||{family}^Jo\rNTE|1||{family} came\r".encode(codec)

    document = split(written(name))
    assert document.leaf("PID-5.1").text == name
    assert document.leaf("PID-5.2").text == "Jo"
    assert splice(document, []) == document.source
    edits = [Edit("PID-5.1", None, "Roe"), Edit("NTE-3", Span(0, len(name)), "Roe")]
    assert splice(document, edits) == written("Roe")
    assert splice(split(written("Roe")), []) == written("Roe")


def test_an_edit_inside_a_shift_sequence_is_refused_not_garbled() -> None:
    source = f"{HEADER}||||||~ISO IR87\rNTE|1||山田太郎\r".encode("iso2022_jp")
    with pytest.raises(Unsafe, match="edit-inside-shift"):
        splice(split(source), [Edit("NTE-3", Span(1, 2), "X")])


def test_bytes_of_no_charset_are_read_value_by_value_and_none_is_lost() -> None:
    source = HEADER.encode() + b"\rPID|1||7||M\xfcller^J\xc3\xb6rg\r"
    document = split(source)
    assert document.leaf("PID-5.1").text == "Müller"
    assert document.leaf("PID-5.2").text == "Jörg"
    assert splice(document, []) == source
    assert split(source, "8859/1").leaf("PID-5.1").text == "Müller"


def test_characters_that_the_charset_lacks_lose_their_accents() -> None:
    document = split(f"{HEADER}||||||8859/1\rPID|1||7||Müller\r".encode("latin-1"))
    assert splice(document, [Edit("PID-5", None, "Łódź Ž")]).endswith(b"|?\xf3dz Z\r")


PIECE = st.text(st.sampled_from('aB1 ^~&\\|.HXE"\u00fc\u738b'), max_size=8)


@given(st.lists(st.lists(PIECE, max_size=12), max_size=6), st.sampled_from(["\r", "\n", "\r\n"]), st.data())
@settings(max_examples=100, deadline=None)
def test_replacing_one_span_changes_only_that_span(rows: list[list[str]], end: str, data: st.DataObject) -> None:
    names = ["PID", "OBX", "ZZZ", "NTE", "PV1", "NK1"]
    source = message(*("|".join((names[i], *row)) for i, row in enumerate(rows)), end=end)
    document = split(source)
    assert splice(document, []) == source
    leaf = data.draw(st.sampled_from(list(document.leaves)))
    start = data.draw(st.integers(0, len(leaf.text)))
    stop = data.draw(st.integers(start, len(leaf.text)))
    edited = splice(document, [Edit(leaf.path, Span(start, stop), "N|w^\n")])
    at = leaf.codec.offsets(source[leaf.start : leaf.end])
    first, last = leaf.start + at[start], leaf.start + at[stop]
    if stop - start == len(leaf.text):
        first, last = leaf.start, leaf.end  # highlighting and the like goes with the value that it is about
    assert edited.startswith(source[:first])
    assert edited.endswith(source[last:])
    assert edited[first : len(edited) - len(source) + last] == b"N\\F\\w\\S\\\\.br\\"


@given(st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_any_bytes_are_split_or_refused(body: bytes) -> None:
    for source in (body, HEADER.encode() + b"\r" + body, b"MSH" + body):
        try:
            document = split(source)
        except Malformed:
            continue
        assert splice(document, []) == source
        assert all(leaf.start <= leaf.end <= len(source) for leaf in document.leaves)


@pytest.mark.parametrize("filler", ["a", "\u00fc", "\\T\\", "a^", "~"])
def test_a_field_of_two_megabytes_takes_linear_time(filler: str) -> None:
    source = message(f"OBX|1|TX|A||{filler * (2_000_000 // len(filler))}")
    began = time.process_time()
    document = split(source)
    assert sum(len(part.text) for part in document.parts) > 0 or filler == "~"
    # generous: quadratic time would be hours
    assert time.process_time() - began < 20
