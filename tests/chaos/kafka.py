"""Faults on a real Apache Kafka while a feed goes through: nothing lost, nothing doubled, the order kept, nothing readable.

    python -m tests.chaos.kafka [--kinds stages,broker,...] [--seeds 10] [--messages 2000] [--jobs 1]

Prints a row a trial and its figures last, in one line; exits 1 when any promise was broken.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from itertools import product

from tests.chaos.faults import BrokerDeaths, BrokerPauses, Fault, RareDeaths, ReplicaDeaths, Restarts
from tests.chaos.outages import DatabaseOutages, DestinationOutages, FullBroker, FullDisk, StoreOutages, Twins
from tests.chaos.sites import Needs, Site, site
from tests.chaos.trial import QUIET_SECONDS, Result, report, trial

__all__ = ["KINDS", "run"]

_RATE = 40.0
_LARGE = 10
"""Where there is a store, every tenth message goes there."""


_ALL_TWICE = {"ingest": 2, "text": 2, "delivery": 2}


def _store(at: Site, seed: int) -> Fault:
    assert at.store is not None
    return StoreOutages(at.running, seed, at.store)


def _database(at: Site, seed: int) -> Fault:
    assert at.database is not None
    return DatabaseOutages(at.running, seed, at.database)


def _everything(at: Site, seed: int) -> list[Fault]:
    """Together a little more often than one kind alone: at their own pace all is hardly ever there, and nothing goes through."""
    deaths, broker = RareDeaths(at.running, seed), BrokerDeaths(at.running, seed + 1, at.kafka)
    found = [deaths, broker, _store(at, seed + 2), _database(at, seed + 3), DestinationOutages(at.running, seed + 4)]
    for fault in found:
        fault.spread(4)
    return found


KINDS: dict[str, tuple[Needs, Callable[[Site, int], list[Fault]]]] = {
    "stages": (Needs(), lambda at, seed: [RareDeaths(at.running, seed)]),
    "restarts": (Needs(), lambda at, seed: [Restarts(at.running, seed)]),
    "broker": (Needs(), lambda at, seed: [BrokerDeaths(at.running, seed, at.kafka)]),
    "pauses": (Needs(), lambda at, seed: [BrokerPauses(at.running, seed, at.kafka)]),
    "one-of-three": (Needs(nodes=3), lambda at, seed: [BrokerDeaths(at.running, seed, at.kafka)]),
    "replicas": (Needs(), lambda at, seed: [ReplicaDeaths(at.running, seed)]),
    "all-replicas": (Needs(processes=_ALL_TWICE), lambda at, seed: [ReplicaDeaths(at.running, seed)]),
    "instances": (Needs(), lambda at, seed: [Twins(at.running, seed)]),
    "destination": (Needs(), lambda at, seed: [DestinationOutages(at.running, seed)]),
    "disk": (Needs(disk=64), lambda at, seed: [FullDisk(at.running, seed)]),
    "broker-disk": (Needs(broker_disk=256), lambda at, seed: [FullBroker(at.running, seed, at.kafka)]),
    "store": (Needs(store=True), lambda at, seed: [_store(at, seed), RareDeaths(at.running, seed)]),
    "database": (Needs(database=True), lambda at, seed: [_database(at, seed)]),
    "everything": (Needs(store=True, database=True), _everything),
}
"""What a deployment has, and what strikes it."""


def run(kind: str, seed: int, count: int, rate: float = _RATE, quiet: float = QUIET_SECONDS) -> Result:
    """One trial, fed at ``rate`` messages a second."""
    needs, faults = KINDS[kind]
    large = _LARGE if needs.store else 0
    with site(needs) as at:
        return trial(kind, seed, count, rate, at.running, faults(at, seed), at.places, large, quiet)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--messages", type=int, default=2_000)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1, help="trials at a time")
    given = parser.parse_args()
    trials = product(given.kinds.split(","), range(given.first, given.first + given.seeds))
    with ProcessPoolExecutor(given.jobs, max_tasks_per_child=1) as pool:
        coming = [pool.submit(run, kind, seed, given.messages) for kind, seed in trials]
        return report("chaos", (one.result for one in coming))


if __name__ == "__main__":
    sys.exit(main())
