"""Whatever is chosen of what may come next, the text is written again whole, and ends."""

from __future__ import annotations

import random

import pytest
from deidstream.core.category import Category
from deidstream_training.generative.copying import Copying, bytes_of
from deidstream_training.generative.marking import aligned

END = 0
WORDS = ("Ada", " Quill", " [[", "[[", "]]", "name", ": ", ":", " today", "age", "é", "] ", "]][[")
TOKENS = {number: bytes([number - 1]) for number in range(1, 257)} | {
    300 + number: word.encode() for number, word in enumerate(WORDS)
}


def written(text: str, tokens: list[int]) -> str:
    copy = Copying(TOKENS, END).of(text)
    for token in tokens:
        assert token in copy.following()
        copy.write(token)
    assert copy.following() == [END]
    return b"".join(TOKENS[token] for token in tokens).decode()


def ids(*words: str) -> list[int]:
    return [300 + WORDS.index(word) if word in WORDS else 1 + ord(word) for word in words]


def test_a_mark_can_be_written_around_words() -> None:
    tokens = ids("[[", "name", ": ", "Ada", " Quill", "]]", " today")
    assert written("Ada Quill today", tokens) == "[[name: Ada Quill]] today"


def test_nothing_else_may_come_next() -> None:
    copy = Copying(TOKENS, END).of("Ada today")
    begun = {TOKENS[token] for token in copy.following()}
    assert begun == {b"A", b"Ada", b"[", b"[["}  # " [[" would lose the first letter, END the text
    for token in ids("[[", "name", ": "):
        copy.write(token)
    assert {TOKENS[token] for token in copy.following()} == {b"A", b"Ada"}  # no empty mark, none within it
    copy.write(*ids("Ada"))
    assert {TOKENS[token] for token in copy.following()} == {b" ", b" today", b"]", b"]]", b"]][["}


def test_marks_can_be_of_every_category() -> None:
    for category in Category:
        copy = Copying(TOKENS, END).of("x")
        for byte in f"[[{category.value}: x]]".encode():
            assert byte + 1 in copy.following()
            copy.write(byte + 1)
        assert copy.following() == [END]


@pytest.mark.parametrize("text", ["Ada Quill today", "", "[[name: é]] ]] [", "\ud800 x", "日本 Ada\n\n"])
def test_whatever_is_chosen_the_text_is_there_again(text: str) -> None:
    drawn = random.Random(len(text))
    for _ in range(30):
        copy = Copying(TOKENS, END).of(text)
        said = b""
        while (token := drawn.choice(copy.following())) != END:
            copy.write(token)
            said += TOKENS[token]
        assert len(said) < 20 * len(text) + 1
        again = said.decode()
        if "[" not in text:
            assert aligned(text.encode(errors="replace").decode(), again).preserved == 1.0
        else:
            assert not set(text.replace("\ud800", "?")) - set(again)


def test_letters_of_a_vocabulary_are_bytes() -> None:
    assert bytes_of("ĠAda") == b" Ada"
    assert bytes_of("Ã©Ċ") == "é\n".encode()
