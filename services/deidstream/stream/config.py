"""Settings of what every process shares: the bus, the keys, the state folder, health pages and telemetry."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["BusSettings", "HealthSettings", "LoopSettings", "StoreSettings", "TelemetrySettings"]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BusSettings(_Section):
    """Section ``bus``."""

    path: Path = Field(Path("state/bus.db"), description="The file of the embedded bus; on a local disk.")
    partitions: int = Field(8, ge=1, le=256, description="Per topic; cannot change once the bus exists.")
    depth: int = Field(50_000, ge=0, description="Records in an inbox at which senders must wait. 0: no limit.")
    keep_hours: float = Field(1, ge=0, description="How long records stay after everybody has read them.")
    keep_releases_hours: float = Field(24, ge=0, description="The same for releases.")
    keep_audit_days: float | None = Field(None, gt=0, description="How long audit records stay. Absent: for ever.")


class StoreSettings(_Section):
    """Section ``stores``."""

    state: Path = Field(Path("state"), description="Folder of everything that must survive a restart.")
    keys: Path = Field(Path("state/keys"), description="Folder of the keys; readable by this user alone.")
    database: str = Field("sqlite:///state/identity.db", description="Identities and what waits (SQLAlchemy URL).")


class HealthSettings(_Section):
    """Section ``health``."""

    host: str = Field("127.0.0.1", description="Where the health pages answer. Loopback unless the network is trusted.")
    port: int | None = Field(None, ge=0, le=65_535, description="Of the first process; the next ones follow. Absent: none.")


class TelemetrySettings(_Section):
    """Section ``telemetry``."""

    otlp_endpoint: str = Field("", description="Where traces go by OTLP/HTTP, for example http://127.0.0.1:4318. '': none.")


class LoopSettings(_Section):
    """Section ``loop``."""

    batch: int = Field(200, ge=1, le=10_000, description="Cases in one batch at most.")
    batch_seconds: float = Field(0.1, gt=0, description="How long a batch may take; it grows and shrinks by that.")
    quarantine_share: float = Field(0.25, gt=0, le=1, description="A process ends when more of its cases fail.")
