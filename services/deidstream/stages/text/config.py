"""Settings of text detection."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from deidstream.stages.inferring import TritonSettings

__all__ = ["TaggerSettings", "TextSettings"]


class TaggerSettings(BaseModel):
    """The neural layer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: Path = Field(
        Path("standard"),
        description="Folder of a released tagger, with tagger.json; standard or fast: those that come with deidstream.",
    )
    signed_by: Path | None = Field(
        None, description="PEM file of an Ed25519 public key; the tagger must be signed with it."
    )
    threads: int = Field(1, ge=1, description="Calls of the model at once in this process, each on one processor.")
    triton: TritonSettings | None = Field(None, description="The server that runs the model; default: this process.")
    least_probability: float = Field(
        0.3,
        ge=0,
        le=1,
        description="What is less likely to identify anybody, by what was measured, is no finding; 0: all is.",
    )
    when_away: Literal["wait", "redact"] = Field(
        "wait",
        description="Where the model does not answer: cases wait, or every text goes on as one finding of unknown category.",
    )


class TextSettings(BaseModel):
    """Section ``text`` of ``deidstream.yaml``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tagger: TaggerSettings | None = Field(None, description="The neural layer; default: rules and identity alone.")
