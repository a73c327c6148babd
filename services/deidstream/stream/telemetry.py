"""What a process reports about itself, and the way to report nothing. ``otel`` is the way to report it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from deidstream.core.case import Case
from deidstream.core.release import Release
from deidstream.ports import Shelved

__all__ = ["Access", "Silent", "Telemetry"]


class Access(NamedTuple):
    """One access to a store: a span of the case ``case``, or, where that is '', of every case in work on this thread."""

    name: str
    """``identity.resolve``, ``artifacts.get``: store and operation."""
    began: float
    ended: float
    """Epoch seconds."""
    attributes: Mapping[str, str | int]
    case: str = ""


class Telemetry(Protocol):
    """What the loop reports."""

    @property
    def tracing(self) -> bool:
        """Whether accesses to stores are worth noting."""

    def handled(self, stage: str, cases: Sequence[Case], began: float, outcomes: Mapping[str, int]) -> None:
        """``stage`` has worked on ``cases`` since ``began`` (epoch seconds), with so many outcomes of each kind."""

    def committed(self, latencies: Sequence[float]) -> None:
        """A batch is durable. Seconds from receipt to release, one for each release in it."""

    def delivered(self, destination: str, releases: Sequence[Release], began: float) -> None:
        """``destination`` has taken ``releases``, on which it has worked since ``began`` (epoch seconds)."""

    def accessed(self, access: Access) -> None:
        """A store was asked. From any thread."""

    def retried(self, code: str) -> None:
        """A batch was given back."""

    def waiting(self, destination: str, waits: bool) -> None:
        """Whether ``destination`` takes no releases now."""

    def watch_lag(self, group: str, lag: Callable[[], Mapping[str, int]]) -> None:
        """Where to ask for the lag of each topic that ``group`` reads."""

    def watch_holds(self, holds: Callable[[], Mapping[str, Shelved]]) -> None:
        """Where to ask what waits at each stage."""

    def exposition(self) -> bytes:
        """The metrics in Prometheus' text format."""

    def close(self) -> None:
        """Sends what is left."""


class Silent:
    """Reports nothing."""

    tracing = False

    def handled(self, stage: str, cases: Sequence[Case], began: float, outcomes: Mapping[str, int]) -> None:
        """See ``Telemetry``."""

    def committed(self, latencies: Sequence[float]) -> None:
        """See ``Telemetry``."""

    def delivered(self, destination: str, releases: Sequence[Release], began: float) -> None:
        """See ``Telemetry``."""

    def accessed(self, access: Access) -> None:
        """See ``Telemetry``."""

    def retried(self, code: str) -> None:
        """See ``Telemetry``."""

    def waiting(self, destination: str, waits: bool) -> None:
        """See ``Telemetry``."""

    def watch_lag(self, group: str, lag: Callable[[], Mapping[str, int]]) -> None:
        """See ``Telemetry``."""

    def watch_holds(self, holds: Callable[[], Mapping[str, Shelved]]) -> None:
        """See ``Telemetry``."""

    def exposition(self) -> bytes:
        """Nothing."""
        return b""

    def close(self) -> None:
        """See ``Telemetry``."""
