"""Names by language and sex (``tables/names.*.json``, see SOURCES.md), and what a name says about both."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

__all__ = [
    "EPICENE",
    "Guess",
    "Table",
    "family_language",
    "given_guess",
    "language_as_written",
    "languages_of",
    "normalise",
    "script_language",
    "table",
]

_FOLDER = Path(__file__).parent / "tables"
_LANGUAGES = "en de es fr it nl pt sv da no fi pl cs hu tr ro el ru uk ar he zh ja ko".split()  # noqa: SIM905
_TIE = ("en", "de", "es", "fr", "it", "nl", "pt")
EPICENE = "Alex Andy Charlie Chris Dana Eli Jamie Jo Kim Lee Lou Mika Nicky Noa Robin Sam Sascha Toni".split()  # noqa: SIM905
"""Given names borne by all sexes, for names that no table knows."""
_SCRIPTS = (
    ("CYRILLIC", "ru"),
    ("GREEK", "el"),
    ("ARABIC", "ar"),
    ("HEBREW", "he"),
    ("HANGUL", "ko"),
    ("HIRAGANA", "ja"),
    ("KATAKANA", "ja"),
    ("CJK", "zh"),
)
_LETTERS = str.maketrans({"ø": "o", "æ": "a", "œ": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})


@dataclass(frozen=True, slots=True)
class Table:
    """The names of one language."""

    male: tuple[str, ...]
    female: tuple[str, ...]
    either: tuple[str, ...]
    family: tuple[str, ...]

    def given(self, sex: str) -> tuple[str, ...]:
        """Given names of one sex; for any other value those borne by all, where they are enough to tell people apart, or all."""
        if sex in {"male", "female"}:
            return self.male if sex == "male" else self.female
        if len(self.either) >= 40:
            return self.either
        if self.male[0] < "\u0250":
            return tuple(dict.fromkeys((*self.either, *EPICENE, *self.male, *self.female)))
        return self.male + self.female


class Guess(NamedTuple):
    """Sex (``male``, ``female``, ``''``) and language that a given name tells, each '' where it does not."""

    sex: str
    language: str


@lru_cache(maxsize=16)
def table(language: str) -> Table:
    """The names of ``language`` (two letters), English for languages that have no table."""
    name = language if language in _LANGUAGES else "en"
    content = json.loads((_FOLDER / f"names.{name}.json").read_text(encoding="utf-8"))
    return Table(**{key: tuple(names) for key, names in content.items()})


@lru_cache(maxsize=16384)
def normalise(name: str) -> str:
    """What two spellings of one name share: no case, no marks, no trailing digits, ``ae oe ue`` as ``a o u``."""
    folded = name.lower() if name.isascii() else unicodedata.normalize("NFKD", name.casefold())
    kept = "".join(character for character in folded if character.isalnum()).translate(_LETTERS)
    return kept.replace("ae", "a").replace("oe", "o").replace("ue", "u") or folded


def given_guess(name: str, language: str) -> Guess:
    """What the tables say of a given name; ``language`` decides between several."""
    return _guess(_given(), normalise(name).rstrip("0123456789"), language)


def family_language(name: str, language: str) -> str:
    """The language a family name is at home in, '' where no table knows it."""
    return _guess(_families(), normalise(name).rstrip("0123456789"), language).language


def languages_of(form: str, key: str) -> set[str]:
    """All languages in which the normalised name ``key`` is known as a family name (or, for other forms, a given name)."""
    return {guess.language for guess in (_families() if form == "family" else _given()).get(key, ())}


def script_language(name: str) -> str:
    """The language whose table is written in the script of ``name``; '' for Latin."""
    letter = next((character for character in name if character > "\u024f" and character.isalpha()), "")
    if not letter:
        return ""
    label = unicodedata.name(letter, "")
    return next((language for script, language in _SCRIPTS if label.startswith(script)), "")


def language_as_written(name: str, home: str) -> str:
    """``home`` where its names are in the script of ``name`` (an Arab in an ASCII message has none), else the script's language."""
    script = script_language(name)
    return home if home and script_language(table(home).family[0]) == script else script


def _guess(names: dict[str, tuple[Guess, ...]], name: str, language: str) -> Guess:
    found = names.get(name, ())
    home = [guess for guess in found if guess.language == language]
    if home:
        return home[0]
    ranked = sorted(found, key=lambda guess: _TIE.index(guess.language) if guess.language in _TIE else len(_TIE))
    if not ranked:
        return Guess("", "")
    sexes = {guess.sex for guess in found}
    return Guess(sexes.pop() if len(sexes) == 1 else "", ranked[0].language)


@lru_cache(maxsize=1)
def _given() -> dict[str, tuple[Guess, ...]]:
    found: dict[str, tuple[Guess, ...]] = {}
    for language in _LANGUAGES:
        names = table.__wrapped__(language)
        for sex, listed in (("male", names.male), ("female", names.female), ("", names.either)):
            for name in listed:
                key = normalise.__wrapped__(name)
                found[key] = (*found.get(key, ()), Guess(sex, language))
    return found


@lru_cache(maxsize=1)
def _families() -> dict[str, tuple[Guess, ...]]:
    found: dict[str, tuple[Guess, ...]] = {}
    for language in _LANGUAGES:
        for name in table.__wrapped__(language).family:
            key = normalise.__wrapped__(name)
            found[key] = (*found.get(key, ()), Guess("", language))
    return found
