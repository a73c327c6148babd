"""A destination that can be told what to answer, and releases to send."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from deidstream.adapters.memory_hold import MemoryHold
from deidstream.adapters.memory_keys import MemoryKeyRing
from deidstream.adapters.memory_ledger import MemoryDeliveryLedger
from deidstream.core.case import Case, Container, Header
from deidstream.core.errors import DeidstreamError
from deidstream.core.outcome import Gap
from deidstream.core.release import Release
from deidstream.ports import Receipt
from deidstream.stages.delivery.config import DestinationSettings
from deidstream.stages.delivery.sending import Wait
from deidstream.stages.delivery.service import Delivery
from deidstream.stream.parcel import Parcel
from deidstream.stream.releases import open_parcel
from deidstream.wire import encode_gap, encode_release
from pydantic import TypeAdapter

KEYS = MemoryKeyRing()
SETTINGS: TypeAdapter[DestinationSettings] = TypeAdapter(DestinationSettings)


class Clock:
    def __init__(self) -> None:
        self.time = 1000.0

    def now(self) -> float:
        return self.time


class Receiver:
    """Keeps what it gets. ``answers`` says, by release id, with what errors it answers first."""

    def __init__(self) -> None:
        self.got: list[Release] = []
        self.answers: dict[str, list[Exception]] = {}
        self.down: DeidstreamError | None = None

    @property
    def ids(self) -> list[str]:
        return [release.id for release in self.got]

    def send(self, releases: Sequence[Release]) -> Sequence[Receipt | Exception]:
        return [self._one(release) for release in releases]

    def close(self) -> None:
        pass

    def _one(self, release: Release) -> Receipt | Exception:
        if self.down is not None:
            return self.down
        errors = self.answers.get(release.id)
        if errors:
            return errors.pop(0)
        self.got.append(release)
        return Receipt("AA")


def release(
    number: int, key: str = "s1", project: str = "p", sequence: int | None = None, **changes: object
) -> Release:
    sequence = number if sequence is None else sequence
    made = Release(
        f"R{number}", f"case-{number}", project, "adt", "hl7v2", key, sequence, 1.0, b"MSH|^~\\&|%d\r" % number
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def parcel(one: Release) -> Parcel:
    return Parcel(encode_release(one, KEYS), release=one)


def gap(number: int, key: str = "s1", project: str = "", container: Container | None = None) -> Parcel:
    header = Header(f"case-{key}-{number}", "adt", "hl7v2", 1.0, key=key, sequence=number, container=container)
    found = Gap(Case(header, b""), "quarantined", project)
    return Parcel(encode_gap(found), gap=found)


class World:
    """What outlives a worker."""

    def __init__(self) -> None:
        self.receiver, self.ledger, self.shelf, self.clock = Receiver(), MemoryDeliveryLedger(), MemoryHold(), Clock()
        self.troubles: list[DeidstreamError] = []
        self.patience = 100

    def worker(self, wait: Wait | None = None, **settings: object) -> Delivery:
        kind = {"kind": "folder", "path": "/nowhere"} if settings.get("kind") != "fhir" else {"url": "http://nowhere"}
        found: DestinationSettings = SETTINGS.validate_python({**kind, "name": "out", "projects": ["p"], **settings})
        return Delivery(
            found,
            self.receiver,
            self.ledger,
            self.shelf,
            lambda kind, sealed: open_parcel(kind, sealed, KEYS),
            self.clock,
            wait or self._wait,
        )

    def _wait(self, error: DeidstreamError | None) -> bool:
        if error is not None:
            self.troubles.append(error)
        return len(self.troubles) < self.patience


@pytest.fixture
def world() -> World:
    return World()


Make = Callable[..., Release]
