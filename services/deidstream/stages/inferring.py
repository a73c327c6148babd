"""Settings of all stages whose models may run on a Triton inference server."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from deidstream.adapters.triton_server import TritonServer

__all__ = ["TritonSettings"]


class TritonSettings(BaseModel):
    """A Triton inference server that runs models."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    address: str = Field(pattern=r"^[^\s/:]+:\d{1,5}$", description="HOST:PORT of its gRPC.")
    seconds: float = Field(10, gt=0, description="How long an answer may take.")
    ca: Path | None = Field(
        None, description="PEM file of authorities to trust. Without it content crosses the network in the clear."
    )
    certificate: Path | None = Field(None, description="PEM file of our certificate, where the server asks for one.")
    key: Path | None = Field(None, description="PEM file of its key.")

    @model_validator(mode="after")
    def _together(self) -> Self:
        if bool(self.certificate) != bool(self.key):
            raise ValueError("certificate and key belong together")
        return self

    @property
    def server(self) -> TritonServer:
        """As adapters take it."""
        return TritonServer(self.address, self.seconds, self.ca, self.certificate, self.key)
