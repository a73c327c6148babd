"""What the structure of a message says: which leaf is what, of whom, issued by whom; and who became whom."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from deidstream.core.category import Category, Role
from deidstream.core.finding import Finding
from deidstream.core.span import Span
from deidstream.core.subject import Identifier

__all__ = ["Fact", "Link", "Reading", "findings"]


class Fact(NamedTuple):
    """The leaf at ``locator`` holds ``value``, of this category. Span None: the element as a whole (``value`` empty)."""

    locator: str
    category: Category
    role: Role
    form: str
    value: str
    subject: int = 0
    """Index into ``Reading.subjects``; facts about nobody in particular belong to subject 0."""
    group: str = ""
    """Joins the pieces of one name, address or person: ``PID-5[1]``, ``Patient.contact[0]``."""
    issuer: str = ""
    """For identifiers: assigning authority, system or root, as written."""
    id_type: str = ""
    """For identifiers: HL7 table 0203 code (MR, SS, PI, VN ...), as written or implied."""
    span: Span | None = None
    """None: all of the leaf."""

    def __repr__(self) -> str:
        return f"Fact({self.locator}, {self.category}, {self.role}, {self.form})"


@dataclass(frozen=True, slots=True)
class Link:
    """A statement about identity. ``kind``: ``merge`` (prior is the same person as survivor), ``unlink``, ``move``.

    ``survivor`` and ``prior`` hold all identifiers that the message gives for each.
    """

    kind: str
    survivor: tuple[Identifier, ...]
    prior: tuple[Identifier, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything the structure says. ``subjects[i]`` are the identifiers of person i, the strongest first.

    ``sexes`` and ``languages`` run parallel to ``subjects`` ('' where not said).
    """

    subjects: tuple[tuple[Identifier, ...], ...]
    facts: tuple[Fact, ...] = field(repr=False)
    links: tuple[Link, ...] = ()
    sexes: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()


def findings(facts: Iterable[Fact], detector: str) -> tuple[Finding, ...]:
    """The same as findings of certainty 1, in order."""
    new, out = tuple.__new__, []
    for locator, category, role, form, value, subject, _, _, _, span in facts:
        span = span or (new(Span, (0, len(value))) if value else None)
        out.append(new(Finding, (locator, span, category, 1.0, detector, role, form, subject, "")))
    return tuple(out)
