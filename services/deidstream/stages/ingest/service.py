"""Admission: a received message becomes a case."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from deidstream.core.case import Case, Container, Header
from deidstream.ports import Clock, KeyRing

__all__ = ["Admission", "Received"]


@dataclass(frozen=True, slots=True)
class Received:
    """One message as its listener took it. ``control`` tells two equal messages apart that are not the same one:
    the control id, the request, the place in a file."""

    source: str
    format: str
    content: bytes = field(repr=False)
    control: bytes = field(default=b"", repr=False)
    location: str = field(default="", repr=False)
    container: Container | None = None
    attributes: tuple[tuple[str, str], ...] = ()


class Admission:
    """Makes cases. Knows no one and holds no identity: a key for ids is all it needs."""

    def __init__(self, keys: KeyRing, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock

    def case(self, received: Received) -> Case:
        """The case of ``received``: the same message from the same source again has the same id."""
        return Case(
            Header(
                case_id=self.identify(received.source, received.control, received.content),
                source=received.source,
                format=received.format,
                received=self._clock.now(),
                itinerary=("identify",),
                key=received.source,
                container=received.container,
                trace=new_trace(),
                attributes=tuple(attribute for attribute in received.attributes if attribute[1]),
            ),
            received.content,
            received.location,
        )

    def identify(self, source: str, control: bytes, content: bytes) -> str:
        """A keyed hash in 32 hexadecimal digits, of pieces that cannot run into one another."""
        name = source.encode()
        lengths = len(name).to_bytes(4) + len(control).to_bytes(4)
        return self._keys.mac("id", lengths + name + control + content)[:16].hex()


def new_trace() -> str:
    """A new W3C ``traceparent``, sampled. The sender's own is not taken over: it could carry anything."""
    return f"00-{os.urandom(16).hex()}-{os.urandom(8).hex()}-01"
