"""Settings of the stage that looks for heads."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["HeadsSettings"]


class HeadsSettings(BaseModel):
    """How long slices wait for one another, and what a series may measure."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    quiet_seconds: float = Field(
        300, gt=0, description="A series that nobody says the size of is complete when no slice has come for so long."
    )
    keep_days: float = Field(30, gt=0, description="So long a late slice gets what was found in its series.")
    most_slices: int = Field(5_000, gt=0, description="Slices of a series; those beyond go to quarantine.")
    most_bytes: int = Field(4 << 30, gt=0, description="Bytes of a series that is looked at; a larger one is not.")
    believe_headers: bool = Field(
        False,
        description="Whether a slice whose header says that it shows another part of the body, or nobody recognisable, goes "
        "on at once. Otherwise its series is put together too, and released as it is unless a face is seen in it.",
    )
    faces: Path | None = Field(
        None,
        description="Folder of the model of faces, which looks at what would be released; by default the one that comes along. "
        "Where image.triton is set, that server runs it.",
    )
    threads: int = Field(1, gt=0, description="Processors that the model may use.")
