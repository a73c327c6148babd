"""Which processes a deployment has: one for each chain of stages, more where a chain shall be shared by several."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from deidstream.stream.stages import DEFAULT_CHAINS, STAGES

__all__ = ["MOST", "Instance", "instances"]

MOST = 64
"""Processes that may share a stage."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One process: its stages, which of the processes with these stages it is (from 1), and its place among all (from 0)."""

    chain: tuple[str, ...]
    replica: int = 1
    number: int = 0
    """Added to the port of the health pages."""
    count: int = 1
    """How many processes have these stages, as far as is known: one that is added by hand knows only of itself."""

    @property
    def shares(self) -> bool:
        """Whether others have the same stages."""
        return max(self.count, self.replica) > 1

    @property
    def name(self) -> str:
        """Stable over restarts, and unique in the deployment."""
        return self.named(self.chain)

    def named(self, stages: Iterable[str]) -> str:
        """The same for some stages of the chain that work by themselves."""
        return "+".join(stages) + (f".{self.replica}" if self.replica > 1 else "")


def instances(
    chains: Sequence[tuple[str, ...]] = DEFAULT_CHAINS, replicas: Mapping[str, int] | None = None
) -> tuple[Instance, ...]:
    """The processes of ``chains``; ``replicas`` says of a stage how many work on it. Raises ValueError where that cannot be."""
    replicas = replicas or {}
    _check(chains, replicas)
    found: list[Instance] = []
    for chain in chains:
        count = next((replicas[stage] for stage in chain if stage in replicas), 1)
        found += [Instance(chain, replica, len(found) + replica - 1, count) for replica in range(1, count + 1)]
    return tuple(found)


def _check(chains: Sequence[tuple[str, ...]], replicas: Mapping[str, int]) -> None:
    named = [stage for chain in chains for stage in chain]
    if unknown := sorted({*named, *replicas} - set(STAGES)):
        raise ValueError(f"no such stage: {', '.join(unknown)}; there are {', '.join(STAGES)}")
    if len(set(named)) < len(named):
        raise ValueError("a stage stands in two chains; give it replicas instead")
    if idle := sorted(set(replicas) - set(named)):
        raise ValueError(f"replicas of a stage that no chain has: {', '.join(idle)}")
    if not all(1 <= count <= MOST for count in replicas.values()):
        raise ValueError(f"replicas are from 1 to {MOST}")
    for chain in chains:
        counts = {replicas[stage] for stage in chain if stage in replicas}
        if len(counts) > 1:
            raise ValueError(f"stages of one chain have different numbers of replicas: {'+'.join(chain)}")
