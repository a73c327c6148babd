"""Topics as a deployment has them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from deidstream.adapters.kafka_client import Cluster

__all__ = ["apply"]


def apply(cluster: Cluster, config: Path | None = None) -> None:
    """Makes all that are missing below the prefix of ``cluster``."""
    command = [sys.executable, "-m", "deidstream.cli", "topics", "apply"]
    given = ["--config", str(config)] if config else ["--bus", f"kafka://{cluster.servers}/{cluster.prefix}"]
    subprocess.run([*command, *given], check=True, stdout=subprocess.DEVNULL)
