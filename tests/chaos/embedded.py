"""kill -9 of any process at any moment, in the middle of a feed, seeded: every acknowledged message released exactly once.

    python -m tests.chaos.embedded [--seeds 10] [--messages 2000]

Prints a row a seed and its figures last, in one line; exits 1 when any promise was broken.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from functools import partial
from pathlib import Path

from tests.chaos.faults import Deaths
from tests.chaos.trial import Result, report, trial
from tests.harness.deployment import SHARED, deployment

_RATE = 150.0


def run(seed: int, count: int) -> Result:
    """One seed; every other one with a chain that two processes share."""
    shared = SHARED if seed % 2 else None
    with tempfile.TemporaryDirectory(prefix="deidstream-chaos-") as folder, deployment(Path(folder), shared) as running:
        running.start()
        running.wait_ready()
        return trial("shared" if shared else "default", seed, count, _RATE, running, [Deaths(running, seed)])


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--messages", type=int, default=2_000)
    parser.add_argument("--first", type=int, default=1)
    given = parser.parse_args()
    seeds = range(given.first, given.first + given.seeds)
    return report("chaos-embedded", (partial(run, seed, given.messages) for seed in seeds))


if __name__ == "__main__":
    sys.exit(main())
