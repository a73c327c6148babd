"""Where a Triton server is, and how it says what it serves: for those too who have no client of it (extra ``triton``)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["TritonServer", "hash_of"]


def hash_of(version: str) -> str:
    """The parameter of a model's configuration that says which file a version is."""
    return f"sha256.{version}"


@dataclass(frozen=True, slots=True)
class TritonServer:
    """``address``: HOST:PORT of its gRPC. ``seconds``: how long an answer may take. TLS where a file is given."""

    address: str
    seconds: float = 10.0
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
