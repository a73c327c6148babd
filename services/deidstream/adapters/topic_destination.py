"""Releases to another topic of the bus."""

from __future__ import annotations

from collections.abc import Sequence

from deidstream.core.errors import Unavailable
from deidstream.core.release import Release
from deidstream.ports import Bus, Output, Receipt

__all__ = ["TopicDestination"]

_PUBLISHED = Receipt("published")


class TopicDestination:
    """Publishes a batch in one transaction: content in the clear (it is de-identified), ids in the headers, keyed by subject."""

    def __init__(self, bus: Bus, topic: str) -> None:
        self._bus = bus
        self._topic = topic

    def send(self, releases: Sequence[Release]) -> Sequence[Receipt | Exception]:
        """All or none."""
        try:
            self._bus.commit([self._output(release) for release in releases])
        except Unavailable as error:
            return [error] * len(releases)
        return [_PUBLISHED] * len(releases)

    def close(self) -> None:
        """Leaves the bus."""
        self._bus.close()

    def _output(self, release: Release) -> Output:
        headers = {
            "id": release.id,
            "project": release.project,
            "format": release.format,
            "source": release.source,
            "sequence": str(release.sequence),
            "policy": release.policy,
            "traceparent": release.trace,
            **dict(release.attributes),
        }
        if release.supersedes:
            headers["supersedes"] = release.supersedes
        return Output(self._topic, release.key, release.content, headers)
