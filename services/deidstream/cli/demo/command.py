"""``deidstream demo``: a hospital feed is de-identified before your eyes."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.columns import Columns
from rich.console import Console
from rich.table import Table

from deidstream.cli.demo.deployment import Deployment, running
from deidstream.cli.demo.feed import Feed, case_id
from deidstream.cli.demo.proof import Found, Residue, account, residue
from deidstream.cli.demo.screen import Screen
from deidstream.cli.demo.story import Told, chosen, tell
from deidstream.cli.demo.watch import Watch, percentile
from deidstream.cli.simulate.day import Event, day
from deidstream.core.category import HIPAA_CLASS, Category
from deidstream.stages.ingest.service import Admission

__all__ = ["demo"]

_SETTLE_SECONDS = 60.0
_TURN = 0.1
_PLAIN_WIDTH = 120


def demo(
    folder: Annotated[
        Path | None, typer.Option("--dir", help="A new folder for everything; without it one is made under /tmp.")
    ] = None,
    messages: Annotated[int, typer.Option(min=20, help="How many messages the day has.")] = 600,
    rate: Annotated[float, typer.Option(min=1, help="Messages a second.")] = 25.0,
    seed: Annotated[int, typer.Option(help="Same seed, same day.")] = 38,
) -> None:
    """Start a whole pipeline, send it a simulated hospital day, and show what came out.

    Everything is real: the listeners, the processes, the bus on disk, the keys, the audit log. Only the patients are invented.
    It ends by itself, after about a minute, and leaves its folder for you to look at.

    \b
    Exit code 0: all that was acknowledged was released, nothing planted
    survived, the audit log holds. 1: something of this is not so.

    \b
    Examples:
      deidstream demo
      deidstream demo --dir try/ --messages 200 --rate 50
    """
    console = _console()
    deployment = Deployment.prepare(folder or Path(tempfile.mkdtemp(prefix="deidstream-demo-")) / "demo")
    events = list(day(messages, seed))
    console.print(
        f"starting the pipeline: MLLP on port {deployment.mllp}, FHIR on port {deployment.fhir}, SQLite bus",
        highlight=False,
    )
    with running(deployment):
        watch = Watch(deployment)
        feed = Feed(deployment, events, rate)
        seconds = _send(Screen(console, feed, watch, len(events)), feed, watch)
        admission = Admission(watch.keys, watch.process.clock)
        cases = {case_id(admission, event): event for event in events}
        _await_delivery(deployment, watch)
    told = _told(cases, watch)
    if told:
        tell(console, told)
    found = account(watch)
    left = residue(cases, watch, deployment.released)
    _show_counts(console, found, watch, feed, seconds)
    good = _show_proof(console, found, left, watch, feed)
    _show_ways_on(console, deployment)
    if not good:
        raise typer.Exit(1)


def _console() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=_PLAIN_WIDTH)


def _send(screen: Screen, feed: Feed, watch: Watch) -> float:
    """Sends all, waits until nothing is on its way any more; returns how long both took."""
    began = time.monotonic()
    with screen.shown():
        for _ in feed:
            screen.turn()
        until = time.monotonic() + _SETTLE_SECONDS
        while not watch.settled(len(feed.acknowledged)) and time.monotonic() < until:
            time.sleep(_TURN)
            screen.turn()
    screen.turn(now=True)
    return time.monotonic() - began


def _await_delivery(deployment: Deployment, watch: Watch) -> None:
    """Until every release lies in the folder."""
    wanted = len(watch.releases) + watch.companions
    until = time.monotonic() + _SETTLE_SECONDS
    while _written(deployment) < wanted and time.monotonic() < until:
        time.sleep(_TURN)


def _written(deployment: Deployment) -> int:
    return sum(1 for path in deployment.released.glob("[!.]*")) if deployment.released.exists() else 0


def _told(cases: Mapping[str, Event], watch: Watch) -> Sequence[Told]:
    if not watch.releases:
        return []
    person = chosen(event for case, event in cases.items() if case in watch.releases)
    mine = [(case, event) for case, event in cases.items() if event.person.mrn == person.mrn]
    return [Told(event, watch.releases[case]) for case, event in mine if case in watch.releases]


def _show_counts(console: Console, found: Found, watch: Watch, feed: Feed, seconds: float) -> None:
    categories = Table("found and decided", "HIPAA", "times", box=box.SIMPLE_HEAD)
    categories.columns[2].justify = "right"
    for name, count in found.categories.most_common(12):
        categories.add_row(name, HIPAA_CLASS.get(Category(name)) or "", f"{count}")
    times = Table("latency", "p50", "p95", "p99", box=box.SIMPLE_HEAD)
    for name, values in (
        ("acknowledgement", [one.seconds for one in feed.acknowledged]),
        ("receipt to release", watch.seconds),
    ):
        times.add_row(name, *(f"{percentile(values, share) * 1000:.0f} ms" for share in (0.5, 0.95, 0.99)))
    layers = Table("layer", "decisions", box=box.SIMPLE_HEAD)
    for name, count in found.layers.most_common():
        layers.add_row(name, f"{count}")
    console.print(Columns((categories, times, layers), padding=(0, 3)))
    rate = len(watch.releases) / seconds
    console.print(
        f"throughput: {len(watch.releases)} messages in {seconds:.1f} s, {rate:.1f} messages/s", highlight=False
    )


def _show_proof(console: Console, found: Found, left: Residue, watch: Watch, feed: Feed) -> bool:
    released, acknowledged = len(watch.releases), len(feed.acknowledged)
    stopped = watch.quarantined.total() + watch.held
    checks = (
        (not feed.refused, f"{acknowledged} messages acknowledged, {len(feed.refused)} refused"),
        (
            released == acknowledged,
            f"{released} released, {watch.quarantined.total()} quarantined, {watch.held} held for review",
        ),
        (
            released + stopped == acknowledged and found.delivered == released + watch.companions,
            f"{found.delivered} delivered: each release once, and {watch.companions} FHIR Provenance resources",
        ),
        (
            not left.survived,
            f"{left.survived} of {left.searched} planted numbers, streets and phones found in {left.files} released files"
            + (f" ({left.coincidences} surrogates equal somebody else's by chance)" if left.coincidences else ""),
        ),
        (
            found.report.sound,
            f"audit log: {found.report.entries} entries in {len(found.report.tips)} hash chains, "
            + ("verified" if found.report.sound else f"{len(found.report.faults)} faults"),
        ),
    )
    console.print()
    for good, text in checks:
        console.print(f"[green]ok[/]      {text}" if good else f"[bold red]NOT ok[/]  {text}", highlight=False)
    return all(good for good, _ in checks)


def _show_ways_on(console: Console, deployment: Deployment) -> None:
    command = _typed()
    rows = (
        ("released files", str(deployment.released)),
        ("configuration", str(deployment.config)),
        ("state and keys", str(deployment.state)),
        ("log", str(deployment.log)),
        ("what was done", f"{command} audit show --config {deployment.config}"),
        ("does it hold", f"{command} audit verify --config {deployment.config}"),
        ("start it again", f"{command} up --config {deployment.config}"),
        ("your own files", f"{command} clean SRC... --out cleaned/"),
    )
    console.print("\nwhere it lies, and what to try next", style="bold")
    for name, value in rows:
        console.print(f"  {name:<16}{value}", highlight=False, soft_wrap=True, markup=False)


def _typed() -> str:
    """How the command is called here: by its name where a shell finds it, else as it was this time."""
    this = sys.argv[0]
    return this if Path(this).name == "deidstream" and not shutil.which("deidstream") else "deidstream"
