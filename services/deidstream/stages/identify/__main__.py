"""``python -m deidstream.stages.identify``: this stage as a process of its own."""

from __future__ import annotations

import sys

from deidstream.adapters.sql_identity import SqlIdentityStore
from deidstream.stages.identify.config import IdentifyConfig
from deidstream.stages.identify.service import Identify
from deidstream.stages.process import Process, run
from deidstream.stream.instances import Instance

__all__ = ["build"]


def build(process: Process, *, remember: bool = True) -> Identify:
    """The stage as configured."""
    deployment = process.deployment
    store = SqlIdentityStore(deployment.database_url("identity"), process.keys, process.clock)
    store = process.observed(store, "identity")
    return Identify(store, process.clock, process.settings.section("identity", IdentifyConfig), remember=remember)


if __name__ == "__main__":
    sys.exit(run({"identify": build}, Process.open(None, Instance(("identify",)))))
