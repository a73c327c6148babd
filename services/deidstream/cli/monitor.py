"""``deidstream monitor``: watches the pipeline from beside it."""

from __future__ import annotations

import os
import time
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from deidstream.adapters.opening import open_bus, prepare
from deidstream.cli.access import ConfigOption
from deidstream.cli.claim import claim
from deidstream.stages.monitor.__main__ import baseline_of, serve
from deidstream.stages.monitor.config import MonitorSettings
from deidstream.stages.monitor.drift import write_baseline
from deidstream.stages.monitor.tallies import CATEGORY, of_entries
from deidstream.stream.audit import entries_of
from deidstream.stream.chain import stop_on_signals
from deidstream.stream.deployment import Deployment
from deidstream.stream.settings import Settings
from deidstream.stream.stages import AUDIT

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True,
    help="Watch rates, drift and canaries beside the pipeline. Counts are at least once: for dashboards, not for accounts.",
)

_CONFIG = Path("deidstream.yaml")
_DAY = 86_400.0


@app.command()
def run(config: ConfigOption = _CONFIG) -> None:
    """Watch until told to stop (SIGTERM, Ctrl-C); /metrics, /healthz and /readyz are at monitor.health.

    It reads the audit log, and the releases where monitor.canaries names
    a file; it writes nothing that the pipeline reads, and may be stopped
    or killed at any time. After a crash it may count some twice: what it
    shows is for dashboards, not for accounts (deidstream audit has those).

    \b
    Example:
      deidstream monitor run --config deidstream.yaml
    """
    settings, stop = Settings.load(config, os.environ), stop_on_signals()
    state = Deployment.of(settings).state
    prepare(state)
    # Two under one name would end each other for ever.
    with claim(state, "monitor", stop) as ours:
        code = serve(settings, stop) if ours else 0
    raise typer.Exit(code)


@app.command()
def baseline(
    config: ConfigOption = _CONFIG,
    days: Annotated[float, typer.Option(help="Learn from so many days, up to now.", min=0)] = 7.0,
) -> None:
    """Learn how often each category is decided about, a project, from the audit log: what drift is measured against.

    \b
    Example:
      deidstream monitor baseline --days 14
    """
    settings = Settings.load(config, os.environ)
    deployment, wanted = Deployment.of(settings), settings.section("monitor", MonitorSettings)
    since = time.time() - days * _DAY
    found: dict[str, Counter[str]] = {}
    for record in open_bus(deployment.bus_url, deployment.kafka.client()).scan(AUDIT):
        for at, (kind, labels, count) in of_entries(entries_of(record)):
            if kind == CATEGORY and at >= since:
                project, category = labels
                found.setdefault(project, Counter())[category] += count
    path = baseline_of(deployment, wanted)
    write_baseline(path, found)
    for project, shares in sorted(found.items()):
        Console().print(f"{project}: {shares.total()} decisions in {len(shares)} categories", highlight=False)
    Console().print(f"written to {path}; the monitor reads it when it starts", highlight=False, soft_wrap=True)
