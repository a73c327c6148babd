"""The methods of a policy on one value: what stands there afterwards.

Where nothing may stand there, ``apply`` gives None, and what that means depends on the place: in a text a label stands in its
stead (``placeholder``); a structured value goes, and what holds it stays valid without it. HL7 v2: the field, component or
subcomponent is empty, which receivers read as "not said" (not ``""``, which tells them to delete what they have). FHIR: the
property goes, with what would be left empty by that (``Identifier.value``; ``system`` and ``type`` stay and say what it was).
CDA: the attribute goes (``II.extension``; ``root`` stays), or an element's text, and the element says that it was masked
(``nullFlavor="MSK"``) where its type allows it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

from deidstream.core import dates, postal_codes
from deidstream.core.ages import cap_age
from deidstream.core.category import NUMBERS, Category
from deidstream.core.decision import Method
from deidstream.core.finding import Finding
from deidstream.core.policy import Policy
from deidstream.core.surrogate.person import Person
from deidstream.core.surrogate.surrogates import Surrogates
from deidstream.core.surrogate.tokens import TokenCipher, token

__all__ = ["DATES", "Scene", "Transform", "placeholder"]

DATES = frozenset({Category.DATE, Category.BIRTH_DATE, Category.DEATH_DATE})
_COARSE = frozenset({Category.REGION, Category.COUNTRY})
_NULL = '""'
"""HL7 v2, 2.5.3: the value is to be deleted. It is no value."""
_IMPERSONAL = NUMBERS | {Category.ORGANISATION}
"""Categories whose pseudonyms depend on the value alone, whoever it is about (``core.surrogate``)."""
_SUBJECTS = 512
_VALUES = 2048
_SHARED = 8192
Memory = dict[tuple[str, str, Category, Method, str], str | None]
_LABELS = {category: f"[{category.value.upper()}]" for category in Category} | {
    **dict.fromkeys(NUMBERS, "[ID]"),
    Category.BIRTH_DATE: "[DATE]",
    Category.DEATH_DATE: "[DATE]",
    Category.UNKNOWN: "[REDACTED]",
}
# Members bound once: in Python 3.11 reading one from its enumeration takes ten times as long as a name of the module.
_KEEP, _PSEUDONYM, _BIRTH_DATE = Method.KEEP, Method.PSEUDONYM, Category.BIRTH_DATE


@dataclass(frozen=True, slots=True)
class Scene:
    """Whose value it is, and when: what the methods need besides the value. One a case, subject and project."""

    person: Person
    offset: int
    received: date
    memory: Memory = field(default_factory=dict, repr=False, compare=False)
    """Results for values that come again; see ``Transform.memory``."""


class Transform:
    """The methods under one policy and project. Results are kept for values that come again."""

    def __init__(self, policy: Policy, surrogates: Surrogates, tokens: TokenCipher | None = None) -> None:
        self._policy = policy
        self._surrogates = surrogates
        self._tokens = tokens
        self._memories: dict[tuple[str, int, date], Memory] = {}
        self._shared: Memory = {}
        self._moves = lru_cache(maxsize=4096)(self._move)
        self._methods: dict[Method, Callable[[Finding, str, Scene], str | None]] = {
            Method.KEEP: lambda finding, value, scene: value,
            Method.MASK: lambda finding, value, scene: _masked(value),
            Method.GENERALISE: self._generalised,
            Method.SHIFT: self._shifted,
            Method.PSEUDONYM: self._pseudonym,
            Method.TOKEN: self._token,
            Method.NOISE: self._noise,
        }

    def apply(self, method: Method, finding: Finding, value: str, scene: Scene) -> str | None:
        """What replaces ``value``; None: nothing may stand there (redact, drop, and every method that cannot be applied)."""
        _, _, category, _, _, _, form, _, canonical = finding
        memory = self._shared if method is _PSEUDONYM and category in _IMPERSONAL else scene.memory
        key = (value, form, category, method, canonical)
        made = memory.get(key, "")
        if made != "":
            return made
        make = self._methods.get(method)
        if make is None:
            return None
        if value == _NULL or method is _KEEP:
            return value
        if len(memory) >= (_VALUES if memory is scene.memory else _SHARED):
            memory.clear()
        made = memory[key] = make(finding, value, scene)
        return made

    def memory(self, subject: str, revision: int, received: date) -> Memory:
        """What was made for this subject before, to be handed in with the scene."""
        key = (subject, revision, received)
        found = self._memories.get(key)
        if found is None:
            if len(self._memories) >= _SUBJECTS:
                self._memories.clear()
            found = self._memories[key] = {}
        return found

    def _shifted(self, finding: Finding, value: str, scene: Scene) -> str | None:
        if finding.category not in DATES:
            return None
        birth = finding.category is _BIRTH_DATE
        return dates.shift(value, finding.form, self._moves(scene.offset, scene.received, birth))

    def _move(self, days: int, received: date, birth: bool) -> dates.Shift:
        cap = self._policy.ages.cap if birth else None
        order = self._policy.dates.order
        return dates.Shift(
            days,
            floor=_years_before(received, cap + 1, days) if cap else None,
            reference_year=received.year,
            day_first=None if order == "language" else order == "day-first",
        )

    def _generalised(self, finding: Finding, value: str, scene: Scene) -> str | None:
        category = finding.category
        if category in DATES:
            cap = self._policy.ages.cap if category is _BIRTH_DATE else None
            floor = _years_before(scene.received, cap + 1, 0) if cap else None
            return dates.generalise(value, finding.form, self._policy.dates.generalise_to, floor)
        if category is Category.AGE:
            cap = self._policy.ages.cap
            return value if cap is None else cap_age(value, finding.form, cap)
        if category is Category.POSTAL_CODE:
            by = self._policy.postal_codes
            return postal_codes.generalise(value, by.table, by.digits, scene.person.locale.country)
        return value if category in _COARSE else None

    def _pseudonym(self, finding: Finding, value: str, scene: Scene) -> str | None:
        if finding.category in DATES:
            return self._shifted(finding, value, scene)
        if finding.category is Category.AGE:
            return self._generalised(finding, value, scene)
        return self._surrogates.pseudonym(finding.category, finding.form, value, scene.person, finding.canonical)

    def _token(self, finding: Finding, value: str, scene: Scene) -> str | None:
        longest = 64 if finding.form in {"fhir.id", "fhir.reference"} else 0
        return token(value, self._tokens, longest) if self._tokens else None

    def _noise(self, finding: Finding, value: str, scene: Scene) -> str | None:
        """Uniform noise of at most the policy's share, with as many decimals as before; the same for the same value."""
        try:
            number = float(value)
        except ValueError:
            return None
        unit = self._surrogates.number("noise", scene.person.id, value) / 2**127 - 1
        decimals = len(value.partition(".")[2])
        return f"{number * (1 + unit * self._policy.noise):.{decimals}f}"


def placeholder(category: Category) -> str:
    """What stands in a text where something of this kind was redacted."""
    return _LABELS[category]


def _masked(value: str) -> str:
    return "".join("*" if character.isdigit() else "X" if character.isalpha() else character for character in value)


def _years_before(day: date, years: int, offset: int) -> date:
    """The first birth date of somebody younger than ``years`` on ``day``, on the shifted timeline."""
    moved = date.fromordinal(day.toordinal() + offset)
    last = moved.day if (moved.month, moved.day) != (2, 29) else 28
    return date.fromordinal(date(moved.year - years, moved.month, last).toordinal() + 1)
