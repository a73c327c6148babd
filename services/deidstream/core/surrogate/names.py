"""Surrogates for people's names: word by word, so that ``Mr. Smith`` and the PID-5.1 ``SMITH`` become the same other family.

Each word is mapped by itself, from the subject, its kind (family or given) and its spelling without case and marks. The surrogate
is of the subject's language where that is written as the word is, else of the language of the word's script, else of the one that
knows the word. Its sex is that of the
word in the tables, and only where they do not tell, and the word is the subject's own, the subject's. So a name changes its
surrogate only when the subject's language becomes known after its first message. Titles, suffixes, particles (``van der``),
separators and case style stay.
"""

from __future__ import annotations

import difflib
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from deidstream.core.month_names import restyled
from deidstream.core.surrogate.name_tables import (
    family_language,
    given_guess,
    language_as_written,
    normalise,
    script_language,
    table,
)
from deidstream.core.surrogate.person import PARTICLES, SUFFIXES, TITLES, WORD, Person
from deidstream.core.surrogate.prf import Prf

__all__ = ["Names", "unmarked"]

_LETTERS = "ABCDEFGHJKLMNOPRSTVW"


class _Word(NamedTuple):
    """A word of a name: ``text`` as it stands, ``base`` as it is known (without typing errors), and its kind."""

    text: str
    base: str
    kind: str


class Names:
    """The names of one project. ``language`` is for names that no table knows."""

    def __init__(self, prf: Prf, language: str = "en") -> None:
        self._prf = prf
        self._language = language
        self._candidates = lru_cache(maxsize=4096)(self._pool)

    def surrogate(self, value: str, form: str, person: Person, canonical: str = "") -> str | None:
        """Another name in the place of ``value``; None where it is not understood as one, or nothing of it would change."""
        if form in {"prefix", "suffix"}:
            return value if _formal(value) else None
        if not canonical and not form.startswith("name") and value.isalpha():
            # a field of one word: most names of a message
            made = self._word(_Word(value, value, "family" if form == "family" else "given"), person)
            return made if made != value else None
        words = _read(value, form, person, canonical)
        out: list[str] = []
        at = 0
        for start, end, word in words:
            out += (value[at:start], self._word(word, person))
            at = end
        out.append(value[at:])
        made = "".join(out)
        return None if made == value and any(word.kind != "kept" for _, _, word in words) else made

    def _word(self, word: _Word, person: Person) -> str:
        if word.kind == "kept":
            return word.text
        if word.text.isdecimal():
            return str(self._prf.below(10 ** len(word.text), "number", person.id, word.text)).zfill(len(word.text))
        if len(word.text) == 1 and word.text.isascii():
            return self._initial(word, person)
        return _like(self._chosen(word.kind, word.base, person), word.text)

    def _initial(self, word: _Word, person: Person) -> str:
        """The first letter of the surrogate of the name it stands for; an arbitrary other letter where that is not known."""
        full = word.base if len(word.base) > 1 else next(iter(person.initials.get(normalise(word.text), ())), "")
        if full:
            letter = unmarked(self._chosen(word.kind, full, person))[:1]
        else:
            others = _LETTERS.replace(word.text.upper(), "")
            letter = others[self._prf.below(len(others), "initial", person.id, word.text.lower())]
        return letter.upper() if word.text.isupper() else letter.lower()

    def _chosen(self, kind: str, base: str, person: Person) -> str:
        key = normalise(base)
        sex = person.sex if kind == "given" and key in person.own else ""
        names = self._candidates(kind, base, person.locale.language, sex)
        start = self._prf.below(len(names), "name", kind, person.id, key)
        for step in range(len(names)):
            name = names[(start + step) % len(names)]
            taken = normalise(name)
            if taken != key and not person.known(taken) and not _alike(taken, key):
                return name
        return names[start]

    def _pool(self, kind: str, base: str, home: str, sex: str) -> tuple[str, ...]:
        home = language_as_written(base, home)
        if kind == "family":
            return table(home or family_language(base, self._language) or self._language).family
        guess = given_guess(base, home or self._language)
        language = home or guess.language or self._language
        return table(language).given(guess.sex or sex or _sex_by_ending(normalise(base), language))


def _read(value: str, form: str, person: Person, canonical: str) -> list[tuple[int, int, _Word]]:
    found = [(match.start(), match.end(), match[0]) for match in WORD.finditer(value)]
    if len(found) == 1 and form.startswith("name") and script_language(found[0][2]) in {"zh", "ja", "ko"}:
        start, end, text = found[0]
        found = [(start, start + 1, text[:1])] + ([(start + 1, end, text[1:])] if len(text) > 1 else [])
        form = "name.family_first"
    bare = [_kept(text, place, found, form) for place, (_, _, text) in enumerate(found)]
    texts = [text for (_, _, text), kept in zip(found, bare, strict=True) if not kept]
    bases = _aligned(texts, [word for word in WORD.findall(canonical) if word.lower() not in TITLES])
    kinds = _kinds(value, form, texts, bases, person, titled=any(bare))
    named = iter([_Word(text, base, kind) for text, base, kind in zip(texts, bases, kinds, strict=True)])
    return [
        (start, end, _Word(text, text, "kept") if kept else next(named))
        for (start, end, text), kept in zip(found, bare, strict=True)
    ]


def _kept(text: str, place: int, found: list[tuple[int, int, str]], form: str) -> bool:
    """Titles, suffixes and particles beside other words."""
    if len(found) == 1:
        return False
    lower = text.lower()
    if lower in PARTICLES and (text.islower() or place < len(found) - 1):
        return len(text) > 1 or (text.islower() and 0 < place < len(found) - 1)
    if not form.startswith("name"):
        return False
    return (lower in TITLES and place < len(found) - 1 and len(text) > 1) or (lower in SUFFIXES and place > 0)


def _kinds(value: str, form: str, texts: list[str], bases: list[str], person: Person, titled: bool) -> list[str]:
    if not form.startswith("name"):
        return ["family" if form == "family" else "given"] * len(texts)
    guessed = _by_place(value, form, texts, titled)
    return [person.kinds.get(normalise(base), kind) for base, kind in zip(bases, guessed, strict=True)]


def _by_place(value: str, form: str, texts: list[str], titled: bool) -> list[str]:
    if len(texts) == 1:
        is_given = not titled and bool(given_guess(texts[0], "").language) and not family_language(texts[0], "")
        return ["given" if is_given else "family"]
    if "," in value:
        families = sum(1 for word in WORD.findall(value.partition(",")[0]) if word in texts)
        return ["family" if place < families else "given" for place in range(len(texts))]
    if form == "name.family_first":
        return ["family" if place == 0 else "given" for place in range(len(texts))]
    first = _first_family(texts)
    return ["given" if place < first else "family" for place in range(len(texts))]


def _first_family(texts: list[str]) -> int:
    """Two family names only where the words before them are known given names and they are not (Spanish, Portuguese)."""
    last = len(texts) - 1
    if len(texts) < 3 or len(texts[-2]) == 1:
        return last
    second = texts[-2]
    doubled = family_language(second, "es") in {"es", "pt"} and not given_guess(second, "es").language
    return last - 1 if doubled else last


def _aligned(texts: list[str], known: list[str]) -> list[str]:
    """For each word the known word that it is a variant of: the same, its initial, or the most similar one that is left."""
    if not known:
        return texts
    left = list(known)
    bases: list[str] = [""] * len(texts)
    for matches in (_same, _is_initial, _similar):
        for place, text in enumerate(texts):
            if not bases[place]:
                bases[place] = next((word for word in left if matches(text, word)), "")
                if bases[place]:
                    left.remove(bases[place])
    open_places = [place for place, base in enumerate(bases) if not base]
    if len(open_places) == len(left):  # nicknames: what is left belongs together
        for place, word in zip(open_places, left, strict=True):
            bases[place] = word
    return [base or text for base, text in zip(bases, texts, strict=True)]


def _same(text: str, known: str) -> bool:
    return normalise(text) == normalise(known)


def _is_initial(text: str, known: str) -> bool:
    return len(text) == 1 and normalise(known)[:1] == normalise(text)


def _similar(text: str, known: str) -> bool:
    return difflib.SequenceMatcher(None, normalise(text), normalise(known)).ratio() >= 0.7


_ENDINGS = {
    "female": ("a", "ine", "elle", "ette", "enne", "trud", "hild", "gard"),
    "male": ("bert", "fried", "hard", "win", "mund"),
}
_EITHER = frozenset("luca andrea nikita sascha mischa joshua".split())  # noqa: SIM905


def _sex_by_ending(key: str, language: str) -> str:
    """The sex that the ending of a given name tells in languages of Western Europe, ``''`` where it does not."""
    if not key.isascii() or key in _EITHER or len(key) < 4:
        return ""
    if key.endswith("o") and language in {"it", "es", "pt"}:
        return "male"
    return next((sex for sex, endings in _ENDINGS.items() if key.endswith(endings)), "")


def _alike(one: str, other: str) -> bool:
    """Whether one of two names begins with the other (``Torre``, ``Torres``): it would hint at it."""
    return len(one) > 2 and len(other) > 2 and (one.startswith(other) or other.startswith(one))


def _formal(value: str) -> bool:
    words = [word.lower() for word in WORD.findall(value)]
    return bool(words) and all(word in TITLES or word in SUFFIXES for word in words)


def _like(name: str, text: str) -> str:
    """``name`` in the case of ``text``, with no more of an alphabet than ``text`` shows to be there."""
    if text.isascii():
        name = name if name.isascii() or script_language(name) else unmarked(name)
    elif max(text) < "\u0100" and max(name) >= "\u0100":
        name = unmarked(name)
    return restyled(name, text) if name.upper() != name.lower() else name


def unmarked(name: str) -> str:
    """``name`` without marks on its letters, as an ASCII sender writes it; letters of other scripts stay."""
    decomposed = unicodedata.normalize(
        "NFKD", name.replace("ß", "ss").replace("ł", "l").replace("ø", "o").replace("æ", "ae")
    )
    return "".join(character for character in decomposed if not unicodedata.combining(character))
