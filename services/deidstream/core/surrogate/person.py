"""What a subject's own data say: which word is a family name, which a given name, which may not come back; locale and sex."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from deidstream.core.category import Category, Role
from deidstream.core.subject import Subject
from deidstream.core.surrogate.locale import Locale, locale_of
from deidstream.core.surrogate.name_tables import normalise

__all__ = ["PARTICLES", "SUFFIXES", "TITLES", "WORD", "Person", "person"]

WORD = re.compile(r"[^\W_]+(?:['’`][^\W_]+)*")
"""One word of a name; hyphens and spaces stand between words, apostrophes within."""
TITLES = frozenset(
    "mr mrs ms miss mx dr prof professor doctor sir madam rev reverend sister brother nurse hon capt lt sgt col gen judge dame "  # noqa: SIM905
    "lord lady herr herrn frau fr dipl ing med rer nat habil pd priv doz schwester pfleger oa oberarzt chefarzt oberärztin ltd "
    "sr sra srta don doña dña dn d dra drª dª lic "
    "m mme mlle monsieur madame mademoiselle docteur pr professeur "
    "sig sigra signor signora signorina dott dottssa dottor dottoressa avv geom ra "
    "dhr mevr mw meneer mevrouw drs mej heer "
    "senhor senhora doutor doutora exmo exma eng enf".split()
)
SUFFIXES = frozenset(
    "jr sr jnr snr ii iii iv md phd rn np pa do dds dvm esq facp facs faan mph msc bsc ma mba pharmd lpn cnp crna".split()  # noqa: SIM905
)
PARTICLES = frozenset(
    "de del della dello degli dei da das do dos di du des la las le les los lo von van der den vom zu zum zur ten ter te 't op "  # noqa: SIM905
    "y e i bin ibn bint al el ul abu ben bar af av und".split()
)


@dataclass(frozen=True, slots=True)
class Person:
    """A subject as the surrogates see one. Keys are normalised words; ``initials`` by first letter, in order of knowledge."""

    id: str
    kinds: dict[str, str] = field(default_factory=dict, repr=False)
    initials: dict[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    locale: Locale = field(default=Locale(), repr=False)
    sex: str = field(default="unknown", repr=False)
    own: frozenset[str] = field(default=frozenset(), repr=False)
    """The subject's own given names, normalised: those that ``sex`` speaks of."""

    def known(self, word: str) -> bool:
        """Whether the normalised ``word`` is part of any name around the subject."""
        return word in self.kinds


def person(subject: Subject) -> Person:
    """The names that are remembered of ``subject``, taken apart into words.

    What one message says in passing (its clinicians) counts for nothing here: surrogates would change from message to message.
    """
    kinds: dict[str, str] = {}
    initials: dict[str, tuple[str, ...]] = {}
    own: set[str] = set()
    for known in subject.known:
        if known.category is not Category.NAME or known.form in {"prefix", "suffix"} or known.is_passing:
            continue
        for word, kind in _words(known.value, known.form):
            key = normalise(word)
            if len(key) < 2 or word.lower() in PARTICLES:
                continue
            kinds.setdefault(key, kind)
            if kind == "given" and known.role is Role.PATIENT:
                own.add(key)
            if kind == "given" and word not in initials.get(key[0], ()):
                initials[key[0]] = (*initials.get(key[0], ()), word)
    return Person(subject.id, kinds, initials, locale_of(subject), subject.sex, frozenset(own))


def _words(value: str, form: str) -> list[tuple[str, str]]:
    words = [
        word for word in WORD.findall(value) if word.lower() not in TITLES or form in {"family", "given", "middle"}
    ]
    if form == "family":
        return [(word, "family") for word in words]
    if form in {"given", "middle"}:
        return [(word, "given") for word in words]
    family_first = form == "name.family_first" or "," in value
    before_comma = len(WORD.findall(value.partition(",")[0])) if "," in value else 1
    families = range(before_comma) if family_first else range(max(len(words) - 1, 0), len(words))
    return [(word, "family" if place in families else "given") for place, word in enumerate(words)]
