"""What a detector says: here, in this place, stands something of this kind."""

from __future__ import annotations

from typing import NamedTuple

from deidstream.core.category import Category, Role
from deidstream.core.span import Span

__all__ = ["Finding"]


class Finding(NamedTuple):
    """An identifier at ``span`` (code points) of the leaf or part at ``locator``; span None: the element as a whole."""

    locator: str
    span: Span | None
    category: Category
    score: float
    """Confidence in [0, 1]; rules with a check digit and structured fields say 1."""
    detector: str
    """Layer and version: ``fields.hl7v2/1``, ``text.rules/1``, ``text.identity/1``."""
    role: Role = Role.UNKNOWN
    form: str = ""
    """How the value is written, for the surrogate: ``family``, ``given``, ``name``, ``hl7.DTM``, ``fhir.date``, ``text.de`` ..."""
    subject: int = 0
    canonical: str = ""
    """The known value that this is a variant of (content: never printed), so that a typing error gets the same surrogate."""

    def __repr__(self) -> str:
        return f"Finding({self.locator}, {self.span}, {self.category}, {self.detector}, {self.score:.2f})"
