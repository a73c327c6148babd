"""An intake that remembers, and may refuse."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future

import pytest
from deidstream.adapters.memory_keys import MemoryKeyRing
from deidstream.core.case import Case
from deidstream.core.errors import DeidstreamError, Malformed
from deidstream.stages.ingest.service import Admission


class FixedClock:
    def now(self) -> float:
        return 1_700_000_000.0


class RememberingIntake:
    """Durable at once, unless ``hold`` is set (then when ``release`` is called) or ``error`` is."""

    def __init__(self) -> None:
        self.cases: list[Case] = []
        self.bad: dict[str, Malformed] = {}
        self.known: set[str] = set()
        self.error: DeidstreamError | None = None
        self.refusal: DeidstreamError | None = None
        self.hold = False
        self._held: list[Future[None]] = []
        self._lock = threading.Lock()

    def submit(
        self,
        cases: Sequence[Case],
        bad: Mapping[str, Malformed] | None = None,
        marks: Mapping[str, str] | None = None,
    ) -> Future[None]:
        if self.refusal is not None:
            raise self.refusal
        done: Future[None] = Future()
        with self._lock:
            if self.error is None:
                self.cases += cases
                self.bad |= bad or {}
                self.known |= {*(case.id for case in cases), *(marks or {}).values()}
        if self.error is not None:
            done.set_exception(self.error)
        elif self.hold:
            self._held.append(done)
        else:
            done.set_result(None)
        return done

    def accepted(self, ids: Sequence[str]) -> frozenset[str]:
        return frozenset(self.known & set(ids))

    def release(self) -> None:
        for done in self._held:
            done.set_result(None)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def intake() -> RememberingIntake:
    return RememberingIntake()


@pytest.fixture
def admission(clock: FixedClock) -> Admission:
    return Admission(MemoryKeyRing(), clock)
