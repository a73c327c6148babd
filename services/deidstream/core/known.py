"""What is remembered about a subject: names, addresses and numbers; a set that only grows, within a bound.

The unit is the *group*: the pieces of one name or one address, as one message gave them. A group that says nothing new is
dropped, so hearing the same message again changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from deidstream.core.category import Category, Role
from deidstream.core.subject import Known

__all__ = ["NOTHING", "Remembered"]

_KEPT_LONGEST = frozenset({Category.NAME, Category.BIRTH_DATE, Category.NATIONAL_ID, Category.MEDICAL_RECORD})

_Key = tuple[Role, frozenset[tuple[Category, str, str]]]
"""What one group says, its label aside."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """The items, oldest first, each group under a label of its own."""

    items: tuple[Known, ...] = field(default=(), repr=False)
    _keys: frozenset[_Key] = field(default=frozenset(), repr=False)

    @staticmethod
    def of(items: Iterable[Known]) -> Remembered:
        """What was stored, as it was."""
        kept = tuple(items)
        return Remembered(kept, frozenset(_groups(kept)))

    def with_said(self, said: Sequence[Known], limit: int) -> Remembered:
        """This and what ``said`` adds, at most ``limit`` items; the same object when it adds nothing.

        Beyond the limit the oldest items go, those that are not names, dates of birth or record numbers first.
        """
        fresh = self._fresh(said)
        if not fresh:
            return self
        label = 1 + max((int(item.group) for item in self.items), default=0)
        added = [item._replace(group=str(label + offset)) for offset, group in enumerate(fresh) for item in group]
        return Remembered.of(_bounded((*self.items, *added), limit))

    def news(self, said: Sequence[Known]) -> tuple[Known, ...]:
        """What of ``said`` is not among this, as it stands there."""
        return tuple(item for group in self._fresh(said) for item in group)

    def _fresh(self, said: Sequence[Known]) -> list[list[Known]]:
        if not said:
            return []
        return [group for key, group in _groups(said).items() if key not in self._keys and not self._contain(key)]

    def _contain(self, key: _Key) -> bool:
        """Whether a richer group says all of it (``Doe`` alone after ``Doe, John``)."""
        role, said = key
        size = len(said)
        # The size first: it rules most of them out.
        return any(len(pieces) > size and role == other and said <= pieces for other, pieces in self._keys)


NOTHING = Remembered()


def _groups(items: Iterable[Known]) -> dict[_Key, list[Known]]:
    labelled: dict[tuple[Role, str], list[Known]] = {}
    for number, item in enumerate(items):
        labelled.setdefault((item.role, item.group or f"#{number}"), []).append(item)
    return {
        (role, frozenset([(item.category, item.form, item.value) for item in group])): group
        for (role, _), group in labelled.items()
    }


def _bounded(items: tuple[Known, ...], limit: int) -> tuple[Known, ...]:
    excess = len(items) - limit
    if excess <= 0:
        return items
    oldest_first = sorted(range(len(items)), key=lambda index: (items[index].category in _KEPT_LONGEST, index))
    dropped = set(oldest_first[:excess])
    return tuple(item for index, item in enumerate(items) if index not in dropped)
