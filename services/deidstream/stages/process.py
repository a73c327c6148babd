"""A process of the deployment: its configuration and keys, and the chain of stages that it runs.

Each stage's ``__main__`` has ``build(process)``, which makes the stage from its section of the configuration.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from deidstream.adapters.opening import open_artifacts, open_bus, prepare
from deidstream.adapters.sql_archive import SqlCaseArchive
from deidstream.adapters.sql_hold import SqlHold
from deidstream.ports import ArtifactStore, CaseArchive, KeyRing
from deidstream.stages.keyring import ring_of
from deidstream.stages.picturing import ImageSettings
from deidstream.stages.warming import warm
from deidstream.stream.buckets import BucketAccess
from deidstream.stream.chain import ChainOptions, StageSpec, SystemClock, run_chain
from deidstream.stream.claims import Claims
from deidstream.stream.deployment import Deployment
from deidstream.stream.health import Pulse
from deidstream.stream.instances import Instance
from deidstream.stream.otel import OtelTelemetry
from deidstream.stream.runner import Stage
from deidstream.stream.settings import Settings
from deidstream.stream.stages import RENEWED, purposes_of
from deidstream.stream.stores import observed, observed_artifacts
from deidstream.stream.telemetry import Silent, Telemetry

if TYPE_CHECKING:  # light chains know nothing of pictures
    from deidstream.adapters.pictures import PictureProcess

__all__ = ["CONFIG", "Build", "Process", "open_bucket", "run"]

CONFIG = "DEIDSTREAM_CONFIG"
"""The environment variable that names the configuration file, where no argument does."""


_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Process:
    """What a stage is built from. ``keys`` are those of this process's stages and no others."""

    settings: Settings
    deployment: Deployment
    keys: KeyRing
    clock: SystemClock
    instance: Instance
    pulse: Pulse = field(default_factory=Pulse, repr=False, compare=False)
    """What the health pages say of it. What takes long says between its steps that it goes on."""
    _made: dict[type, object] = field(default_factory=dict, repr=False, compare=False)

    def one(self, kind: type[_T], **given: object) -> _T:
        """The one ``kind(**given)`` of this process: stages of a chain, which run by turns, share what it remembers."""
        made = self._made.get(kind)
        if not isinstance(made, kind):
            made = self._made[kind] = kind(**given)
        return made

    @classmethod
    def open(cls, config: Path | None, instance: Instance) -> Process:
        """Reads ``config`` (None: the file that the environment names) and the keys of the stages. Raises Misconfigured."""
        named = os.environ.get(CONFIG)
        return cls.of(Settings.load(config or (Path(named) if named else None), os.environ), instance)

    @classmethod
    def of(cls, settings: Settings, instance: Instance) -> Process:
        """The same from settings that are there already."""
        deployment = Deployment.of(settings)
        prepare(deployment.state)
        purposes = purposes_of(instance.chain)
        clock = SystemClock()
        keys = ring_of(deployment, purposes, create=True, stay=bool(purposes))
        keys.renew(purposes & RENEWED, deployment.renew_keys_days * 86_400, clock.now())
        return cls(settings, deployment, keys, clock, instance)

    @property
    def compiled(self) -> Path:
        """Where what takes long to compile is kept for the next start."""
        return self.deployment.state / "compiled"

    @property
    def claims(self) -> Claims:
        """The artifact store of the deployment, opened when first asked for. Raises Misconfigured where it refuses us."""
        made = self._made.get(Claims)
        if not isinstance(made, Claims):
            made = self._made[Claims] = Claims(self.artifacts())
        return made

    def artifacts(self) -> ArtifactStore | None:
        """The store itself; None where none is configured."""
        url, access = self.deployment.artifacts, self.deployment.artifacts_access
        if not url:
            return None
        store, telemetry = open_bucket(url, access), self.telemetry
        return observed_artifacts(store, telemetry.accessed) if telemetry.tracing else store

    @property
    def telemetry(self) -> Telemetry:
        """The one of this process, for all of its stages. Nothing, where neither pages nor a collector would show it."""
        deployment = self.deployment
        shown = self.instance.chain and (deployment.health or deployment.otlp_endpoint)
        if OtelTelemetry not in self._made and shown:
            self._made[OtelTelemetry] = OtelTelemetry(self.instance.name, deployment.otlp_endpoint)
        made = self._made.get(OtelTelemetry)
        return made if isinstance(made, OtelTelemetry) else Silent()

    def observed(self, store: _T, name: str) -> _T:
        """``store``, seen by traces where there are any: as ``name``, one of ``stores.OPERATIONS``."""
        system = self.deployment.database.partition(":")[0] or "sqlite"
        return observed(store, name, system, self.telemetry.accessed) if self.telemetry.tracing else store

    @property
    def pictures(self) -> PictureProcess:
        """Who decodes and looks at pixels, for all stages of this process.

        Raises Misconfigured where a model is not as it was released.
        """
        from deidstream.adapters.pictures import PictureProcess

        made = self._made.get(PictureProcess)
        if not isinstance(made, PictureProcess):
            setting = self.settings.section("image", ImageSettings).setting
            self.pulse.allow(setting.limits.seconds)
            made = self._made[PictureProcess] = PictureProcess(setting, self.pulse.stir)
        return made

    @property
    def archive(self) -> CaseArchive | None:
        """Retained cases; None where none are kept. Opened when first asked for."""
        if not self.deployment.retained_days:
            return None
        made = self._made.get(SqlCaseArchive)
        if not isinstance(made, SqlCaseArchive):
            made = self._made[SqlCaseArchive] = SqlCaseArchive(self.deployment.database_url("archive"))
        return made

    @property
    def shares(self) -> bool:
        """Whether other processes have the same stages, by what the supervisor or the configuration says."""
        configured = (one for one in self.deployment.instances if one.chain == self.instance.chain)
        return self.instance.shares or any(one.shares for one in configured)

    @property
    def pages(self) -> tuple[str, int] | None:
        """Host and port of the health pages, if there are any."""
        health = self.deployment.health
        return (health.host, health.port + self.instance.number) if health else None


def open_bucket(url: str, access: BucketAccess) -> ArtifactStore:
    """The store at ``url``. Raises Misconfigured where it refuses us."""
    keys = access.pair()
    return open_artifacts(url, keys.access_key.get_secret_value(), keys.secret_key.get_secret_value(), access.ca)


Build = Callable[[Process], Stage]


def run(builds: Mapping[str, Build], process: Process, stop: threading.Event | None = None) -> int:
    """Runs the stages of ``builds`` as one chain until stopped; returns the exit code of ``run_chain``."""
    deployment = process.deployment
    name, health = process.instance.named(builds), process.pages
    stages = {name: build(process) for name, build in builds.items()}
    warm(stages)
    return run_chain(
        [StageSpec(name, stage) for name, stage in stages.items()],
        open_bus(deployment.bus_url, deployment.kafka.client()),
        process.keys,
        process.observed(SqlHold(deployment.database_url("hold")), "hold"),
        ChainOptions(name, deployment.state, health),
        stop=stop,
        telemetry=process.telemetry,
        clock=process.clock,
        claims=process.claims,
        archive=process.archive,
        pulse=process.pulse,
    )
