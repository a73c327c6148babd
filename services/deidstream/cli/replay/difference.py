"""What two runs did to the same messages, compared by their accounts: places, categories, methods and counts, never content."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

__all__ = ["Account", "Changed", "Difference", "Line", "account_of"]


class Line(NamedTuple):
    """What was decided at like places of a message: ``PID-5.1``, ``name``, ``pseudonym``."""

    place: str
    category: str
    method: str


Account = Counter[Line]
"""How often each decision was taken in one message."""


class Changed(NamedTuple):
    """A place at which the runs decided differently: methods with their counts, before and after."""

    place: str
    category: str
    before: dict[str, int]
    after: dict[str, int]


def account_of(decisions: Iterable[Sequence[Any]]) -> Account:  # rows of the audit entry ``case.released``
    """From the rows ``(place, category, method, rule, detectors, count)``."""
    found: Account = Counter()
    for place, category, method, _, _, count in decisions:
        found[Line(place, category, method)] += count
    return found


def _changed(before: Account, after: Account) -> list[Changed]:
    places = {line[:2] for line in before.keys() | after.keys() if before[line] != after[line]}
    return [
        Changed(place, category, _methods(before, place, category), _methods(after, place, category))
        for place, category in sorted(places)
    ]


def _methods(account: Account, place: str, category: str) -> dict[str, int]:
    return {line.method: count for line, count in sorted(account.items()) if line[:2] == (place, category)}


@dataclass(slots=True)
class Difference:
    """The sum over all messages of which both accounts are known."""

    compared: int = 0
    unknown: int = 0
    """Messages that were not released before, or whose account the bus has forgotten."""
    before: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By category and method."""
    after: Counter[tuple[str, str]] = field(default_factory=Counter)
    changed: dict[str, list[Changed]] = field(default_factory=dict)
    """By case id; messages that come out the same are not in it."""

    def add(self, case_id: str, before: Account | None, after: Account) -> None:
        """One message. ``before`` None: nothing is known of an earlier release."""
        if before is None:
            self.unknown += 1
            return
        self.compared += 1
        for side, account in ((self.before, before), (self.after, after)):
            for line, count in account.items():
                side[line.category, line.method] += count
        if places := _changed(before, after):
            self.changed[case_id] = places

    def rows(self) -> list[tuple[str, str, int, int]]:
        """Category, method, count before, count after."""
        return [(*key, self.before[key], self.after[key]) for key in sorted(self.before.keys() | self.after.keys())]

    def as_json(self) -> dict[str, Any]:  # Any: JSON
        """All of it."""
        return {
            "compared": self.compared,
            "unknown_before": self.unknown,
            "counts": [
                {"category": category, "method": method, "before": before, "after": after}
                for category, method, before, after in self.rows()
            ],
            "changed": {case: [one._asdict() for one in places] for case, places in self.changed.items()},
        }
