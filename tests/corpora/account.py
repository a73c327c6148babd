"""What a check counts: identifiers that must have been decided about, clinical values that must be as they were."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Account:
    """Counts of places, never of values."""

    identifiers: int = 0
    clinical: int = 0
    undecided: Counter[str] = field(default_factory=Counter)
    altered: Counter[str] = field(default_factory=Counter)

    def identifier(self, place: str, before: str, after: str) -> None:
        """``before`` identifies; ``after`` may not be the same."""
        if before.strip():
            self.identifiers += 1
            if before == after:
                self.undecided[place] += 1

    def value(self, place: str, before: str, after: str) -> None:
        """``before`` is a code or a measurement; ``after`` must be the same."""
        if before:
            self.clinical += 1
            if before != after:
                self.altered[place] += 1
