"""Section ``monitor`` of ``deidstream.yaml``."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from deidstream.stream.deployment import Health

__all__ = ["MonitorSettings"]


class MonitorSettings(BaseModel):
    """What is watched."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    window_seconds: float = Field(60.0, gt=0, description="Rates are those of the last whole window.")
    drift_seconds: float = Field(3_600.0, gt=0, description="Categories are counted over so long.")
    drift_threshold: float = Field(
        0.25, gt=0, description="Population stability index at which categories count as shifted."
    )
    drift_least: int = Field(500, gt=0, description="Decisions below which a share means nothing.")
    baseline: Path | None = Field(
        None, description="Written by 'deidstream monitor baseline'; empty: monitor/baseline.json in the state folder."
    )
    canaries: Path | None = Field(
        None,
        description="A file that only its owner reads: a line NAME VALUE for each string that must never come out.",
    )
    health: Health = Health(port=9480)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.drift_seconds < self.window_seconds:
            raise ValueError("drift_seconds must be at least window_seconds")
        return self

    @property
    def drift_windows(self) -> int:
        """How many windows the categories are counted over."""
        return round(self.drift_seconds / self.window_seconds)
