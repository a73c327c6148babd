"""What all processes of one deployment share: where state lies, which bus, which chains."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from deidstream.stream.buckets import BucketAccess
from deidstream.stream.instances import Instance, instances
from deidstream.stream.kafka import Kafka
from deidstream.stream.key_places import Kms, Vault
from deidstream.stream.settings import Settings
from deidstream.stream.stages import DEFAULT_CHAINS

__all__ = ["SECTIONS", "ArtifactDays", "Deployment", "Health"]

SECTIONS = ("deployment", "ingest", "identity", "text", "image", "heads", "resolver", "writer", "delivery", "monitor")
"""The sections of ``deidstream.yaml``."""

_Port = Annotated[int, Field(ge=0, le=65_000)]


class Health(BaseModel):
    """The pages ``/healthz``, ``/readyz`` and ``/metrics``: one port for each process, counted up from ``port``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: _Port = 9464


class ArtifactDays(BaseModel):
    """Must outlive what names an artifact: see ``deidstream artifacts check``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    raw: int = Field(default=90, gt=0, description="Messages as they came, where the raw log is kept.")
    cases: int = Field(default=90, gt=0, description="Cases on their way, held or in quarantine.")
    releases: int = Field(default=90, gt=0, description="What was released.")

    def by_area(self) -> dict[str, int]:
        """Days by the first step of the keys, which each is named after (``claims``)."""
        return {"raw": self.raw, "cases": self.cases, "releases": self.releases}


class Deployment(BaseModel):
    """Section ``deployment`` of ``deidstream.yaml``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    state: Path = Field(Path("state"), description="Folder of the embedded bus, identities, holds, ledgers, keys.")
    bus: str = Field(
        "",
        description="kafka://HOST:PORT[,HOST:PORT][/PREFIX]; empty: an SQLite file in the state folder.",
    )
    kafka: Kafka = Kafka()
    database: str = Field(
        "",
        repr=False,  # a password may stand in it
        description="URL of identities, holds, ledgers and retained cases: postgresql://USER@HOST/DATABASE; "
        "empty: an SQLite file for each in the state folder.",
    )
    keys: Path | None = Field(None, description="Folder of the key ring; empty: 'keys' in the state folder.")
    keys_provided: bool = Field(
        False,
        description="Whether the platform mounts the keys (Secrets of Kubernetes): no process makes or renews one.",
    )
    vault: Vault | None = Field(None, description="Keys in HashiCorp Vault instead of a folder.")
    kms: Kms | None = Field(None, description="Keys in the folder are wrapped by a key management service.")
    artifacts: str = Field(
        "",
        description="URL of the store for what is too large for a record: s3://BUCKET/PREFIX?endpoint=https://HOST:PORT or "
        "file:///FOLDER; empty: all stays in the records.",
    )
    artifacts_access: BucketAccess = Field(
        default_factory=lambda: BucketAccess.model_validate({}), description="Credentials of that bucket."
    )
    artifacts_days: ArtifactDays = Field(ArtifactDays(), description="After how many days the bucket deletes what.")
    retained_days: float = Field(
        30,
        ge=0,
        description="How long cases are kept, sealed, to be searched again for what becomes known later, and to be replayed; "
        "0: not at all.",
    )
    renew_keys_days: float = Field(
        30, gt=0, description="Age at which the keys of content get a successor, at the next start of a process."
    )
    chains: tuple[tuple[str, ...], ...] = Field(DEFAULT_CHAINS, description="Which stages share a process.")
    replicas: Mapping[str, int] = Field(
        {},
        description="How many processes share the work of a stage, and of the chain that it is in: {ingest: 2, text: 2}. "
        "Those of ingest share the ports of a machine, those of delivery the destinations.",
    )
    health: Health | None = Field(Health(), description="Where each process says how it is; null: nowhere.")
    otlp_endpoint: str = Field(
        "", description="Base URL of an OpenTelemetry collector (OTLP over HTTP); empty: no traces leave."
    )

    @model_validator(mode="after")
    def _possible(self) -> Self:
        instances(self.chains, self.replicas)
        if self.vault and (self.keys or self.keys_provided or self.kms):
            raise ValueError("vault: keys lie there or in a folder (keys, keys_provided, kms), not in both")
        return self

    @property
    def instances(self) -> tuple[Instance, ...]:
        """The processes that ``deidstream up`` starts."""
        return instances(self.chains, self.replicas)

    @property
    def bus_url(self) -> str:
        """Never empty."""
        return self.bus or f"sqlite:///{self.state / 'bus.sqlite'}"

    def database_url(self, use: str) -> str:
        """``use``: identity, hold, ledger or archive. SQLite has one writer a file, so each has its own."""
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
