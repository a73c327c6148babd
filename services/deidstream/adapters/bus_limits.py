"""What every bus has to know about its topics: partitions, how deep they may get, how long records stay."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

__all__ = ["BusLimits", "TopicLimits", "assign", "partition_of"]

_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class TopicLimits:
    """``depth``: records not yet consumed at which publishing is refused (0: never). ``keep``: seconds that a record stays
    after everybody has consumed it (None: for ever). ``unread``: whether it expires even if no group reads the topic.
    """

    depth: int = 50_000
    keep: float | None = 3600.0
    unread: bool = False


def _default_topics() -> dict[str, TopicLimits]:
    return {
        # One destination that is away must not stop the others: its backlog may grow with the disk.
        "deidstream.releases.v1": TopicLimits(depth=0, keep=_DAY),
        "deidstream.audit.v1": TopicLimits(depth=0, keep=None),
        "deidstream.quarantine.v1": TopicLimits(depth=0, keep=None),
        "deidstream.raw.v1": TopicLimits(depth=0, keep=30 * _DAY, unread=True),
    }


@dataclass(frozen=True, slots=True)
class BusLimits:
    """``partitions`` may not change once a topic exists, because the key decides the partition."""

    partitions: int = 8
    other: TopicLimits = TopicLimits()
    topics: Mapping[str, TopicLimits] = field(default_factory=_default_topics)

    def of(self, topic: str) -> TopicLimits:
        """The limits of one topic."""
        return self.topics.get(topic, self.other)


def partition_of(key: str, partitions: int) -> int:
    """The partition of ``key``: stable over processes, machines and versions."""
    return zlib.crc32(key.encode("utf-8", "surrogatepass")) % partitions


def assign(lanes: Sequence[int], members: Sequence[str], owners: Mapping[int, str]) -> dict[int, str]:
    """Who shall own which lane: as even as can be, moving as few lanes as possible from where they are.

    Every caller with the same arguments gets the same answer.
    """
    if not members:
        return {}
    members = sorted(members)
    floor, extra = divmod(len(lanes), len(members))
    kept: dict[str, list[int]] = {member: [] for member in members}
    free: list[int] = []
    for lane in sorted(lanes):
        owner = owners.get(lane, "")
        # At most `extra` members may hold one lane more than the others.
        holders = sum(len(held) > floor for held in kept.values())
        room = owner in kept and (len(kept[owner]) < floor or (len(kept[owner]) == floor and holders < extra))
        (kept[owner] if room else free).append(lane)
    for lane in free:
        least = min(members, key=lambda member: len(kept[member]))
        kept[least].append(lane)
    return {lane: member for member, held in kept.items() for lane in held}
