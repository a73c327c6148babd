"""Releases to another topic of the bus."""

from __future__ import annotations

from collections.abc import Sequence

from deidstream.adapters.topic_record import topic_record
from deidstream.core.errors import Unavailable, Unsafe
from deidstream.core.release import Release
from deidstream.ports import Bus, Receipt

__all__ = ["TopicDestination"]

_PUBLISHED = Receipt("published")


class TopicDestination:
    """Publishes a batch in one transaction."""

    def __init__(self, bus: Bus, topic: str) -> None:
        self._bus = bus
        self._topic = topic

    def send(self, releases: Sequence[Release]) -> Sequence[Receipt | Exception]:
        """All or none, or one by one where one of them is refused."""
        try:
            self._bus.commit([topic_record(release, self._topic) for release in releases])
        except Unavailable as error:
            return [error] * len(releases)
        except Unsafe as error:  # one is too large, and nothing was committed: it must not hold back the others
            return [error] if len(releases) == 1 else [self.send([release])[0] for release in releases]
        return [_PUBLISHED] * len(releases)

    def close(self) -> None:
        """Leaves the bus."""
        self._bus.close()
