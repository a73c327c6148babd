"""How fast a deployment on Kafka can be: from what a message costs each process, and how subjects fall into partitions.

A process has one thread that works, so a core at most. A partition has one reader. So the rate is that of whatever is busy first:

- ``ingest``: its processes share the connections, evenly where those are many;
- ``delivery``: a destination gets all messages, one after the other, from one process: more of these serve more destinations;
- ``identify``: a source is one key, in one partition: as many processes as there are sources, at most;
- ``rest``: fields, text, resolver, writer. The most loaded replica decides, which has its share of the partitions, and these not
  the same number of messages: some people have a hundred times as many as others;
- ``cores``: all of them and the broker together, where there are fewer cores than that.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import lru_cache

from deidstream.adapters.bus_limits import partition_of

__all__ = ["Costs", "Prediction", "Shape", "drawn", "predict"]

_SUBJECTS = 20_000
_MEDIAN, _SPREAD = 0.0, 1.0
"""Messages a subject are log-normal: one in a hundred has ten times the median."""
_REPLICAS = (1, 2, 4, 8, 16, 32)
_PARTITIONS = (8, 32, 128)
_SOURCES = ((1, 1), (4, 1), (4, 2))
"""... and processes of ingest."""


@dataclass(frozen=True, slots=True)
class Costs:
    """CPU seconds a message."""

    ingest: float
    identify: float
    rest: float
    delivery: float
    broker: float

    @property
    def whole(self) -> float:
        """Of all together."""
        return sum(self.parts().values())

    def parts(self) -> dict[str, float]:
        """By name."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Shape:
    """How many processes share what comes after identify, over how many partitions; how many sources there are, with a process
    of identify each; how many processes of ingest."""

    replicas: int = 1
    partitions: int = 8
    sources: int = 1
    ingest: int = 1


@dataclass(frozen=True, slots=True)
class Prediction:
    """Messages a second; what is busy first; how many cores are busy then, the broker's included."""

    rate: float
    limit: str
    cores: float


def predict(costs: Costs, shape: Shape, cores: float = float("inf")) -> Prediction:
    """The rate at which something is always busy."""
    busiest = _largest_share(min(shape.replicas, shape.partitions), shape.partitions)
    rates = {
        "ingest": shape.ingest / costs.ingest,
        "identify": min(shape.sources, shape.partitions) / costs.identify,
        "rest": 1 / (costs.rest * busiest),
        "delivery": 1 / costs.delivery,
        "cores": cores / costs.whole,
    }
    limit = min(rates, key=rates.__getitem__)
    return Prediction(rates[limit], limit, rates[limit] * costs.whole)


@lru_cache
def _largest_share(replicas: int, partitions: int) -> float:
    """Of all messages, what the most loaded of ``replicas`` gets: subjects fall into partitions by their hash, partitions are
    dealt out in turns."""
    draw = random.Random(1)
    loads = [0.0] * partitions
    for number in range(_SUBJECTS):
        loads[partition_of(f"subject-{number}", partitions)] += draw.lognormvariate(_MEDIAN, _SPREAD)
    shares = [sum(loads[number::replicas]) for number in range(replicas)]
    return max(shares) / sum(loads)


def drawn(costs: Costs) -> str:
    """A table: messages a second, cores, and what limits, for more and more replicas."""
    head = f"{'sources':>7} {'ingest':>6} {'replicas':>8} " + "".join(
        f"{f'{number} partitions':>31}" for number in _PARTITIONS
    )
    rows = [f"simulated: messages/s, cores, what is busy first\n{head}"]
    for sources, ingest in _SOURCES:
        for replicas in _REPLICAS:
            found = [predict(costs, Shape(replicas, partitions, sources, ingest)) for partitions in _PARTITIONS]
            cells = "".join(f"{one.rate:>11.0f} {one.cores:>7.1f} {one.limit:>11}" for one in found)
            rows.append(f"{sources:>7} {ingest:>6} {replicas:>8} {cells}")
    return "\n".join(rows)
