"""Turns the rules of a grammar into functions that write a document piece by piece."""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Callable, Mapping
from itertools import accumulate
from typing import Protocol

from deidstream_training.synthesise.division import part_of
from deidstream_training.synthesise.grammar import Alternative, GrammarError, Rule, choices, unescaped
from deidstream_training.synthesise.page import Page, Write

__all__ = ["Slots", "compile_rules"]


class Slots(Protocol):
    """What the names in braces stand for that are no rules."""

    def writer(self, name: str) -> Write | None:
        """The writer of a slot; None where there is no such slot."""

    def sex(self, person: str) -> Callable[[Page], str] | None:
        """Tells the sex of a person of the story, ``m`` or ``f``; None where there is no such person."""


_MANY = re.compile(r"([\w.]+):(\d+)-(\d+)(\?)?(/?)(.*)", re.DOTALL)
_NUMBER = re.compile(r"#(-?\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)")
_SEXED = re.compile(r"([^/<>]*)/([^/<>@]*)(?:@(\w+))?")
_RANDOM = re.compile(r"\{(?:[N_A]+|#[^}]*)\}")  # what is drawn, so that the whole value has to be divided
_TRIES = 200
_ENDS = {"(": ")", "[": "]", "{": "}", "<": ">"}


def compile_rules(
    rules: Mapping[str, Rule], slots: Slots, name: str, options: dict[str, list[Write]]
) -> dict[str, Write]:
    """A writer for each rule; `options` gets those of each rule's alternatives.

    Raises `GrammarError` where a rule names what there is not.
    """
    compiler = _Compiler(rules, slots, name, options)
    return {rule: compiler.rule(rule) for rule in rules}


class _Compiler:
    def __init__(self, rules: Mapping[str, Rule], slots: Slots, name: str, options: dict[str, list[Write]]) -> None:
        self._rules = rules
        self._slots = slots
        self._name = name
        self._done: dict[str, Write] = {}
        self._options = options

    def rule(self, name: str) -> Write:
        if name not in self._done:
            rule = self._rules[name]
            self._done[name] = self._later(name)  # rules may name themselves
            options = self._options[name] = [self._sequence(option.text, name) for option in rule.alternatives]
            self._done[name] = _kept(rule, _spanned(rule, _choice(options, rule.alternatives)))
        return self._done[name]

    def _later(self, name: str) -> Write:
        """The writer of a rule that is being compiled."""

        def write(page: Page) -> None:
            self._done[name](page)

        return write

    def _sequence(self, text: str, rule: str) -> Write:
        """The writer of an alternative or of what stands in a bracket."""
        steps: list[Write] = []
        plain: list[str] = []
        index = 0
        while index < len(text):
            character = text[index]
            end = self._end(text, index) if character in _ENDS else -1
            step = self._bracket(character, text[index + 1 : end], rule) if end > 0 else None
            if step is None and character != "^":
                index, character = unescaped(text, index)
                plain.append(character)
                continue
            if plain:
                steps.append(_literal("".join(plain)))
                plain = []
            steps.append(step or _capital)
            index = end + 1 if step else index + 1
        if plain:
            steps.append(_literal("".join(plain)))
        return steps[0] if len(steps) == 1 else _chain(tuple(steps))

    def _end(self, text: str, start: int) -> int:
        """Where the bracket that opens at `start` closes; -1 where it does not."""
        opening, depth, index = text[start], 0, start
        while index < len(text):
            if text[index] == "\\":
                index += 1
            elif text[index] == opening:
                depth += 1
            elif text[index] == _ENDS[opening]:
                depth -= 1
                if depth == 0:
                    return index
            index += 1
        return -1

    def _bracket(self, kind: str, inner: str, rule: str) -> Write | None:
        """The writer of a bracket; None where it is one that a reader sees."""
        if kind == "{":
            return self._reference(inner, rule)
        if kind == "<":
            sexed = _SEXED.fullmatch(inner)
            return self._sexed(sexed, rule) if sexed else None
        if kind == "[":
            return _maybe(self._sequence(inner, rule))
        options = choices(inner)
        return _choice([self._sequence(each, rule) for each in options], None) if len(options) > 1 else None

    def _sexed(self, matched: re.Match[str], rule: str) -> Write:
        sex = self._slots.sex(matched[3] or "p")
        if sex is None:
            raise GrammarError(f"{self._name}: rule {rule}: no person {matched[3]}")
        male, female = self._sequence(matched[1], rule), self._sequence(matched[2], rule)
        return _by_sex(sex, male, female)

    def _reference(self, inner: str, rule: str) -> Write:
        number, many = _NUMBER.fullmatch(inner), _MANY.fullmatch(inner)
        if number:
            return self._number(number)
        name = many[1] if many else inner
        if name in self._rules:
            if not many:
                return self.rule(name)
            self.rule(name)
            between = self._sequence(many[6], rule) if many[5] else _literal(many[6] or " ")
            return _several(self._options[name], (int(many[2]), int(many[3])), bool(many[4]), between)
        slot = None if many else self._slots.writer(name)
        if slot is None:
            raise GrammarError(f"{self._name}: rule {rule}: there is no {inner}")
        return slot

    def _number(self, matched: re.Match[str]) -> Write:
        places = len(matched[1].partition(".")[2])
        low, high = round(float(matched[1]) * 10**places), round(float(matched[2]) * 10**places)
        comma = "," if "decimal_comma" in self._rules else "."

        def write(page: Page) -> None:
            value = page.rng.randint(low, high) / 10**places
            page.add(f"{value:.{places}f}".replace(".", comma))

        return write


def _literal(text: str) -> Write:
    return lambda page: page.add(text)


def _capital(page: Page) -> None:
    page.capital = True


def _chain(steps: tuple[Write, ...]) -> Write:
    def write(page: Page) -> None:
        for step in steps:
            step(page)

    return write


def _maybe(step: Write) -> Write:
    def write(page: Page) -> None:
        if page.rng.random() < 0.5:
            step(page)

    return write


def _choice(options: list[Write], alternatives: tuple[Alternative, ...] | None) -> Write:
    if len(options) == 1:
        return options[0]
    weights = (
        list(accumulate(each.weight for each in alternatives)) if alternatives else list(range(1, len(options) + 1))
    )
    total = weights[-1]

    def write(page: Page) -> None:
        options[bisect(weights, page.rng.random() * total)](page)

    return write


def _by_sex(sex: Callable[[Page], str], male: Write, female: Write) -> Write:
    def write(page: Page) -> None:
        (female if sex(page) == "f" else male)(page)

    return write


def _several(options: list[Write], between: tuple[int, int], shuffled: bool, joiner: Write) -> Write:
    low, high = between

    def write(page: Page) -> None:
        count = min(len(options), page.rng.randint(low, high))
        picked = page.rng.sample(range(len(options)), count)
        for index, option in enumerate(picked if shuffled else sorted(picked)):
            if index:
                joiner(page)
            options[option](page)

    return write


def _spanned(rule: Rule, step: Write) -> Write:
    category = rule.category
    if category is None:
        return step
    tries = _TRIES if any(_RANDOM.search(each.text) for each in rule.alternatives) else 1

    def write(page: Page) -> None:
        start, pieces, capital = page.length, len(page.pieces), page.capital
        page.inside += 1
        for _ in range(tries):
            del page.pieces[pieces:]
            page.length, page.capital = start, capital
            step(page)
            if tries == 1 or part_of("".join(page.pieces[pieces:])) is page.story.split:
                break
        page.inside -= 1
        page.close(start, category)

    return write


def _kept(rule: Rule, step: Write) -> Write:
    if not rule.kept:
        return step

    def write(page: Page) -> None:
        if rule.name not in page.kept:
            page.kept[rule.name] = page.aside(step)
        page.quote(page.kept[rule.name])

    return write
