"""``python -m deidstream.stages.identify``: this stage as a process of its own."""

from __future__ import annotations

import sys

from deidstream.adapters.sql_identity import SqlIdentityStore
from deidstream.ports import IdentityStore
from deidstream.stages.identify.config import IdentifyConfig
from deidstream.stages.identify.searching import Searching
from deidstream.stages.identify.service import Identify
from deidstream.stages.process import Process, run
from deidstream.stream.archiving import reopened
from deidstream.stream.instances import Instance

__all__ = ["build"]


def build(process: Process, *, remember: bool = True, pixels: bool = True) -> Identify:
    """The stage as configured. ``pixels``: whether any policy wants those of DICOM instances looked at."""
    store = SqlIdentityStore(process.deployment.database_url("identity"), process.keys, process.clock)
    store = process.observed(store, "identity")
    config = process.settings.section("identity", IdentifyConfig)
    searching = _searching(process, store, config) if remember else None
    return Identify(
        store,
        process.clock,
        config,
        remember=remember,
        searching=searching,
        pictures=_hosts(process, "image"),
        heads=pixels and _hosts(process, "heads"),
        pixels=pixels,
    )


def _hosts(process: Process, stage: str) -> bool:
    """Whether any process of the deployment hosts the stage."""
    chains = (process.instance.chain, *process.deployment.chains)
    return any(stage in chain for chain in chains)


def _searching(process: Process, store: IdentityStore, config: IdentifyConfig) -> Searching | None:
    archive = process.archive
    if archive is None:
        return None
    fetch = process.claims.fetch
    return Searching(
        store,
        archive,
        lambda kept: reopened(kept, process.keys, fetch),
        process.clock,
        after_seconds=config.search_after_seconds,
        retained_seconds=process.deployment.retained_days * 86_400,
    )


if __name__ == "__main__":
    sys.exit(run({"identify": build}, Process.open(None, Instance(("identify",)))))
