"""What delivery works on, and what it says of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from deidstream.core.outcome import Gap
from deidstream.core.release import Release
from deidstream.ports import Lane

__all__ = ["DELIVERED", "GAP", "RECALLED", "REFUSED", "Open", "Parcel", "Result", "kind_of", "releases", "standing"]

DELIVERED, REFUSED, GAP, RECALLED = "delivered", "refused", "gap", "recalled"
"""``recalled``: a later release takes its place; it is not sent any more."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A release, or the news that none will come (``gap``). ``sealed`` is its wire form, for the shelf and for quarantine."""

    sealed: bytes = field(repr=False)
    release: Release | None = None
    gap: Gap | None = None

    @property
    def id(self) -> str:
        """The release id; of a gap, one made from its case."""
        if self.release is not None:
            return self.release.id
        assert self.gap is not None
        return f"gap.{self.gap.case.id}.{self.gap.project}"

    @property
    def project(self) -> str:
        """'' for a gap that concerns all projects."""
        if self.release is not None:
            return self.release.project
        return self.gap.project if self.gap is not None else ""

    def lane(self, project: str) -> Lane:
        """What its order is kept within. Each project has its own lanes."""
        if self.release is not None:
            return Lane(f"{project}/{self.release.source}", self.release.key)
        assert self.gap is not None
        header = self.gap.case.header
        return Lane(f"{project}/{header.source}", header.key)

    @property
    def sequence(self) -> int:
        """Its place in the lane, from 1; 0: it has none."""
        if self.release is not None:
            return self.release.sequence
        return self.gap.case.header.sequence if self.gap is not None else 0

    @property
    def container(self) -> str:
        """The batch file that it was in, '' for none."""
        if self.release is not None:
            return self.release.container
        inside = self.gap.case.header.container if self.gap is not None else None
        return inside.id if inside else ""

    @property
    def place(self) -> tuple[int, int]:
        """Ordinal in the container, and its size."""
        if self.release is not None:
            return self.release.ordinal, self.release.size
        inside = self.gap.case.header.container if self.gap is not None else None
        return (inside.ordinal, inside.size) if inside else (0, 0)


class Result(NamedTuple):
    """How a parcel ended here. ``code`` is what the receiver said, or why it was refused."""

    parcel: Parcel
    status: str
    code: str
    attempts: int = 1
    place: str = ""


Open = Callable[[str, bytes], Parcel]
"""A parcel from its kind (``release``, ``gap``) and wire form."""


def releases(parcels: Iterable[Parcel]) -> list[Parcel]:
    """Those that are releases."""
    return [parcel for parcel in parcels if parcel.release is not None]


def kind_of(parcel: Parcel) -> str:
    """``release`` or ``gap``."""
    return "release" if parcel.release is not None else "gap"


def standing(parcels: Iterable[Parcel]) -> list[Parcel]:
    """Those that no other of them supersedes."""
    every = list(parcels)
    gone = {name for parcel in every if parcel.release is not None for name in parcel.release.superseded}
    return [parcel for parcel in every if parcel.id not in gone]
