"""Reads a grammar: rules, their alternatives, and which part of the division each alternative belongs to.

The notation, for those who write grammars (models/training/README.md shows it at work)::

    == finding                       a rule; its alternatives follow, one a line or several between |
    *3 no (murmur|rub)[, no gallop]  three times as likely; (a|b) is one of these, [x] is there or not
    seen by {doctor_title} {d1}      {rule} or {slot}: a slot is a value that is made up: a person, a date, a number
    <He/She> was stable              by the patient's sex; <He/She@d1> by that of the first doctor
    {finding:2-4}                    two to four alternatives in their order, with a space between;
    {finding:2-4/\\n- }               with what follows the / between; {finding:2-4?, } in any order
    ^{finding}                       begins with a capital
    == hospital -> organisation kept     its text is a span; one choice for a whole document
    == and shared                    for both parts: only where an alternative has no more than one word

A backslash makes the next character ordinary; ``\\n`` is a new line, ``\\s`` a space. What follows ``##`` is a comment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from deidstream.core.category import Category

from deidstream_training.synthesise.division import Split, part_of

__all__ = ["Alternative", "GrammarError", "Rule", "choices", "divide", "is_common", "read", "unescaped"]

_HEADER = re.compile(r"==\s+([\w.]+)(?:\s+->\s+(\w+))?((?:\s+(?:kept|shared))*)\s*$")
_WEIGHT = re.compile(r"\*(\d+) ")
_REFERENCE = re.compile(r"\{[^}]*\}|\\.")
_BY_SEX = re.compile(r"<([^<>/]*)/[^<>]*>")
_WORD = re.compile(r"[^\W\d_]+")


class GrammarError(ValueError):
    """A grammar that cannot be used; the message names the file, the rule and what to mend."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """One way to write a rule, as it stands in the file, and how likely it is."""

    text: str
    weight: int


@dataclass(frozen=True, slots=True)
class Rule:
    """A named choice between alternatives."""

    name: str
    alternatives: tuple[Alternative, ...]
    category: Category | None = None
    kept: bool = False
    shared: bool = False


def read(source: str, name: str) -> dict[str, Rule]:
    """The rules of a grammar by name. Raises `GrammarError` (`name` is the file, for the message)."""
    rules: dict[str, Rule] = {}
    header: re.Match[str] | None = None
    found: list[Alternative] = []

    def close() -> None:
        if header is None:
            return
        if not found or header[1] in rules:
            raise GrammarError(f"{name}: rule {header[1]}: no alternative, or written twice")
        category = Category(header[2]) if header[2] else None
        rules[header[1]] = Rule(header[1], tuple(found), category, "kept" in header[3], "shared" in header[3])

    for line in source.splitlines():
        line = line.split("##")[0].strip(" ")
        if line.startswith("=="):
            close()
            header, found = _HEADER.fullmatch(line), []
            if header is None:
                raise GrammarError(f"{name}: a header that is none")
        elif line:
            found.extend(_alternatives(line))
    close()
    return rules


def divide(rules: dict[str, Rule], split: Split, name: str) -> dict[str, Rule]:
    """The rules with the alternatives of one part alone.

    Each text belongs to the part that its hash says. Where that would leave a rule without any, the text of that rule that is
    fixed by no other rule and comes first by hash changes sides. Raises `GrammarError` where there is none.
    """
    sides: dict[str, Split] = {}
    for rule in sorted(rules.values(), key=lambda rule: len(rule.alternatives)):
        if not is_common(rule):
            _settle(rule, sides, name)
    return {rule.name: rule if is_common(rule) else _half(rule, sides, split) for rule in rules.values()}


def is_common(rule: Rule) -> bool:
    """Whether both parts use all of a rule: structure without words, or a rule that says so and holds single words.

    So do the names of the months, which some languages write in two words: the dates that they stand in are divided.
    """
    most = max(_words(alternative.text) for alternative in rule.alternatives)
    return most == 0 or (rule.shared and (most <= 1 or rule.name.startswith("month")))


def _alternatives(line: str) -> Iterator[Alternative]:
    for part in choices(line):
        part = part.strip(" ")
        weight = _WEIGHT.match(part)
        yield Alternative(part[weight.end() :], int(weight[1])) if weight else Alternative(part, 1)


def choices(text: str) -> list[str]:
    """What stands between the ``|`` of a text that are in no bracket, spaces included."""
    parts, depth, start, index = [], 0, 0, 0
    while index < len(text):
        if text[index] == "\\":
            index += 1
        elif text[index] in "([{":
            depth += 1
        elif text[index] in ")]}":
            depth -= 1
        elif text[index] == "|" and depth == 0:
            parts.append(text[start:index])
            start = index + 1
        index += 1
    return [*parts, text[start:]]


def unescaped(text: str, index: int) -> tuple[int, str]:
    """The next index, and the character that stands at this one."""
    if text[index] == "\\" and index + 1 < len(text):
        return index + 2, {"n": "\n", "t": "\t", "s": " "}.get(text[index + 1], text[index + 1])
    return index + 1, text[index]


def _words(text: str) -> int:
    """How many words an alternative has beyond its slots; each word of a language without spaces counts by the character."""
    return sum(
        len(word) if "\u4e00" <= word[0] <= "\u9fff" and len(word) > 4 else 1
        for word in _WORD.findall(_REFERENCE.sub(" ", _BY_SEX.sub(r" \1 ", text)))
    )


def _key(text: str) -> str:
    return (
        text if any(character.isalnum() for character in text) else "".join(str(ord(character)) for character in text)
    )


def _settle(rule: Rule, sides: dict[str, Split], name: str) -> None:
    keys = [_key(alternative.text) for alternative in rule.alternatives]
    free = [key for key in dict.fromkeys(keys) if _folded(key) not in sides]
    for key in free:
        sides[_folded(key)] = part_of(key)
    for wanted in Split:
        if all(sides[_folded(key)] is not wanted for key in keys):
            if not free or len(set(keys)) < 2:
                raise GrammarError(f"{name}: rule {rule.name}: too few alternatives to divide; add one")
            sides[_folded(min(free, key=_folded))] = wanted


def _folded(key: str) -> str:
    return "".join(character for character in key.casefold() if character.isalnum())


def _half(rule: Rule, sides: dict[str, Split], split: Split) -> Rule:
    kept = tuple(each for each in rule.alternatives if sides[_folded(_key(each.text))] is split)
    return Rule(rule.name, kept, rule.category, rule.kept, rule.shared)
