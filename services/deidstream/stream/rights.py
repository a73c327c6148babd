"""What a process may do on Kafka: the least that its stages need. Where the cluster asks (ACLs), nobody needs more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from deidstream.stream.stages import AUDIT, GROUP, INBOXES, QUARANTINE, RAW, RELEASES, STAGES, inbox

__all__ = ["Right", "lag_rights", "monitor_rights", "operator_rights", "rights_of", "setup_rights"]

Operation = Literal["read", "write", "create", "describe", "describe-configs", "all"]
_MONITOR = f"{GROUP}.monitor"


@dataclass(frozen=True, slots=True)
class Right:
    """``operations`` on ``name``, or, ``prefixed``, on all names that begin with it. Without the prefix of the deployment."""

    kind: Literal["topic", "group", "transactional-id"]
    name: str
    operations: tuple[Operation, ...]
    prefixed: bool = False


def rights_of(stages: Sequence[str], topics: Iterable[str] = ()) -> tuple[Right, ...]:
    """Those of a process with ``stages``. ``topics``: what its destinations write to on the same cluster.

    Whoever writes may describe, and whoever reads too. A case goes on to its own stage (from the shelf) and to those behind it.
    """
    found = {right: None for stage in stages for right in _of(stage)}  # a dictionary keeps their order
    looped = [stage for stage in stages if stage not in ("ingest", "delivery")]
    if looped:
        found[Right("group", GROUP, ("read",))] = None
        found[Right("transactional-id", f"deidstream.{GROUP}.{'+'.join(looped)}", ("write",), True)] = None
    if "delivery" in stages:
        found |= {Right("topic", topic, ("write",)): None for topic in topics}
    return tuple(found)


def setup_rights(topics: Iterable[str] = ()) -> tuple[Right, ...]:
    """Those of whoever runs ``deidstream topics``."""
    may: tuple[Operation, ...] = ("create", "describe", "describe-configs")
    return Right("topic", "deidstream.", may, True), *(Right("topic", topic, may) for topic in topics)


def monitor_rights(looks: bool) -> tuple[Right, ...]:
    """Those of ``deidstream monitor``, which writes its changelog alone. ``looks``: for canaries, in releases."""
    read = (AUDIT, RELEASES) if looks else (AUDIT,)
    own = Right("group", _MONITOR, ("read",)), Right("topic", _MONITOR, ("all",), True)
    return *(Right("topic", topic, ("read",)) for topic in read), *own


def operator_rights() -> tuple[Right, ...]:
    """Those of people, with all keys: what is in quarantine, on hold or kept raw goes back to a stage, and all of it is audited."""
    read = (AUDIT, QUARANTINE, RAW, RELEASES)
    return (
        *(Right("topic", topic, ("read",)) for topic in read),
        *(Right("topic", topic, ("write",)) for topic in (AUDIT, QUARANTINE, *INBOXES)),
        Right("transactional-id", "deidstream.operator.", ("write",), True),
    )


def lag_rights(destinations: Iterable[str] = ()) -> tuple[Right, ...]:
    """Those of whoever asks how far behind each chain is (KEDA): it sees counts, no record."""
    groups = (GROUP, *(f"delivery.{name}" for name in destinations))
    topics = tuple(Right("topic", topic, ("describe",)) for topic in INBOXES)
    return *topics, *(Right("group", group, ("describe",)) for group in groups)


def _of(stage: str) -> Iterator[Right]:
    yield Right("topic", AUDIT, ("read",))  # its chain of entries goes on where it ended
    yield Right("topic", AUDIT, ("write",))
    yield Right("topic", QUARANTINE, ("write",))
    if stage == "ingest":
        yield Right("topic", RAW, ("write",))
        for topic in (inbox("identify"), QUARANTINE):  # what a predecessor has committed
            yield Right("topic", topic, ("read",))
        yield Right("topic", inbox("identify"), ("write",))
        yield Right("transactional-id", "deidstream.ingest.", ("write",), True)
        # Of topics of others, where these are on this cluster.
        yield Right("group", "deidstream.ingest.", ("read",), True)
        return
    yield Right("topic", inbox(stage), ("read",))
    if stage == "delivery":
        yield Right("transactional-id", "deidstream.delivery.", ("write",), True)
        yield Right("group", "delivery.", ("read",), True)
        return
    for later in STAGES[STAGES.index(stage) : STAGES.index("delivery")]:
        yield Right("topic", inbox(later), ("write",))
    # One group reads all inboxes, and any of its members may have to share them out: it must see what partitions there are.
    for earlier in STAGES[1 : STAGES.index(stage)]:
        yield Right("topic", inbox(earlier), ("describe",))
    yield Right("topic", RELEASES, ("write",))  # releases, and gaps of what is quarantined
