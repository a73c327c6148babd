"""Settings of all stages that look at pixels: image finds what is to be covered, the writer looks again at what it covered."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from deidstream.adapters.pictures.setting import RELEASED, PictureLimits, PictureSetting
from deidstream.stages.inferring import TritonSettings

__all__ = ["ImageSettings"]


class ImageSettings(BaseModel):
    """Section ``image`` of ``deidstream.yaml``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    models: Path | None = Field(
        None, description="Folder with the models ocr and faces; default: those that come with deidstream."
    )
    threads: int = Field(1, ge=1, description="Processors that one call of a model may use.")
    seconds: float = Field(
        600, gt=0, description="How long decoding and looking at one instance may take; longer: quarantine."
    )
    memory_mb: int = Field(6144, ge=1024, description="Memory of the process that decodes and looks; more: quarantine.")

    triton: TritonSettings | None = Field(
        None, description="The server that runs these models, for heads too; default: the process that decodes."
    )

    @property
    def setting(self) -> PictureSetting:
        """As the adapter takes it."""
        limits = PictureLimits(self.seconds, self.memory_mb * 2**20)
        server = None if self.triton is None else self.triton.server
        return PictureSetting(self.models or RELEASED, self.threads, limits, server)
