"""Times that are given on the command line."""

from __future__ import annotations

from datetime import datetime

from deidstream.core.errors import Misconfigured

__all__ = ["moment"]


def moment(option: str, given: str) -> float:
    """Epoch seconds of an ISO 8601 time with its zone, as ``option`` gave it. Raises Misconfigured for anything else."""
    try:
        found = datetime.fromisoformat(given)
    except ValueError:
        raise Misconfigured("no-time", option, "give ISO 8601 with a time zone: 2026-03-01T08:00+01:00") from None
    if found.tzinfo is None:
        raise Misconfigured("no-time-zone", option, "say which zone: 2026-03-01T08:00Z, 2026-03-01T08:00+01:00")
    return found.timestamp()
