"""What ``deidstream replay`` tells: codes, ids, places and numbers, never content."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Column, Table

from deidstream.cli.replay.difference import Difference

__all__ = ["Report", "show"]

_SHOWN = 20
"""Messages that are shown one by one."""


@dataclass(slots=True)
class Report:
    """Of one run. ``tagger``: its name and version, or none."""

    ended: Counter[str] = field(default_factory=Counter)
    """``released``, ``held: residue``, ``quarantined: ...``, ``not entitled``: messages."""
    difference: Difference | None = None
    policy: str = ""
    tagger: str = ""

    @property
    def complete(self) -> bool:
        """Whether all that the project is entitled to would be released."""
        return set(self.ended) <= {"released", "not entitled"}

    def as_json(self) -> dict[str, Any]:  # Any: JSON
        """All of it."""
        found = {"policy": self.policy, "tagger": self.tagger, "messages": dict(sorted(self.ended.items()))}
        return found | ({"difference": self.difference.as_json()} if self.difference is not None else {})


def show(report: Report) -> None:
    """To the terminal."""
    console = Console()
    console.print(f"policy: {report.policy}; tagger: {report.tagger}", highlight=False)
    for ended, count in sorted(report.ended.items()):
        console.print(f"{ended}: {count}", highlight=False)
    if not report.ended:
        console.print("no retained message came in within that time")
    if report.difference is not None:
        _show_difference(console, report.difference)


def _show_difference(console: Console, difference: Difference) -> None:
    counts = Table(
        "category", "method", "before", "after", "difference", title=f"{difference.compared} messages compared"
    )
    for category, method, before, after in difference.rows():
        counts.add_row(category, method, str(before), str(after), f"{after - before:+d}" if after != before else "")
    console.print(counts)
    if difference.unknown:
        console.print(f"no release to compare with, or none whose account is left: {difference.unknown}")
    console.print(f"messages that come out differently: {len(difference.changed)}")
    if difference.changed:
        console.print(_places(difference))
    if len(difference.changed) > _SHOWN:
        console.print(f"... and {len(difference.changed) - _SHOWN} more: --json shows all")


def _places(difference: Difference) -> Table:
    table = Table(Column("case", no_wrap=True, min_width=32), "place", "category", "before", "after")
    for case_id in list(difference.changed)[:_SHOWN]:
        for number, one in enumerate(difference.changed[case_id]):
            table.add_row(case_id if not number else "", one.place, one.category, _said(one.before), _said(one.after))
    return table


def _said(methods: Mapping[str, int]) -> str:
    return ", ".join(method if count == 1 else f"{method} x{count}" for method, count in methods.items()) or "-"
