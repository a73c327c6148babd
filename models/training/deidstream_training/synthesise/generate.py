"""Generates the documents of a language and a part of the division, each from its own random numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from random import Random

from deidstream_training.synthesise.division import Split
from deidstream_training.synthesise.document import Document, Text
from deidstream_training.synthesise.expand import compile_rules
from deidstream_training.synthesise.grammar import GrammarError, Rule, divide, read
from deidstream_training.synthesise.noise import noisy
from deidstream_training.synthesise.page import Page, Write
from deidstream_training.synthesise.slots import StorySlots
from deidstream_training.synthesise.speech import spoken
from deidstream_training.synthesise.story import Story

__all__ = ["KINDS", "LANGUAGES", "Generator", "Plan", "generator", "rules"]

LANGUAGES = ("en", "de", "es", "fr", "it", "nl", "pt", "ar", "zh")
KINDS = (
    "admission",
    "discharge",
    "operation",
    "pathology",
    "radiology",
    "nursing",
    "referral",
    "message",
    "triage",
    "lab",
    "telephone",
)

_DICTATED = 0.05


class Generator:
    """Writes documents of one language in one part of the division."""

    def __init__(self, language: str, split: Split) -> None:
        """Raises `GrammarError` where the grammar lacks a kind or names what there is not."""
        divided = divide(rules(language), split, language)
        options: dict[str, list[Write]] = {}
        self._language = language
        self._split = split
        self._rules = compile_rules(divided, StorySlots(language, options), language, options)
        if missing := [kind for kind in KINDS if f"kind.{kind}" not in divided]:
            raise GrammarError(f"{language}: no rule for the kinds {missing}")

    def clean(self, rng: Random, kind: str) -> Text:
        """A document as its author meant it, without noise."""
        page = Page(rng, Story(rng, self._language, self._split))
        self._rules[f"kind.{kind}"](page)
        return page.finished().stripped()

    def fragment(self, rng: Random, rule: str) -> Text:
        """What one rule writes for a new story."""
        return self.fragments(rng, (rule,))[0]

    def fragments(self, rng: Random, names: tuple[str, ...]) -> list[Text]:
        """What some rules write for one and the same new story."""
        page = Page(rng, Story(rng, self._language, self._split))
        return [page.aside(self._rules[name]) for name in names]


@dataclass(frozen=True, slots=True)
class Plan:
    """Which documents a run makes. Document number i follows from the plan and i alone, and `documents` may stand at any i."""

    seed: int
    split: Split
    documents: int
    languages: tuple[str, ...] = LANGUAGES
    kinds: tuple[str, ...] = KINDS

    def document(self, index: int) -> Document:
        """The document with that number, from 0."""
        rng = Random(f"{self.seed}/{self.split}/{index}")
        language, kind = rng.choice(self.languages), rng.choice(self.kinds)
        content = generator(language, self.split).clean(rng, kind)
        noise: tuple[str, ...] = ("speech",)
        if rng.random() < _DICTATED:
            content = spoken(rng, content, language)
        else:
            content, noise = noisy(rng, content, language)
        return Document(f"{self.split}-{self.seed}-{index}", language, kind, self.split, content, noise)

    def after(self, index: int) -> Iterator[Document]:
        """The documents from a number on."""
        return (self.document(number) for number in range(index, self.documents))


@cache
def generator(language: str, split: Split) -> Generator:
    """The generator of a language and part; made once."""
    return Generator(language, split)


@cache
def rules(language: str) -> dict[str, Rule]:
    """The rules of a language: the common layouts, where its own grammar has no other.

    Raises ``FileNotFoundError`` for a language that has no grammar.
    """
    folder = files("deidstream_training.synthesise") / "grammars"
    layouts, own = ((folder / f"{name}.txt").read_text(encoding="utf-8") for name in ("layouts", language))
    return read(layouts, "layouts") | read(own, language)
