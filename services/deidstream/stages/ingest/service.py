"""Admission: a received message becomes a case."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field

from deidstream.core.case import Case, Container, Header
from deidstream.ports import Clock, KeyRing
from deidstream.stream.spans import PARENT

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
    trace: str = ""
    """The ``traceparent`` of the sender, where its traces are to be continued."""


class Admission:
    """Makes cases. Knows no one and holds no identity: a key for ids is all it needs."""

    def __init__(self, keys: KeyRing, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock

    def case(self, received: Received) -> Case:
        """The case of ``received``: the same message from the same source again has the same id."""
        trace, parent = new_trace(received.trace)
        return Case(
            Header(
                case_id=self.identify(received.source, received.control, received.content),
                source=received.source,
                format=received.format,
                received=self._clock.now(),
                itinerary=("identify",),
                key=received.source,
                container=received.container,
                trace=trace,
                attributes=tuple(one for one in (*received.attributes, (PARENT, parent)) if one[1]),
            ),
            received.content,
            received.location,
        )

    def identify(self, source: str, control: bytes, content: bytes) -> str:
        """A keyed hash in 32 hexadecimal digits, of pieces that cannot run into one another."""
        name = source.encode()
        lengths = len(name).to_bytes(4) + len(control).to_bytes(4)
        return self._keys.mac("id", lengths + name + control + content)[:16].hex()


def new_trace(continued: str = "") -> tuple[str, str]:
    """A W3C ``traceparent``, sampled, and the span above it: none, or that of the ``traceparent`` that is ``continued``.

    What is none by the letter of the specification (section 3.2) is not continued.
    """
    given = _TRACEPARENT.fullmatch(continued)
    trace, parent = given.groups() if given else (os.urandom(16).hex(), "")
    return f"00-{trace}-{os.urandom(8).hex()}-01", parent


_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}")
