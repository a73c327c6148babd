"""Patterns that do not go back match what the same patterns match when they may: on every Python that we run on."""

import re

import pytest
from deidstream.formats.fhir import lexer
from deidstream.formats.markup import narrative, tree
from deidstream.formats.possessive import possessive
from deidstream.formats.rtf import document as rtf
from hypothesis import example, given
from hypothesis import strategies as st

PATTERNS = {
    "XML tag": (tree._TAG, "<a/b= \"'>"),
    "HTML tag": (tree._HTML_TAG, "<a/b= \"'>!"),
    "HTML attribute": (tree._HTML_ATTRIBUTE, "<a/b= \"'>!"),
    "document type": (tree._DOCTYPE, ["<!DOCTYPE ", "a", " PUBLIC", " SYSTEM", ' "x"', " ", ">", "["]),
    "run of words": (narrative._RUN, "ab \t\r\n"),
    "JSON item": (lexer._ITEM, '"\\uab1/,}] t'),
    "JSON member": (lexer._MEMBER, ['"', "\\", "u", "a", "00e", ":", ",", " ", "1", '"a":']),
    "RTF token": (rtf._TOKEN, ["\\", "u", "-", "1", " ", "'", "e", "4", "{", "}", "~", "emdash", "a", "*", "\n"]),
}


def _may_go_back(pattern):
    source = pattern.pattern
    if isinstance(source, bytes):
        return re.compile(re.sub(rb"(?<!\\)([*+?}])\+", rb"\1", source), pattern.flags)
    return re.compile(re.sub(r"(?<!\\)([*+?}])\+", r"\1", source), pattern.flags)


@pytest.mark.parametrize("name", PATTERNS)
@given(drawn=st.data())
def test_what_is_matched_without_going_back_is_what_is_matched_otherwise(name, drawn):
    pattern, alphabet = PATTERNS[name]
    text = "".join(drawn.draw(st.lists(st.sampled_from(list(alphabet)), max_size=20)))
    subject = text.encode() if isinstance(pattern.pattern, bytes) else text
    other = _may_go_back(pattern)
    for start in range(len(subject) + 1):
        got, wanted = pattern.match(subject, start), other.match(subject, start)
        assert (got and (got.span(), got.groups())) == (wanted and (wanted.span(), wanted.groups()))


@given(st.text("abc"))
@example("aca")
def test_an_iteration_that_fails_half_way_is_no_part_of_the_match(text):
    assert re.match(possessive("ab?c"), text)[0] == re.match("(?:ab?c)*", text)[0]
