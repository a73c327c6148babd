from __future__ import annotations

import pytest
from deidstream.core.category import Category
from deidstream.core.decision import Decision, Method
from deidstream.core.document import Document, Edit, Leaf, Part, Piece, Splice, apply_splices, splice
from deidstream.core.errors import Unsafe
from deidstream.core.reassemble import edits
from deidstream.core.span import Span
from hypothesis import given
from hypothesis import strategies as st


class Utf8:
    """The simplest codec there is, against which the rules of the document are checked."""

    def encode(self, text: str) -> bytes:
        return text.encode()

    def offsets(self, raw: bytes) -> list[int]:
        out, position = [], 0
        for character in raw.decode():
            out.append(position)
            position += len(character.encode())
        return [*out, position]


def lines(text: str) -> Document:
    """A leaf a line, one part over all of them."""
    leaves, pieces, position, shown = [], [], 0, 0
    for number, line in enumerate(text.split("\n")):
        raw = line.encode()
        leaves.append(Leaf(f"L{number}", position, position + len(raw), line, Utf8()))
        pieces.append(Piece(shown, shown + len(line), f"L{number}"))
        position += len(raw) + 1
        shown += len(line) + 1
    return Document(text.encode(), leaves, (Part("all", text, tuple(pieces)),))


def redacted(span: Span, text: str) -> Decision:
    return Decision("all", span, Category.NAME, Method.REDACT, text, "test")


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=60)


@given(texts)
def test_no_edits_give_the_source_back(text: str) -> None:
    assert splice(lines(text), ()) == text.encode()


@given(texts, st.data())
def test_one_replaced_span_changes_only_itself(text: str, data: st.DataObject) -> None:
    document = lines(text)
    leaf = data.draw(st.sampled_from(list(document.leaves)))
    start = data.draw(st.integers(0, len(leaf.text)))
    end = data.draw(st.integers(start, len(leaf.text)))
    out = splice(document, [Edit(leaf.path, Span(start, end), "Ω")]).decode()
    before = text.split("\n")
    number = int(leaf.path[1:])
    before[number] = leaf.text[:start] + "Ω" + leaf.text[end:]
    assert out == "\n".join(before)


@given(texts, st.data())
def test_a_span_over_several_leaves_keeps_what_separates_them(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    document = lines(text)
    out = splice(document, edits(document, [redacted(Span(start, end), "X")])).decode()
    kept = "\n" * text[start:end].count("\n")
    if text[start:end].strip("\n"):
        assert out.count("\n") == text.count("\n")
        assert out.replace("X", "", 1) == text[:start] + kept + text[end:] or "X" in text
    else:
        assert out == text


def test_overlapping_edits_are_refused() -> None:
    document = lines("John Smith")
    with pytest.raises(Unsafe, match="overlapping-edits"):
        splice(document, [Edit("L0", Span(0, 6), "a"), Edit("L0", Span(4, 8), "b")])


@pytest.mark.parametrize("path", ["L7", "L0!x", "nowhere"])
def test_an_edit_that_names_no_leaf_is_refused(path: str) -> None:
    with pytest.raises(Unsafe, match="no-such-locator"):
        splice(lines("a"), [Edit(path, Span(0, 1), "b")])


def test_an_edit_beyond_the_value_is_refused() -> None:
    with pytest.raises(Unsafe, match="edit-outside-value"):
        splice(lines("abc"), [Edit("L0", Span(1, 9), "b")])


def test_kept_findings_edit_nothing() -> None:
    document = lines("John")
    kept = redacted(Span(0, 4), "X")._replace(method=Method.KEEP)
    assert splice(document, edits(document, [kept])) == b"John"


def test_nested_splices_pass_through_the_text_that_carries_them() -> None:
    inner = lines("né Müller")
    outer = Document(b"<n\xc3\xa9 M\xc3\xbcller>", [Leaf("v", 1, 12, "né Müller", Utf8(), nested=inner)])
    assert splice(outer, [Edit("v!L0", Span(3, 9), "Größe")]) == "<né Größe>".encode()


def test_adjacent_splices_are_no_overlap() -> None:
    assert apply_splices(b"abcd", [Splice(2, 4, b"Y"), Splice(0, 2, b"X")]) == b"XY"


def test_no_repr_shows_content() -> None:
    document = lines("John Smith")
    shown = repr(document) + repr(document.leaves[0]) + repr(document.parts[0]) + repr(redacted(Span(0, 4), "Jane"))
    assert "John" not in shown
    assert "Jane" not in shown
