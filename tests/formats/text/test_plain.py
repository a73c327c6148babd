"""Plain text."""

import pytest
from deidstream.core.document import Edit, splice
from deidstream.core.errors import Malformed
from deidstream.core.span import Span
from deidstream.formats.text import split
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("source", "charset", "text"),
    [
        ("Grüße".encode(), "", "Grüße"),
        ("Grüße".encode(), "iso-8859-1", "Grüße"),
        ("Grüße".encode("latin-1"), "", "Grüße"),
        ("Привет".encode("cp1251"), "windows-1251", "Привет"),
        ("Grüße".encode("utf-8-sig"), "", "Grüße"),
        ("Grüße 😀".encode("utf-16"), "", "Grüße 😀"),
        (b"\xff\xfe\0\0" + "ä".encode("utf-32-le"), "", "ä"),
        (b"a\x81b", "", "a\x81b"),
        ("“quoted”".encode("cp1252"), "no-such-charset", "“quoted”"),
        ("山田".encode("shift_jis"), "shift_jis", "山田"),
        (b"\x1b$B;3ED\x1b(B", "utf-7", "\x1b$B;3ED\x1b(B"),
    ],
)
def test_the_charset_is_found(source, charset, text):
    document = split(source, charset)
    assert document.parts[0].text == text
    assert splice(document, ()) == source


@pytest.mark.parametrize(
    ("source", "code"),
    [(b"", "empty"), (b"\xef\xbb\xbf", "empty"), (b"a\0b", "binary-content"), (b"PK\x03\x04..", "binary-content")],
)
def test_what_is_no_text_is_malformed(source, code):
    with pytest.raises(Malformed) as error:
        split(source)
    assert error.value.code == code


@settings(max_examples=100)
@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1251", "gb18030"]),
    st.data(),
)
def test_replacing_a_span_changes_only_it(text, charset, data):
    source = text.encode(charset, "replace")
    document = split(source, charset)
    text = document.parts[0].text
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    out = splice(document, [Edit("text", Span(start, end), "X")])
    mark = document.leaves[0].start
    # Not split again: by chance the bytes that are left may be UTF-8.
    assert out[:mark] == source[:mark]
    assert out[mark:].decode(document.leaves[0].codec.charset) == text[:start] + "X" + text[end:]


@settings(max_examples=100)
@given(
    st.binary(max_size=100),
    st.sampled_from(["", "utf-16", "iso-2022-jp", "shift_jis", "cp037", "utf-7", "idna", "rot13", "zlib"]),
)
def test_any_bytes_are_malformed_or_come_back(source, charset):
    try:
        document = split(source, charset)
    except Malformed:
        return
    assert splice(document, ()) == source
    (leaf,) = document.leaves
    at = leaf.codec.offsets(source[leaf.start : leaf.end])
    assert len(at) == len(leaf.text) + 1
    assert at[-1] == leaf.end - leaf.start
