"""A client for MLLP receivers: one connection, one message at a time, its acknowledgement awaited."""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from dataclasses import dataclass

from deidstream.adapters.readable import is_readable
from deidstream.core.errors import Malformed, Unavailable
from deidstream.formats.hl7v2 import acknowledgement as ack
from deidstream.formats.hl7v2.header import peek
from deidstream.formats.hl7v2.mllp import Deframer, frame

__all__ = ["MllpAddress", "MllpClient"]

_PORTION = 1 << 16
_LONGEST_ANSWER = 1 << 20


@dataclass(frozen=True, slots=True)
class MllpAddress:
    """Where the receiver is, and how long to wait for it, in seconds."""

    host: str
    port: int
    tls: ssl.SSLContext | None = None
    connect_seconds: float = 10.0
    answer_seconds: float = 30.0


class MllpClient:
    """Connects when first needed, and again when the connection is lost. Not thread-safe."""

    def __init__(self, address: MllpAddress) -> None:
        self._address = address
        self._socket: socket.socket | None = None
        self._deframer = Deframer(_LONGEST_ANSWER)
        self._unread: list[bytes] = []

    def exchange(self, message: bytes) -> ack.Answer | None:
        """Sends ``message`` and waits for its acknowledgement; None where MSH-15 says that none is given on success.

        Raises Unavailable (``not-connected``, ``connection-lost``, ``no-answer``): whether it has arrived is then unknown.
        Raises Malformed when it has no readable MSH.
        """
        header = peek(message)
        connection = self._connected()
        try:
            connection.sendall(frame(message))
            if not ack.expects_answer(header, ack.Verdict.ACCEPTED):
                return None
            return self._answer_to(header.control_id, connection)
        except TimeoutError:
            self.close()
            raise Unavailable("no-answer", "mllp") from None
        except OSError:
            self.close()
            raise Unavailable("connection-lost", "mllp") from None

    def close(self) -> None:
        """Closes the connection, if there is one."""
        connection, self._socket = self._socket, None
        self._deframer = Deframer(_LONGEST_ANSWER)
        self._unread = []
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.close()

    def _connected(self) -> socket.socket:
        if self._socket is not None and _hung_up(self._socket, self._address.tls is not None):
            self.close()
        if self._socket is None:
            self._socket = self._connect()
        return self._socket

    def _connect(self) -> socket.socket:
        address = self._address
        try:
            connection = socket.create_connection((address.host, address.port), address.connect_seconds)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            if address.tls is not None:
                connection = address.tls.wrap_socket(connection, server_hostname=address.host)
        except OSError:
            raise Unavailable("not-connected", "mllp") from None
        return connection

    def _answer_to(self, control_id: bytes, connection: socket.socket) -> ack.Answer:
        """The answer whose MSA-2 is ``control_id``; those to earlier messages (late application acks) are passed over."""
        until = time.monotonic() + self._address.answer_seconds
        while True:
            while self._unread:
                answer = _read(self._unread.pop(0))
                # A receiver that could not read the message cannot repeat its id either.
                if answer is not None and answer.control_id in (control_id, b""):
                    return answer
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError
            connection.settimeout(left)
            portion = connection.recv(_PORTION)
            if not portion:
                raise ConnectionResetError
            self._unread += [block.content for block in self._deframer.feed(portion) if not block.fault]


def _read(message: bytes) -> ack.Answer | None:
    try:
        return ack.read(message)
    except Malformed:
        return None


def _hung_up(connection: socket.socket, encrypted: bool) -> bool:
    """Whether the other side has closed while nothing was sent: better noticed before a message is given to it."""
    if not is_readable(connection):
        return False
    if encrypted:
        return True
    try:
        return not connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except OSError:
        return True
