"""The people of a document: invented, of many origins, each with a way to write the name that does not change."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from deidstream_training.synthesise.division import Split, drawn, part_of
from deidstream_training.synthesise.locales import LOCALES, Locale
from deidstream_training.synthesise.tables import Names, names, nicknames

__all__ = ["Person", "initials", "invented", "person"]

_FAMILY_FIRST = {"zh", "vi", "hu", "zh-latin", "ko-latin", "ja"}
_HEADS = [
    "b",
    "br",
    "ch",
    "d",
    "dr",
    "f",
    "g",
    "gr",
    "h",
    "j",
    "k",
    "kl",
    "l",
    "m",
    "n",
    "p",
    "pl",
    "qu",
    "r",
    "s",
    "sch",
    "st",
    "t",
    "tr",
    "v",
    "w",
    "z",
    "kn",
    "sk",
    "th",
]
_HEARTS = ["a", "e", "i", "o", "u", "au", "ei", "ie", "ou", "ea", "oe", "ü", "ai", "ä"]
_TAILS = ("", "", "n", "r", "l", "s", "m", "t", "ck", "nd", "rn", "lt", "x", "sk")
_ENDINGS = [
    "er",
    "mann",
    "ski",
    "ez",
    "ow",
    "ini",
    "eau",
    "ström",
    "stra",
    "ova",
    "oğlu",
    "escu",
    "an",
    "wald",
    "field",
    "by",
    "let",
    "ard",
    "in",
    "ac",
    "ian",
    "oni",
]
_ARABIC = (
    "با",
    "را",
    "سو",
    "نا",
    "دي",
    "فا",
    "مو",
    "كا",
    "لي",
    "شا",
    "حا",
    "زو",
    "تا",
    "ري",
    "عا",
    "غي",
    "صا",
    "طو",
    "هي",
    "وا",
)
_ARABIC_ENDS = ("ن", "ر", "م", "د", "ل", "وي", "اني", "ي", "س", "ب")
_CHINESE = (
    "若轩梓涵沐宸语桐奕辰诗琪锦程书瑶泽宇思源佳怡浩然晨曦雅静文博子墨欣妍天佑慧敏建国淑贞志远春梅海燕玉兰振华晓岚嘉禾立"
)


@dataclass(frozen=True, slots=True)
class Person:
    """A made-up person. `full` is the name as it is written in running text, in one way throughout a document."""

    sex: str
    given: tuple[str, ...] = field(repr=False)
    family: str = field(repr=False)
    full: str = field(repr=False)
    initials: str = field(default="", repr=False)
    native_script: str = "latin"
    nickname: str = field(default="", repr=False)

    def form(self, form: str) -> str:
        """The name in a form: full, last, first, lf (``Last, First``), fl, caps, cl (``LAST First``), init, short (``A. Last``)."""
        first = self.given[0]
        if self.native_script in {"zh", "ar"} and form in {"lf", "caps", "cl", "init", "short", "fl"}:
            return self.full
        return {
            "full": self.full,
            "last": self.family,
            "first": first,
            "nick": self.nickname or first,
            "fl": f"{first} {self.family}",
            "lf": f"{self.family}, {first}",
            "caps": f"{first} {self.family}".upper(),
            "cl": f"{self.family.upper()} {first}",
            "lfc": f"{self.family.upper()}, {first}",
            "init": self.initials,
            "short": f"{first[0]}. {self.family}",
        }[form]


def person(rng: Random, language: str, split: Split, sex: str | None = None) -> Person:
    """A new person as documents of the language name people."""
    locale = LOCALES[language]
    sex = sex or rng.choice("mf")
    luck = rng.random()
    if luck < 0.13:
        return _invented_person(rng, locale, split, sex)
    origin = rng.choice(locale.native if luck < 0.62 else locale.foreign)
    native = origin in locale.native
    table = names(origin, split)
    given = _given(rng, table, sex, native and origin != "zh")
    family = _family(rng, locale if native else _PLAIN, table, origin)
    script = origin.partition("-")[0] if origin in {"zh", "ar", "zh-foreign", "ar-foreign"} else "latin"
    nickname = _nickname(rng, language, given[0], split)
    return Person(
        sex, given, family, _written(rng, given, family, origin), initials(given[0], family, split), script, nickname
    )


def invented(rng: Random, sounds: str, split: Split) -> str:
    """A family name that is in no list."""
    if sounds == "ar":
        return drawn(lambda: "".join(rng.sample(_ARABIC, rng.choice((1, 2, 2)))) + rng.choice(_ARABIC_ENDS), split)
    if sounds == "zh":
        return rng.choice(names("zh", split).family)
    return drawn(lambda: _sounds(rng).capitalize(), split)


_PLAIN = Locale(("en",), ("en",), hyphenated=0.02)


def _sounds(rng: Random) -> str:
    beats = (rng.choice(_HEADS) + rng.choice(_HEARTS) + rng.choice(_TAILS) for _ in range(rng.choice((1, 1, 2))))
    return "".join(beats) + rng.choice(_ENDINGS)


def _invented_person(rng: Random, locale: Locale, split: Split, sex: str) -> Person:
    family = invented(rng, locale.invent, split)
    if locale.invent == "zh":
        letters = [letter for letter in _CHINESE if part_of(letter) is split]
        given = drawn(lambda: "".join(rng.sample(letters, 2)), split)
        return Person(sex, (given,), family, family + given, "", "zh")
    if locale.invent == "ar":
        first = _given(rng, names("ar", split), sex, False)
        return Person(sex, first, family, f"{first[0]} {family}", "", "ar")
    lists = names(rng.choice(locale.native), split)
    given = rng.choice(lists.male if sex == "m" else lists.female)
    if rng.random() < 0.4:
        given = drawn(lambda: _sounds(rng).capitalize() + ("a" if sex == "f" else ""), split)
    return Person(sex, (given,), family, _written(rng, (given,), family, "en"), initials(given, family, split))


def _given(rng: Random, table: Names, sex: str, native: bool) -> tuple[str, ...]:
    listed = (table.male if sex == "m" else table.female) or table.male or table.female
    first, second = rng.choice(listed), rng.choice(listed)
    luck = rng.random()
    if not native or luck > 0.2 or first == second or "-" in first + second:
        return (first,)
    return (f"{first}-{second}",) if luck < 0.05 else (first, second)


def _family(rng: Random, locale: Locale, table: Names, origin: str) -> str:
    family = rng.choice(table.family)
    luck = rng.random()
    if origin in {"ar", "ar-latin"}:
        article = "ال" if origin == "ar" else rng.choice(("Al-", "El ", "al-", "Al ", "Ben ", "Abu ", "bin "))
        whole = family if family.startswith("ال") else article + family
        return whole if luck < 0.5 and part_of(whole) is part_of(family) else family
    if origin == "zh" or (luck < 0.3 and locale.double_family):
        return family
    if locale.double_family:
        particle = f"{rng.choice(locale.particles)} " if rng.random() < 0.15 else ""
        return f"{family} {particle}{rng.choice(table.family)}"
    if locale.particles and luck < 0.12:
        particle = rng.choice(locale.particles)
        return particle + ("" if particle.endswith("D'") else " ") + family
    return f"{family}-{rng.choice(table.family)}" if luck > 1 - locale.hyphenated else family


def _written(rng: Random, given: tuple[str, ...], family: str, origin: str) -> str:
    """The full name as the document's author writes it."""
    luck, whole = rng.random(), " ".join(given)
    if origin == "zh":
        return family + "".join(given)
    if origin == "zh-foreign":
        return f"{given[0]}·{family}"
    if origin in {"ar", "ar-foreign"}:
        return f"{whole} {'بن ' if luck < 0.12 and origin == 'ar' else ''}{family}"
    if origin in _FAMILY_FIRST and luck < 0.4:
        return f"{family} {whole}"
    if luck < 0.08:
        return f"{given[0]} {rng.choice('ABCDEFGHJKLMNPRSTVW')}. {family}"
    if luck < 0.14:
        return f"{given[0][0]}. {family}"
    if luck < 0.2:
        return f"{whole} {family.upper()}"
    return f"{whole} {family}"


def initials(first: str, family: str, split: Split) -> str:
    """The initials; where they belong to the other part, with the first middle letter that brings them over."""
    middles = ("", *(f"{letter}." for letter in "ABCDEFGHIJKLMNOPRSTUVW"))
    written = (f"{first[0].upper()}.{middle}{family[0].upper()}." for middle in middles)
    return next((each for each in written if part_of(each) is split), "")


def _nickname(rng: Random, language: str, first: str, split: Split) -> str:
    known = [each for each in nicknames(language).get(first.casefold(), ()) if part_of(each) is split]
    return rng.choice(known) if known else ""
