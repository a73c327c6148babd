"""``deidstream dev``: real servers on this machine, to try things out."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from deidstream.cli.demo.ports import free_row
from deidstream.cli.dev.broker import Cluster
from deidstream.cli.dev.jars import VERSION
from deidstream.stream.chain import stop_on_signals

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Real servers on this machine, to try things out. Not for production.")


@app.callback()
def _group() -> None:
    pass


@app.command()
def kafka(
    nodes: Annotated[int, typer.Option(min=1, max=3, help="1, or 3 for replication.")] = 1,
    folder: Annotated[Path | None, typer.Option("--dir", help="Where its data lies; without: gone at the end.")] = None,
) -> None:
    """Run a real Apache Kafka on loopback until Ctrl-C. The first start fetches it with Maven (43 MB).

    \b
    Examples:
      deidstream dev kafka
      deidstream dev kafka --nodes 3 --dir kafka/
    """
    screen = Console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="deidstream-kafka-") as passing:
        cluster = Cluster((folder or Path(passing)).resolve(), free_row(2 * nodes))
        stop = stop_on_signals()
        try:
            with screen.status(f"starting Apache Kafka {VERSION}"):
                cluster.start()
            screen.print(f"Apache Kafka {VERSION} at {cluster.servers}; Ctrl-C stops it. Next:")
            screen.print(f"  deidstream topics apply --bus kafka://{cluster.servers}", soft_wrap=True)
            screen.print(f"  deidstream up --bus kafka://{cluster.servers}", soft_wrap=True)
            stop.wait()
        finally:
            with screen.status("stopping"):
                cluster.stop()
