"""What the resolver decided about one finding: the method, and what shall stand there."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from deidstream.core.category import Category
from deidstream.core.span import Span

__all__ = ["Decision", "Method"]


class Method(StrEnum):
    """The methods of a policy (ISO/IEC 20889 terms where it has one)."""

    REDACT = "redact"
    MASK = "mask"
    GENERALISE = "generalise"
    SHIFT = "shift"
    PSEUDONYM = "pseudonym"
    TOKEN = "token"  # noqa: S105
    NOISE = "noise"
    DROP = "drop"
    KEEP = "keep"
    HOLD = "hold"
    QUARANTINE = "quarantine"


class Decision(NamedTuple):
    """The ``span`` of the leaf or part at ``locator`` becomes ``replacement`` (None: removed). KEEP leaves it."""

    locator: str
    span: Span | None
    category: Category
    method: Method
    replacement: str | None
    rule: str
    """Which line of the policy decided: ``default``, ``category:name``, ``path:PID-19``."""
    detectors: tuple[str, ...] = ()
    score: float = 1.0

    def __repr__(self) -> str:
        return f"Decision({self.locator}, {self.span}, {self.category}, {self.method}, {self.rule})"
