"""Series among the files of ``clean``: each is looked at as a whole before any of its slices is cleaned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from deidstream import formats
from deidstream.cli.clean.inputs import Input
from deidstream.cli.clean.reading import Reading
from deidstream.core.case import Case
from deidstream.core.errors import DeidstreamError
from deidstream.core.outcome import Outcome
from deidstream.stages.process import Process

if TYPE_CHECKING:  # only who has such pictures loads what works on them
    from deidstream.stages.heads.service import Heads

__all__ = ["Volumes"]


class Volumes:
    """The stage that looks for heads, made when the first slice comes."""

    def __init__(self, process: Process, reading: Reading) -> None:
        self._process = process
        self._reading = reading
        self._series: dict[str, list[Input]] = {}
        self._made: Heads | None = None

    def note(self, item: Input, case: Case) -> None:
        """Remembers in which file ``case`` is, if it may show a head."""
        if case.header.format != "dicom":
            return
        from deidstream.detection.fields.dicom.pixels import may_show_head

        try:
            document = formats.split("dicom", case.source, "")
            if may_show_head(document):
                self._series.setdefault(self._stage.series(case.changed(document=document)), []).append(item)
        except DeidstreamError:
            return  # whoever cleans it meets it again and says so

    def settle(self) -> None:
        """Looks at each series that was noted."""
        if not self._series:
            return
        self._stage.anew()
        for series, items in self._series.items():
            self._stage.settle(series, partial(self._cases, items))
        self._series.clear()

    def handle(self, cases: Sequence[Case]) -> list[Outcome]:
        """See ``Heads``."""
        return self._stage.handle(cases)

    @property
    def _stage(self) -> Heads:
        if self._made is None:
            from deidstream.stages.heads.__main__ import build

            self._made = build(self._process)
        return self._made

    def _cases(self, items: Sequence[Input]) -> Iterator[Case]:
        for item in items:
            try:
                yield from self._reading.open(item).cases
            except (DeidstreamError, OSError):
                continue
