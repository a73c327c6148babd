"""Cases on their way through the stages of one process."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from deidstream.core.case import Case
from deidstream.core.errors import DeidstreamError, Malformed, Misconfigured, Unavailable, Unsafe
from deidstream.core.outcome import Done, Forward, Outcome, Quarantine, Released
from deidstream.stream import log
from deidstream.stream.outputs import Outputs
from deidstream.stream.telemetry import Telemetry

__all__ = ["Passage", "Stage"]


class Stage(Protocol):
    """What a stage offers.

    It may also have ``tick(now) -> list[Outcome]``, called about twice a second, and ``due(cases) -> list[Outcome]``, called
    with cases that it held and whose deadline has passed (``holds``).
    """

    def handle(self, cases: Sequence[Case]) -> list[Outcome]:
        """What becomes of ``cases``. Raises Malformed or Unsafe for a bad one, Unavailable when it cannot work now."""


class Passage:
    """Hands cases from stage to stage in memory; what leaves goes to the outputs of the commit."""

    def __init__(self, stages: Mapping[str, Stage], telemetry: Telemetry) -> None:
        self._stages = stages
        self._order = {name: number for number, name in enumerate(stages)}
        self._telemetry = telemetry

    def through(self, waiting: dict[str, list[Case]], outputs: Outputs) -> None:
        """Takes all cases through the stages of this process; those of one stage stay in the order in which they came."""
        place = {case.id: number for number, case in enumerate(case for cases in waiting.values() for case in cases)}
        while waiting:
            name = min(waiting, key=self._order.__getitem__)
            cases = sorted(waiting.pop(name), key=lambda case: place.get(case.id, 0))
            self.hand_on(name, self._observed(name, cases), cases, waiting, outputs)

    def hand_on(
        self,
        name: str,
        outcomes: Iterable[Outcome],
        cases: Sequence[Case],
        waiting: dict[str, list[Case]],
        outputs: Outputs,
    ) -> None:
        """Outcomes of the stage ``name``: to the next stage where that is here, else to the outputs."""
        for outcome in outcomes:
            following = outcome.case.header.itinerary[:1] if isinstance(outcome, Forward) else ()
            if isinstance(outcome, Forward) and outcome.keep:
                outputs.keep(outcome.case)
            if isinstance(outcome, Forward) and following and following[0] in self._stages:
                outputs.audit += outcome.audit
                waiting.setdefault(following[0], []).append(outcome.case)
                continue
            _log_quarantine(name, outcome)
            try:
                outputs.add(name, outcome)
            except (Malformed, Unsafe) as error:
                # What the stage made of the case cannot be written; the case as the stage got it can.
                culprit = next((case for case in cases if case.id == _case_id(outcome)), None)
                if culprit is None:
                    raise
                outputs.add(name, Quarantine(culprit, error.code, error.place))

    def refused(self, name: str, case: str, error: DeidstreamError) -> None:
        """A record for the stage ``name`` that is no case, or none that may be handled."""
        log.emit("case.quarantined", logging.WARNING, case=case, stage=name, code=error.code, place=error.place)
        self._telemetry.handled(name, (), time.time(), {"quarantine": 1})

    def _observed(self, name: str, cases: list[Case]) -> list[Outcome]:
        began = time.time()
        outcomes = self._handled(name, cases)
        counts = Counter(type(outcome).__name__.lower() for outcome in outcomes)
        self._telemetry.handled(name, cases, began, counts)
        return outcomes

    def _handled(self, name: str, cases: list[Case]) -> list[Outcome]:
        """The outcomes of ``cases``; where the stage refuses, by halves, until the culprit is alone."""
        try:
            return self._stages[name].handle(cases)
        except (Unavailable, Misconfigured):
            raise
        except Exception as error:  # noqa: BLE001 - the runner's task: one case must not take the others with it
            if len(cases) == 1:
                return [Quarantine(cases[0], *_blame(name, error, cases[0]))]
        half = len(cases) // 2
        return self._handled(name, cases[:half]) + self._handled(name, cases[half:])


def _log_quarantine(stage: str, outcome: Outcome) -> None:
    if isinstance(outcome, Quarantine):
        log.emit(
            "case.quarantined",
            logging.WARNING,
            case=outcome.case.id,
            stage=stage,
            code=outcome.code,
            place=outcome.place,
            trace=outcome.case.header.trace,
        )


def _case_id(outcome: Outcome) -> str:
    if isinstance(outcome, Released):
        return outcome.release.case_id
    return outcome.case_id if isinstance(outcome, Done) else outcome.case.id


def _blame(stage: str, error: Exception, case: Case) -> tuple[str, str]:
    """Code and place of a culprit's quarantine. What an unexpected error says may be content, so only where it was counts."""
    if isinstance(error, DeidstreamError):
        return error.code, error.place
    site = log.crash_site(error)
    log.emit("stage.crashed", logging.ERROR, stage=stage, error=type(error).__name__, at=site, trace=case.header.trace)
    return "stage-crashed", f"{stage}:{type(error).__name__}:{site}"
