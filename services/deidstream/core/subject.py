"""Subjects (whose data a case is) and what is known about them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from deidstream.core.category import Category, Role

__all__ = ["PASSING", "Identifier", "Known", "Subject", "revision_of"]

PASSING = "message "
"""Begins the group of what one message says and nobody remembers. Remembered groups have numbers."""


class Identifier(NamedTuple):
    """A number that somebody issued to a person. ``issuer`` and ``type`` are configuration, ``value`` is content."""

    issuer: str
    type: str
    value: str

    def __repr__(self) -> str:
        return "Identifier()"


class Known(NamedTuple):
    """One thing that structured data says about the subject, or about somebody around the subject.

    ``form`` says which piece it is: ``family``, ``given``, ``name`` (all of it), ``line``, ``city``, ``number`` ...
    ``group`` joins the pieces of one person's name or of one address: pieces with equal (role, category, group) belong together.
    """

    category: Category
    role: Role
    form: str
    value: str
    group: str = ""
    issuer: str = ""

    @property
    def is_passing(self) -> bool:
        """Whether this message alone says so: it may be looked for in the message's texts, and nothing else may rest on it."""
        return self.group.startswith(PASSING)

    def __repr__(self) -> str:
        return f"Known({self.category}, {self.role}, {self.form})"


@dataclass(frozen=True, slots=True)
class Subject:
    """A person, as one case sees them.

    ``id`` is opaque, derived once and pinned. ``sequence`` counts the messages of this source and subject from 1; ``revision`` the
    state of ``known``. ``sex`` is ``male``, ``female``, ``other`` or ``unknown`` (HL7 administrative-gender).
    """

    id: str
    sequence: int = 0
    revision: int = 0
    sex: str = "unknown"
    language: str = ""
    known: tuple[Known, ...] = field(default=(), repr=False)


def revision_of(subjects: Iterable[Subject]) -> int:
    """State of what is known about all of them together: it grows when, and only when, something is learned of any."""
    return sum({subject.id: subject.revision for subject in subjects}.values())
