"""A lean sender in a process of its own: frames made beforehand, one thread, one message on its way a connection.

    python -m tests.bench.sender JOB RESULT

``JOB`` is a pickled :class:`Job`, ``RESULT`` the fields of a :class:`Sent`.
"""

from __future__ import annotations

import pickle
import re
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from deidstream.formats.hl7v2.mllp import frame

from tests.bench.corpus import answered

__all__ = ["Job", "Sending", "Sent", "http_job", "mllp_job"]

_ACCEPTED = re.compile(rb"MSA.[AC]A|HTTP/1.1 2\d\d")
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")


@dataclass(frozen=True, slots=True)
class Job:
    """What to send. ``rate``: messages a second, 0 for as fast as they are acknowledged."""

    port: int
    requests: Sequence[tuple[bytes, bool]] = field(repr=False)
    """The bytes, and whether an answer comes."""
    connections: int
    rate: float = 0.0


@dataclass(slots=True)
class Sent:
    """When each message was sent and answered (nanoseconds since the epoch; 0: no answer), and what sending cost.

    At a given rate a message counts as sent when it was due, so that waiting for a free connection counts as latency.
    """

    at: list[int]
    answered: list[int]
    refused: int = 0
    cpu: float = 0.0


def mllp_job(port: int, messages: Sequence[bytes], connections: int, rate: float = 0.0) -> Job:
    """Messages over MLLP."""
    return Job(port, [(frame(message), answered(message)) for message in messages], connections, rate)


def http_job(port: int, resources: Sequence[tuple[str, bytes]], connections: int) -> Job:
    """Resources to the FHIR endpoint, each as a create."""
    head = (
        "POST /fhir/{} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/fhir+json\r\n"
        "Prefer: return=minimal\r\nX-Request-ID: bench-{}\r\nContent-Length: {}\r\n\r\n"
    )
    requests = [
        (head.format(path, number, len(body)).encode() + body, True) for number, (path, body) in enumerate(resources)
    ]
    return Job(port, requests, connections)


class Sending:
    """A job on its way."""

    def __init__(self, job: Job, folder: Path) -> None:
        given, self._result = folder / "job.pickle", folder / "sent.pickle"
        given.write_bytes(pickle.dumps(job))
        self._process = subprocess.Popen([sys.executable, "-m", "tests.bench.sender", str(given), str(self._result)])

    @property
    def done(self) -> bool:
        """Whether everything was sent and answered."""
        return self._process.poll() is not None

    def result(self) -> Sent:
        """Waits for the end."""
        if self._process.wait():
            raise SystemExit(f"the sender ended with {self._process.returncode}")
        return Sent(**pickle.loads(self._result.read_bytes()))

    def stop(self) -> None:
        """Ends it, done or not."""
        if not self.done:
            self._process.kill()
        self._process.wait()


def _send(job: Job) -> Sent:
    count = len(job.requests)
    sent = Sent([0] * count, [0] * count)
    selector = selectors.DefaultSelector()
    free: list[socket.socket] = []
    waiting: dict[socket.socket, tuple[int, bytes]] = {}
    for _ in range(job.connections):
        one = socket.create_connection(("127.0.0.1", job.port))
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(one, selectors.EVENT_READ)
        free.append(one)
    began, following = time.time_ns(), 0
    while following < count or waiting:
        while following < count and free:
            due = began + int(following / job.rate * 1e9) if job.rate else time.time_ns()
            if due > time.time_ns():
                break
            request, answer = job.requests[following]
            sent.at[following] = due
            free[-1].sendall(request)
            if answer:
                waiting[free.pop()] = (following, b"")
            following += 1
        pause = 0.001 if job.rate and following < count else 30.0
        for key, _ in selector.select(pause):
            _take(key.fileobj, waiting, free, sent)  # type: ignore[arg-type]  # what was registered
    for one in free:
        one.close()
    sent.cpu = time.process_time()
    return sent


def _take(
    one: socket.socket, waiting: dict[socket.socket, tuple[int, bytes]], free: list[socket.socket], sent: Sent
) -> None:
    portion = one.recv(65536)
    if not portion:
        raise SystemExit("a connection was closed")
    if one not in waiting:
        return
    number, so_far = waiting.pop(one)
    so_far += portion
    if not _complete(so_far):
        waiting[one] = (number, so_far)
        return
    sent.answered[number] = time.time_ns()
    sent.refused += _ACCEPTED.search(so_far) is None
    free.append(one)


def _complete(answer: bytes) -> bool:
    if answer.startswith(b"HTTP"):
        head, end, body = answer.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        return bool(end) and len(body) >= (int(length[1]) if length else 0)
    return answer.endswith(b"\x1c\r")


if __name__ == "__main__":
    Path(sys.argv[2]).write_bytes(pickle.dumps(asdict(_send(pickle.loads(Path(sys.argv[1]).read_bytes())))))
