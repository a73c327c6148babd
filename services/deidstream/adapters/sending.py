"""Sending many messages as a client: over several connections, at a given rate, each answer with its latency."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from queue import Full, Queue
from typing import Generic, NamedTuple, Protocol, TypeVar

from deidstream.adapters.fhir_client import FhirAddress, FhirClient
from deidstream.adapters.mllp_client import MllpAddress, MllpClient
from deidstream.core.errors import DeidstreamError, Unavailable

__all__ = ["FhirPort", "FhirRequest", "MllpPort", "Pace", "Port", "Sent", "send_all"]

M = TypeVar("M", contravariant=True)


class FhirRequest(NamedTuple):
    """One request; ``path`` is below the base."""

    method: str
    path: str
    body: bytes = b""
    media_type: str = "application/fhir+json"


class Sent(NamedTuple):
    """How one message went. ``number`` is its place in what was sent, from 0; ``status`` what was answered, or the code of
    the error; ``seconds`` from the first attempt to the answer."""

    number: int
    accepted: bool
    status: str
    seconds: float
    attempts: int = 1


class Port(Protocol[M]):
    """One connection."""

    def send(self, message: M) -> tuple[bool, str]:
        """Whether the message was accepted, and what was answered. Raises Unavailable when no answer comes."""

    def close(self) -> None:
        """Lets go of the connection."""


@dataclass(frozen=True, slots=True)
class Pace:
    """``rate``: messages a second over all connections, 0 for as fast as they go. ``attempts``: how often a message is sent
    whose answer does not come; the receiver tells by its control or request id that it is the same."""

    connections: int = 1
    rate: float = 0.0
    attempts: int = 1
    pause_seconds: float = 0.2


class MllpPort:
    """A connection to an HL7 v2 receiver."""

    def __init__(self, address: MllpAddress) -> None:
        self._client = MllpClient(address)

    def send(self, message: bytes) -> tuple[bool, str]:
        """See ``Port``. Where MSH-15 asks for no answer, what is sent counts as accepted."""
        answer = self._client.exchange(message)
        return (True, "sent") if answer is None else (answer.accepted, answer.code)

    def close(self) -> None:
        """See ``Port``."""
        self._client.close()


class FhirPort:
    """A connection to a FHIR server. Each request has an id that is the same in every attempt."""

    def __init__(self, address: FhirAddress) -> None:
        self._client = FhirClient(address)
        self._last: tuple[FhirRequest, str] | None = None

    def send(self, message: FhirRequest) -> tuple[bool, str]:
        """See ``Port``."""
        if self._last is None or self._last[0] is not message:
            self._last = (message, uuid.uuid4().hex)
        headers = {"content-type": message.media_type, "x-request-id": self._last[1]}
        reply = self._client.send(message.method, message.path, message.body, headers)
        if reply.status in (429, 503):
            raise Unavailable(f"http-{reply.status}", "fhir")
        return reply.done, str(reply.status)

    def close(self) -> None:
        """See ``Port``."""
        self._client.close()


def send_all(messages: Iterable[M], open_port: Callable[[], Port[M]], pace: Pace) -> Iterator[Sent]:
    """Sends ``messages`` and gives the result of each as it comes. Each connection has one message on its way at a time; with
    one connection the order is kept. ``messages`` is read no further than it is sent."""
    run = _Run(pace, iter(enumerate(messages)))
    threads = [threading.Thread(target=run.work, args=(open_port(),), daemon=True) for _ in range(pace.connections)]
    for thread in threads:
        thread.start()
    try:
        working = len(threads)
        while working:
            result = run.results.get()
            if isinstance(result, BaseException):
                raise result
            if result is None:
                working -= 1
            else:
                yield result
    finally:
        run.stop.set()


class _Run(Generic[M]):
    """What the threads of one run share."""

    def __init__(self, pace: Pace, messages: Iterator[tuple[int, M]]) -> None:
        self.results: Queue[Sent | BaseException | None] = Queue(maxsize=1000)
        self.stop = threading.Event()
        self._pace = pace
        self._messages = messages
        self._began = time.monotonic()
        self._lock = threading.Lock()

    def work(self, port: Port[M]) -> None:
        """Sends until there is nothing more."""
        try:
            while (following := self._next()) is not None:
                self._put(self._send(port, *following))
            self._put(None)
        except Exception as error:  # noqa: BLE001  # raised again where the results are read
            self._put(error)
        finally:
            port.close()

    def _next(self) -> tuple[int, M] | None:
        with self._lock:
            following = next(self._messages, None)
        if following is None or self.stop.is_set():
            return None
        if self._pace.rate:
            due = self._began + following[0] / self._pace.rate
            self.stop.wait(max(0.0, due - time.monotonic()))
        return following

    def _send(self, port: Port[M], number: int, message: M) -> Sent:
        began = time.perf_counter()
        accepted, status, attempt = False, "", 0
        while attempt < self._pace.attempts and not self.stop.is_set():
            attempt += 1
            try:
                accepted, status = port.send(message)
            except DeidstreamError as error:
                accepted, status = False, error.code
                if not isinstance(error, Unavailable):
                    break
            else:
                if status not in ("AE", "CE"):
                    break
            if attempt < self._pace.attempts:
                self.stop.wait(self._pace.pause_seconds)
        return Sent(number, accepted, status, time.perf_counter() - began, attempt)

    def _put(self, result: Sent | BaseException | None) -> None:
        while not self.stop.is_set():
            try:
                self.results.put(result, timeout=0.5)
            except Full:
                continue
            return
