"""Rectangles of pixels painted over, and the result looked at again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from deidstream.core.decision import Decision, Method
from deidstream.core.finding import Finding
from deidstream.core.page import Places, Sheet
from deidstream.core.region import Region
from deidstream.core.subject import Subject
from deidstream.detection.image.burned import UNREAD, findings
from deidstream.ports import Pictures, Reread, SubjectLayer, TextLayer

__all__ = ["Painter"]

_KEEP = Method.KEEP
_ROUNDS = 5
"""How often what is still seen is painted over before the case is held."""


class Painter:
    """``pictures`` is opened when something is to be painted; ``layers`` and ``identity`` read what is seen afterwards."""

    def __init__(self, pictures: Callable[[], Pictures], layers: Sequence[TextLayer], identity: SubjectLayer) -> None:
        self._pictures = pictures
        self._layers = layers
        self._identity = identity

    def printed(self, source: bytes, sheets: Sequence[Sheet]) -> bytes:
        """See ``ports.Pictures``."""
        return self._pictures().printed(source, sheets)

    def again(self, source: bytes, released: bytes, places: Sequence[Places]) -> Sequence[Reread]:
        """See ``ports.Pictures``."""
        return self._pictures().again(source, released, places)

    def painted(self, format_: str, content: bytes, decisions: Iterable[Decision]) -> bytes:
        """``content`` with the rectangles of ``decisions`` filled, but for those that are kept."""
        regions = [region for decision, region in _placed(decisions) if decision.method is not _KEEP]
        # Of a picture file all that is no pixel goes, whatever was found.
        return self._pictures().painted(format_, content, regions) if regions or format_ == "image" else content

    def checked(
        self, format_: str, content: bytes, decisions: Sequence[Decision], subjects: Sequence[Subject]
    ) -> tuple[bytes, tuple[Decision, ...], tuple[Decision, ...]]:
        """``content`` painted, with the decisions that it took, and of these the last where something is seen still.

        Where nothing is to be painted nobody looks again: it is what was looked at before.
        """
        every = tuple(decisions)
        made = self.painted(format_, content, every)
        if all(decision.method is _KEEP for decision in every):
            return made, every, ()
        left: tuple[Decision, ...] = ()
        for _ in range(_ROUNDS):
            left = tuple(self._left(format_, made, every, subjects))
            if not left:
                break
            every += left
            made = self.painted(format_, content, every)
        return made, every, tuple(one for one in left if _is_grave(one, decisions))

    def _left(
        self, format_: str, content: bytes, decisions: Sequence[Decision], subjects: Sequence[Subject]
    ) -> Iterator[Decision]:
        """What is seen in ``content`` and was neither painted nor kept."""
        faces = any(decision.detectors and decision.detectors[0].startswith("image.face") for decision in decisions)
        sight = self._pictures().look(format_, content, faces)
        decided = [region for _, region in _placed(decisions)]
        for finding in findings(sight, subjects, self._layers, self._identity):
            region = Region.parse(finding.locator)
            if region is not None and not any(map(region.is_within, decided)):
                yield _painted(finding)


def _placed(decisions: Iterable[Decision]) -> Iterator[tuple[Decision, Region]]:
    for decision in decisions:
        region = Region.parse(decision.locator)
        if region is not None:
            yield decision, region


def _is_grave(left: Decision, decisions: Sequence[Decision]) -> bool:
    """Whether it can be read, or stands where something was to be covered.

    What is neither is a pattern that looks like a line since the contrast has changed; it has been painted over all the same.
    """
    region = Region.parse(left.locator)
    unread = any(detector.startswith(UNREAD) for detector in left.detectors)
    return not unread or any(region is not None and region.overlap(other) for _, other in _placed(decisions))


def _painted(finding: Finding) -> Decision:
    locator, _, category, score, detector, *_ = finding
    return Decision(locator, None, category, Method.REDACT, None, "residue", (detector,), score)
