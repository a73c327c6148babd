"""How quick the machine is, so that figures of CPU from two of them can be compared."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.bench.figure import Figure

__all__ = ["best", "machine"]

_ROUNDS = 100_000


def machine() -> Figure:
    """A fixed loop of what the pipeline does most: strings, tuples, dictionaries. The pipeline's own figures go along with it."""
    return Figure(
        "machine", 1e3 * best(_work, 5), "CPU ms", note=f"{_ROUNDS:,} rounds of a fixed loop; less is quicker"
    )


def best(work: Callable[[], object], times: int = 3) -> float:
    """CPU seconds of the quickest of some runs: what the others took more, the machine did elsewhere."""
    taken = []
    for _ in range(times):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return min(taken)


def _work() -> None:
    seen: dict[str, tuple[int, ...]] = {}
    for number in range(_ROUNDS):
        key = str(number % 997)
        seen[key] = (*seen.get(key, ())[-2:], key.find("7"))
