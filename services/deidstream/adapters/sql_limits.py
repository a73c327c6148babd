"""How long a process waits for a database server, and how much it asks of it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Times in seconds. What takes longer is Unavailable, and tried again by whoever asked."""

    connect: int = 5
    lock: float = 10.0
    """For a turn, or for a row that another transaction has changed."""
    statement: float = 20.0
    """After which the server gives a statement up."""
    answer: float = 25.0
    """After which we give the server up: one that is stopped, or out of reach, cannot time anything out itself."""
    idle: float = 60.0
    """After which the server ends a transaction whose process has stopped, and which others wait for."""
    kept: int = 2
    """Connections that an engine keeps."""
    most: int = 8
    """Connections that an engine may have at a time."""

    def __post_init__(self) -> None:
        if not 0 < self.lock <= self.statement <= self.answer or not 0 < self.kept <= self.most:
            raise ValueError("limits contradict one another")
