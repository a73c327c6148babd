"""The stages between ingest and delivery, run over a list of cases in this process: what ``clean`` needs and no bus."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from deidstream.core.case import Case
from deidstream.core.errors import DeidstreamError, Misconfigured, Unavailable
from deidstream.core.outcome import Forward, Outcome, Quarantine

__all__ = ["Late", "Stage", "run"]


class Stage(Protocol):
    """What every stage offers."""

    def handle(self, cases: Sequence[Case]) -> list[Outcome]:
        """The outcomes of ``cases``."""


class Late:
    """A stage that is built when the first case comes to it: models of pictures are not loaded for messages."""

    def __init__(self, build: Callable[[], Stage]) -> None:
        self._build = build
        self._stage: Stage | None = None

    def handle(self, cases: Sequence[Case]) -> list[Outcome]:
        """The outcomes of ``cases``."""
        if self._stage is None:
            self._stage = self._build()
        return self._stage.handle(cases)


def run(cases: Iterable[Case], stages: Mapping[str, Stage]) -> list[Outcome]:
    """Takes every case through its itinerary; the outcomes that leave the pipeline, in no particular order.

    A case that a stage refuses comes out as Quarantine, alone. Raises Unavailable and Misconfigured as the stages do.
    """
    finished: list[Outcome] = []
    waiting: dict[str, list[Case]] = {}
    _queue(waiting, cases)
    while waiting:
        name = next(iter(waiting))
        for outcome in _handled(stages[name], waiting.pop(name)):
            if isinstance(outcome, Forward):
                _queue(waiting, (outcome.case,))
            else:
                finished.append(outcome)
    return finished


def _queue(waiting: dict[str, list[Case]], cases: Iterable[Case]) -> None:
    for case in cases:
        waiting.setdefault(case.header.itinerary[0], []).append(case)


def _handled(stage: Stage, cases: list[Case]) -> list[Outcome]:
    try:
        return stage.handle(cases)
    except (Unavailable, Misconfigured):
        raise
    except DeidstreamError as error:
        if len(cases) == 1:
            return [Quarantine(cases[0], error.code, error.place)]
    except Exception:  # noqa: BLE001 - one case must not take the others with it; what it says may be content
        if len(cases) == 1:
            return [Quarantine(cases[0], "stage-crashed", type(stage).__name__.lower())]
    return [outcome for case in cases for outcome in _handled(stage, [case])]
