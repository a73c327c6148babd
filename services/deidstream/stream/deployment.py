"""What all processes of one deployment share: where state lies, which bus, which chains."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from deidstream.stream.settings import Settings
from deidstream.stream.stages import DEFAULT_CHAINS, STAGES

__all__ = ["SECTIONS", "Deployment", "Health"]

SECTIONS = ("deployment", "ingest", "identity", "resolver", "writer", "delivery")
"""The sections of ``deidstream.yaml``."""

_Port = Annotated[int, Field(ge=0, le=65_000)]


class Health(BaseModel):
    """The pages ``/healthz``, ``/readyz`` and ``/metrics``: one port for each chain, counted up from ``port``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: _Port = 9464


class Deployment(BaseModel):
    """Section ``deployment`` of ``deidstream.yaml``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    state: Path = Field(Path("state"), description="Folder of the embedded bus, identities, holds, ledgers, keys.")
    bus: str = Field("", description="URL of the bus; empty: an SQLite file in the state folder.")
    database: str = Field(
        "",
        description="SQLAlchemy URL of identities, holds and ledgers; empty: an SQLite file for each in the state folder.",
    )
    keys: Path | None = Field(None, description="Folder of the key ring; empty: 'keys' in the state folder.")
    renew_keys_days: float = Field(
        30, gt=0, description="Age at which the keys of content get a successor, at the next start of a process."
    )
    chains: tuple[tuple[str, ...], ...] = Field(DEFAULT_CHAINS, description="Which stages share a process.")
    health: Health | None = Field(Health(), description="Where each process says how it is; null: nowhere.")
    otlp_endpoint: str = Field(
        "", description="Base URL of an OpenTelemetry collector (OTLP over HTTP); empty: no traces leave."
    )

    @model_validator(mode="after")
    def _every_stage_once(self) -> Self:
        named = [stage for chain in self.chains for stage in chain]
        if unknown := sorted(set(named) - set(STAGES)):
            raise ValueError(f"no such stage: {', '.join(unknown)}; there are {', '.join(STAGES)}")
        if len(set(named)) < len(named):
            raise ValueError("a stage stands in two chains")
        return self

    @property
    def bus_url(self) -> str:
        """Never empty."""
        return self.bus or f"sqlite:///{self.state / 'bus.sqlite'}"

    def database_url(self, use: str) -> str:
        """``use``: identity, hold or ledger. SQLite has one writer a file, so each has its own."""
        return self.database or f"sqlite:///{self.state / f'{use}.sqlite'}"

    @property
    def key_folder(self) -> Path:
        """Never None."""
        return self.keys or self.state / "keys"

    @classmethod
    def of(cls, settings: Settings) -> Deployment:
        """The section of ``settings``; raises Misconfigured when it, or the name of another section, is wrong."""
        settings.refuse_unknown(SECTIONS)
        return settings.section("deployment", cls)
