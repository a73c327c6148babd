"""What one run of ``clean`` did, in numbers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Tally"]


@dataclass(slots=True)
class Tally:
    """Counts of one run, or of one share of it. Holds codes and numbers only."""

    files: Counter[str] = field(default_factory=Counter)
    """``released``, ``quarantined``, ``partly`` (some messages of the file were not released)."""
    messages: Counter[str] = field(default_factory=Counter)
    formats: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    actions: Counter[str] = field(default_factory=Counter)
    categories: Counter[str] = field(default_factory=Counter)
    bytes_read: int = 0

    def add(self, other: Tally) -> None:
        """Takes in the counts of another share."""
        for name in ("files", "messages", "formats", "reasons", "actions", "categories"):
            getattr(self, name).update(getattr(other, name))
        self.bytes_read += other.bytes_read

    @property
    def complete(self) -> bool:
        """Whether everything was released."""
        # A count may be there and be 0.
        return set(+self.messages) <= {"released"} and set(+self.files) <= {"released"}

    def as_json(self) -> dict[str, Any]:
        """Plain dictionaries, sorted."""
        counters = ("files", "messages", "formats", "reasons", "actions", "categories")
        return {name: dict(sorted(getattr(self, name).items())) for name in counters} | {"bytes_read": self.bytes_read}
