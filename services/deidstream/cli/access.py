"""What the operator's commands open: the deployment's bus, shelf and keys."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from deidstream.adapters.opening import open_bus
from deidstream.adapters.sql_hold import SqlHold
from deidstream.core.errors import Misconfigured
from deidstream.core.outcome import Audit
from deidstream.ports import BusFactory, KeyRing
from deidstream.stages.keyring import ring_of
from deidstream.stages.process import Process
from deidstream.stream.audit import AuditChain
from deidstream.stream.deployment import Deployment
from deidstream.stream.instances import Instance
from deidstream.stream.settings import Settings

__all__ = ["Access", "ConfigOption"]

ConfigOption = Annotated[Path, typer.Option("--config", help="The configuration file of the deployment.")]


@dataclass(frozen=True, slots=True)
class Access:
    """A deployment as an operator sees it. Whoever can read the key folder, or all that Vault has of it, holds the keys."""

    process: Process
    bus: BusFactory

    @classmethod
    def to(cls, config: Path) -> Access:
        """Raises Misconfigured when there is no such deployment: these commands make none."""
        settings = Settings.load(config, os.environ)
        deployment = Deployment.of(settings)
        if not deployment.vault and not deployment.key_folder.exists():
            hint = "it is made when the pipeline first starts: deidstream up"
            raise Misconfigured("no-such-deployment", str(deployment.state), hint)
        process = Process.of(settings, Instance(()))
        return cls(process, open_bus(process.deployment.bus_url, process.deployment.kafka.client()))

    @property
    def deployment(self) -> Deployment:
        """The section of the configuration."""
        return self.process.deployment

    @property
    def shelf(self) -> SqlHold:
        """The hold."""
        return SqlHold(self.deployment.database_url("hold"))

    def keys(self) -> KeyRing:
        """All keys that the deployment has; none is made."""
        return ring_of(self.deployment)

    def audit(self, entry: Audit) -> None:
        """Writes one entry of what an operator did, before it is done. Raises Unavailable when it cannot be written."""
        chain = AuditChain("operator", self.keys(), self.bus)
        bus = self.bus.open("operator", (), "operator")
        try:
            bus.commit(chain.record((entry,), self.process.clock.now()))
            chain.committed()
        finally:
            bus.close()
