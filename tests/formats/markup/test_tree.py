"""XML and HTML as a tree: what is where, what is refused."""

import contextlib
import time

import pytest
from deidstream.core.document import Edit, splice
from deidstream.core.errors import Malformed
from deidstream.core.span import Span
from deidstream.formats.markup import split_markup
from hypothesis import given, settings
from hypothesis import strategies as st

PIECES = st.sampled_from(
    [
        "<a>",
        "</a>",
        "<b x='1'>",
        "</b>",
        "<br/>",
        "text",
        " ",
        "é",
        "😀",
        "&amp;",
        "&#233;",
        "&#x1F600;",
        "<!-- c -->",
        "<![CDATA[<]]>",
    ]
    + [
        '<i t="a &lt; b">',
        "</i>",
        "<",
        ">",
        "&",
        "&foo;",
        "<!",
        "<?x y?>",
        "]]>",
        "\n",
        "'",
        '"',
        "=",
        "<p",
        "<script>",
        "</script>",
    ]
)
SOUP = st.lists(PIECES, max_size=30).map("".join)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@st.composite
def well_formed(draw, depth=3):
    text = TEXTS.map(
        lambda s: "".join(c for c in s if c >= " ").replace("&", "&amp;").replace("<", "&lt;").replace("]]>", "")
    )
    inner = draw(st.lists(text if depth == 0 else st.one_of(text, well_formed(depth=depth - 1)), max_size=3))
    title = draw(text).replace('"', "&quot;")
    name = draw(st.sampled_from(["a", "b", "p", "td"]))
    return f'<{name} title="{title}">{"".join(inner)}</{name}>'


def _texts(document):
    return {leaf.path: leaf.text for leaf in document.leaves}


def test_each_text_and_attribute_is_a_leaf_with_its_own_path():
    document = split_markup(b"<div a=\"1\"><p>one</p><p b='2'>two<br/>three</p><!--four--><?pi five?></div>")
    assert _texts(document) == {
        "/div/@a": "1",
        "/div/p/text()": "one",
        "/div/p[2]/@b": "2",
        "/div/p[2]/text()": "two",
        "/div/p[2]/text()[2]": "three",
        "/div/comment()": "four",
        "/div/processing-instruction()": "pi five",
    }


@pytest.mark.parametrize(
    ("raw", "text", "why"),
    [
        ("&lt;&gt;&amp;&quot;&apos;", "<>&\"'", "the five of XML"),
        ("&#74;&#x6f;hn", "John", "decimal and hexadecimal references"),
        ("M&uuml;ller", "Müller", "HTML's names"),
        ("<![CDATA[a<b&amp;]]>", "a<b&amp;", "CDATA is literal"),
    ],
)
def test_references_are_decoded(raw, text, why):
    document = split_markup(f"<p>{raw}</p>".encode())
    assert document.leaves[0].text == text, why


def test_an_edit_inside_references_hits_the_right_bytes():
    source = "<p>Dr. M&uuml;ll&#101;r &amp; Söhne</p>".encode()
    document = split_markup(source)
    start = document.leaves[0].text.index("Müller")
    assert (
        splice(document, [Edit("/p/text()", Span(start, start + 6), "A<B")]) == "<p>Dr. A&lt;B &amp; Söhne</p>".encode()
    )


@pytest.mark.parametrize(
    ("source", "code"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "xml-entity-declaration"),
        (b'<!DOCTYPE a [<!ENTITY % x SYSTEM "file:///etc/passwd"> %x;]><a/>', "xml-entity-declaration"),
        (b"<!DOCTYPE a [\n<!ELEMENT a ANY>\n]><a/>", "xml-entity-declaration"),
        (b'<!ENTITY a "b"><a/>', "xml-entity-declaration"),
        (b'<!DOCTYPE a SYSTEM "http://example.org/a.dtd"><a/>', "xml-external-dtd"),
        (b"<a>&nothing;</a>", "undefined-entity"),
        (b"<a>fish & chips</a>", "undefined-entity"),
        (b"<a>&#0;</a>", "undefined-entity"),
        (b"<a><b></a></b>", "mismatched-tag"),
        (b"<a><b>", "unclosed-element"),
        (b"<a/><b/>", "several-roots"),
        (b"<a/>x", "text-outside-root"),
        (b"<a", "not-well-formed"),
        (b"<a x=1/>", "not-well-formed"),
        (b"<a x='1' x='2'/>", "duplicate-attribute"),
        (b"<!-- only -->", "not-well-formed"),
        (b"<a><!-- never ends</a>", "not-well-formed"),
        (b"<a>" * 5000 + b"</a>" * 5000, "too-deep"),
        (b"<a>\xff\xfe\xfd</a>", "invalid-charset"),
        (b"<?xml version='1.0' encoding='no-such'?><a/>", "unsupported-charset"),
        (b"<?xml version='1.0' encoding='utf-7'?><a/>", "unsupported-charset"),
    ],
)
def test_what_xml_does_not_allow_is_malformed(source, code):
    with pytest.raises(Malformed) as error:
        split_markup(source)
    assert error.value.code == code


@pytest.mark.parametrize(
    "charset", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "iso-8859-1", "windows-1252", "shift_jis"]
)
def test_every_charset_reads_and_writes_back(charset):
    text = "Ä 山田" if charset.startswith("utf") else "山田" if charset == "shift_jis" else "Älteß"
    declared = "" if charset.startswith("utf") else f' encoding="{charset}"'
    source = f'<?xml version="1.0"{declared}?><p t="{text}">{text}&amp;x</p>'.encode(charset)
    document = split_markup(source, "")
    assert _texts(document) == {"/p/@t": text, "/p/text()": text + "&x"}
    edited = splice(document, [Edit("/p/text()", Span(0, 1), "Ω→")])
    assert _texts(split_markup(edited, ""))["/p/text()"] == "Ω→" + text[1:] + "&x"


def test_html_is_read_however_broken_it_is():
    document = split_markup(
        b"<P>J<br>ohn <b>Doe</p> 1 < 2 &nbsp; &bogus; <img src=x><script>if (a<b) {}</script>", html=True
    )
    assert document.parts[0].text == "J\nohn Doe\n1 < 2 \xa0 &bogus;"
    assert any(leaf.text == "if (a<b) {}" for leaf in document.leaves)


@settings(max_examples=100)
@given(SOUP)
def test_tag_soup_is_either_malformed_or_comes_back_byte_for_byte(soup):
    for html in (False, True):
        try:
            document = split_markup(soup.encode(), html=html)
        except Malformed:
            if html and soup.strip():
                raise
            continue
        assert splice(document, ()) == soup.encode()
        for leaf in document.leaves:
            at = leaf.codec.offsets(document.source[leaf.start : leaf.end])
            assert len(at) == len(leaf.text) + 1
            assert at[-1] == leaf.end - leaf.start


@settings(max_examples=100)
@given(st.binary(max_size=200))
def test_any_bytes_are_either_malformed_or_come_back(source):
    for html in (False, True):
        with contextlib.suppress(Malformed):
            assert splice(split_markup(source, html=html), ()) == source


@settings(max_examples=100)
@given(well_formed(), st.data(), TEXTS)
def test_an_edit_of_one_span_changes_that_span_alone(source, data, text):
    document = split_markup(source.encode())
    if not document.leaves:
        return
    leaf = data.draw(st.sampled_from(document.leaves))
    start = data.draw(st.integers(0, len(leaf.text)))
    end = data.draw(st.integers(start, len(leaf.text)))
    text = "".join(c for c in text if c.isprintable()) + "x"
    edited = split_markup(splice(document, [Edit(leaf.path, Span(start, end), text)]))
    wanted = {**_texts(document), leaf.path: leaf.text[:start] + text + leaf.text[end:]}
    assert _texts(edited) == wanted


@settings(max_examples=60)
@given(well_formed(), st.data())
def test_taking_things_out_leaves_well_formed_xml(source, data):
    document = split_markup(source.encode())
    paths = [leaf.path for leaf in document.leaves]
    if paths:
        taken = data.draw(st.lists(st.sampled_from(paths), unique=True, min_size=1))
        left = split_markup(splice(document, [Edit(path, None, None) for path in taken]))
        assert len(left.leaves) <= len(document.leaves) - len([path for path in taken if "/@" in path])


def test_an_element_goes_with_all_that_is_in_it():
    document = split_markup(b'<a><b c="1">x<d>y</d></b>z</a>')
    edits = [Edit("/a/b", None, None), Edit("/a/b/d/text()", None, None), Edit("/a/b/@c", None, None)]
    assert splice(document, edits) == b"<a>z</a>"


@pytest.mark.parametrize(
    "unit", [b"<!--", b"<a ", b"<a b='", b"&", b"<![CDATA[", b"<?", b"]]>", b"<a '\"", b"<", b"</"]
)
def test_hostile_repetition_is_read_in_linear_time(unit):
    started = time.perf_counter()
    for html in (False, True):
        with contextlib.suppress(Malformed):
            split_markup(b"<p>" + unit * (400_000 // len(unit)), html=html)
    assert time.perf_counter() - started < 30  # quadratic would be hours


@pytest.mark.parametrize(
    ("place", "text", "expected"),
    [
        (b"<a><!-- x --></a>", "a--b-", "a- -b- "),
        (b"<a><![CDATA[x]]></a>", "a]]>b", "a]]>b"),
        (b"<a><![CDATA[x]]></a>", "[NAME]", "[NAME]"),
    ],
)
def test_replacements_cannot_break_out_of_their_place(place, text, expected):
    document = split_markup(place)
    out = split_markup(splice(document, [Edit(document.leaves[0].path, None, text)]))
    assert "".join(leaf.text for leaf in out.leaves) == expected
