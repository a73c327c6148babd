"""Markup as people read it."""

import pytest
from deidstream.core.document import Edit, splice
from deidstream.core.span import Span
from deidstream.formats import open_nested
from deidstream.formats.markup import split_markup


@pytest.mark.parametrize(
    ("markup", "text", "why"),
    [
        ("<p><b>Jo</b>hn <i>Smith</i></p>", "John Smith", "inline markup splits no name"),
        ("<p><b>John</b> <i>Smith</i></p>", "John Smith", "white space between inline elements is a space"),
        ("<p>John</p><p>Smith</p>", "John\nSmith", "paragraphs are lines"),
        ("<ul><li>John</li>\n <li>Smith</li></ul>", "John\nSmith", "items are lines"),
        (
            "<table><tr><td>Name</td><td>John</td></tr><tr><td>x</td></tr></table>",
            "Name\tJohn\nx",
            "cells are tabs, rows lines",
        ),
        ("a<br/>b", "a\nb", "a break is a line"),
        ("  a \n   b  ", "a\nb", "a short line that ends is a line of its own"),
        ("x " * 40 + "John\n     Smith", "x " * 40 + "John Smith", "a long line that ends is wrapped"),
    ],
)
def test_text_reads_as_it_is_shown(markup, text, why):
    document = split_markup(f"<div>{markup}</div>".encode())
    (part,) = document.parts
    assert part.text == text, why
    for piece in part.pieces:
        leaf = document.leaf(piece.path)
        assert part.text[piece.start : piece.end] == leaf.text[piece.offset : piece.offset + piece.end - piece.start]


def test_attributes_that_hold_words_are_read_and_those_of_layout_are_not():
    document = split_markup(
        b'<div id="x" class="y"><a href="mailto:john@x.org" title="John">j</a><a href="#in">k</a><img src="data:," alt="J"/></div>'
    )
    assert {part.locator: part.text for part in document.parts if "@" in part.locator} == {
        "/div/a/@href": "mailto:john@x.org",
        "/div/a/@title": "John",
        "/div/img/@alt": "J",
    }


def test_comments_are_read():
    document = split_markup(b"<div><!-- seen by Dr. House --></div>")
    assert [part.text for part in document.parts] == [" seen by Dr. House "]


def test_a_name_over_two_elements_can_be_replaced_through_its_pieces():
    document = split_markup(b"<p><b>Jo</b>hn</p>")
    first, second = document.parts[0].pieces
    out = splice(document, [Edit(first.path, Span(0, 2), "Max"), Edit(second.path, Span(0, 2), "")])
    assert out == b"<p><b>Max</b></p>"


def test_nested_media_types_open_and_others_do_not():
    assert open_nested("text/html; charset=utf-8", "<p>ä</p>".encode()).parts[0].text == "ä"
    assert open_nested("text/plain;charset=iso-8859-1", b"\xe4").parts[0].text == "ä"
    assert open_nested("text/rtf", rb"{\rtf1 hi}").parts[0].text == "hi"
    assert open_nested("application/xml", b"<ClinicalDocument/>").format == "cda"
    assert open_nested("application/xml", b"<other/>") is None
    assert open_nested("application/zip", b"PK") is None
