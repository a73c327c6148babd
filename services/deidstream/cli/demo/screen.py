"""Progress of the demo: a live screen on a terminal, a plain line now and then everywhere else."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from deidstream.cli.demo.feed import Feed
from deidstream.cli.demo.watch import Watch, percentile
from deidstream.stream.stages import STAGES

__all__ = ["Screen"]

_LOOK_EVERY = 0.5
_LINE_EVERY = 3.0
_OUTCOMES = ("forward", "released", "quarantine", "hold")
_WIDTH = 96


@dataclass(slots=True)
class Screen:
    """Shows ``feed`` and ``watch``. ``turn`` may be called as often as one likes."""

    console: Console
    feed: Feed
    watch: Watch
    total: int
    _began: float = field(default_factory=time.monotonic)
    _looked: float = 0.0
    _said: float = 0.0
    _live: Live | None = None

    @contextmanager
    def shown(self) -> Iterator[None]:
        """While this lasts, the terminal shows how it goes."""
        self._began = time.monotonic()
        if not self.console.is_terminal:
            yield
            return
        with Live(self._picture(), console=self.console, refresh_per_second=4) as self._live:
            yield
            self.turn(now=True)
        self._live = None

    def turn(self, now: bool = False) -> None:
        """Looks and draws when it is time (or ``now``)."""
        moment = time.monotonic()
        if now or moment - self._looked >= _LOOK_EVERY:
            self._looked = moment
            self.watch.look()
            if self._live is not None:
                self._live.update(self._picture(), refresh=now)
        if not self.console.is_terminal and (now or moment - self._said >= _LINE_EVERY):
            self._said = moment
            self.console.print(self._line(), highlight=False)

    def _line(self) -> str:
        seconds, watch = time.monotonic() - self._began, self.watch
        acknowledged = len(self.feed.acknowledged)
        return (
            f"{seconds:5.1f} s  sent {acknowledged + len(self.feed.refused)}/{self.total}  acknowledged {acknowledged}"
            f"  released {len(watch.releases)}  quarantined {watch.quarantined.total()}  held {watch.held}"
            f"  p50 {_milliseconds(watch.seconds, 0.5)}  p99 {_milliseconds(watch.seconds, 0.99)}"
        )

    def _picture(self) -> RenderableType:
        sent = len(self.feed.acknowledged) + len(self.feed.refused)
        return Panel(
            Group(self._bars(sent), Text(), self._figures(), Text(), self._stages()),
            title="a simulated hospital day, sent over MLLP and FHIR",
            subtitle="the message contents stay sealed: this screen shows ids, counts and times",
            width=min(_WIDTH, self.console.width),
            padding=(1, 2),
        )

    def _bars(self, sent: int) -> Table:
        grid = Table.grid(padding=(0, 2))
        grid.add_column(width=12)
        grid.add_column(width=40)
        grid.add_column(justify="right", width=9)
        grid.add_column(justify="right")
        seconds = max(0.1, time.monotonic() - self._began)
        released = len(self.watch.releases)
        grid.add_row("sent", ProgressBar(self.total, sent, width=40), f"{sent}/{self.total}", f"{sent / seconds:.1f}/s")
        grid.add_row("released", ProgressBar(self.total, released, width=40), f"{released}/{self.total}", "")
        return grid

    def _figures(self) -> Table:
        grid = Table.grid(padding=(0, 3))
        acknowledging = [one.seconds for one in self.feed.acknowledged]
        watch = self.watch
        grid.add_row(
            _figure("acknowledged", str(len(self.feed.acknowledged)), "green"),
            _figure("refused", str(len(self.feed.refused)), "red" if self.feed.refused else "green"),
            _figure("quarantined", str(watch.quarantined.total()), "yellow" if watch.quarantined else "green"),
            _figure("held for review", str(watch.held), "yellow" if watch.held else "green"),
        )
        grid.add_row(
            _figure("acknowledgement p50", _milliseconds(acknowledging, 0.5)),
            _figure("p99", _milliseconds(acknowledging, 0.99)),
            _figure("receipt to release p50", _milliseconds(watch.seconds, 0.5)),
            _figure("p99", _milliseconds(watch.seconds, 0.99)),
        )
        return grid

    def _stages(self) -> Table:
        table = Table("stage", *_OUTCOMES, box=None, padding=(0, 2), header_style="dim")
        for column in table.columns[1:]:
            column.justify = "right"
        for stage in STAGES:
            counts = self.watch.stages.get(stage)
            if counts is not None:
                table.add_row(stage, *(str(counts[outcome] or "") for outcome in _OUTCOMES))
        return table


def _figure(name: str, value: str, style: str = "cyan") -> Text:
    return Text.assemble((f"{name} ", "dim"), (value, f"bold {style}"))


def _milliseconds(seconds: list[float], share: float) -> str:
    return f"{percentile(seconds, share) * 1000:.0f} ms" if seconds else "-"
