"""A client for DICOM receivers: one association, kept open, on which data sets are sent as they are written, never transcoded."""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import count

from deidstream.adapters.dicom_wire import read_pdu, send_message
from deidstream.adapters.readable import is_readable
from deidstream.core.errors import Malformed, Unavailable
from deidstream.formats.dicom.network import commitment, pdu
from deidstream.formats.dicom.network.classes import COMMITMENT, COMMITMENT_INSTANCE, VERIFICATION
from deidstream.formats.dicom.network.command import NO_DATA, Command, CommandSet, Field, Status, command, reply
from deidstream.formats.dicom.network.incoming import Incoming
from deidstream.formats.dicom.part10 import IMPLICIT, Instance

__all__ = ["DicomAddress", "DicomClient", "Syntax"]

Syntax = tuple[str, str]
"""SOP class and transfer syntax."""
_MOST_CONTEXTS = 128
_LONGEST_ANSWER = 1 << 20
_LONGEST_PDU = 128 << 10


@dataclass(frozen=True, slots=True)
class DicomAddress:
    """Where the receiver is, what it and we are called, and how long to wait for it, in seconds."""

    host: str
    port: int
    called: str
    calling: str
    tls: ssl.SSLContext | None = None
    connect_seconds: float = 10.0
    answer_seconds: float = 120.0


class DicomClient:
    """Associates when first needed, and again when the association is lost or lacks what is to be sent. Not thread-safe.

    Every method raises Unavailable when the receiver is away: ``not-connected``, ``association-rejected``, ``connection-lost``,
    ``no-answer``; whether what was sent has arrived is then unknown.
    """

    def __init__(self, address: DicomAddress, reported: Callable[[bytes, str], int] | None = None) -> None:
        """``reported`` is told of each N-EVENT-REPORT that comes on our association: its data set and transfer syntax; it gives the
        status to answer."""
        self._address = address
        self._reported = reported
        self._socket: socket.socket | None = None
        self._wanted: dict[Syntax, None] = {}
        self._asked: frozenset[Syntax] = frozenset()
        self._contexts: dict[Syntax, int] = {}
        self._most = 0
        self._messages = count(1)

    def expect(self, syntaxes: Iterable[Syntax]) -> None:
        """What is going to be sent, so that one association is negotiated for all of it."""
        for one in syntaxes:
            self._wanted.pop(one, None)
            self._wanted[one] = None
        while len(self._wanted) > _MOST_CONTEXTS - 1:
            del self._wanted[next(iter(self._wanted))]

    def store(self, instance: Instance) -> int:
        """The status that a C-STORE of ``instance`` is answered (PS3.4, B.2.3).

        Raises Malformed where the receiver accepts its SOP class not at all, or not in its transfer syntax.
        """
        number = self._context((instance.identity.sop_class, instance.syntax))
        message = next(self._messages) & 0xFFFF
        fields: dict[Field, int | str] = {
            Field.AFFECTED_CLASS: instance.identity.sop_class,
            Field.COMMAND: Command.STORE,
            Field.MESSAGE: message,
            Field.PRIORITY: 0,
            Field.DATA_SET: NO_DATA - 1,
            Field.AFFECTED_INSTANCE: instance.identity.instance,
        }
        return self._exchange(number, command(fields), instance.data, message)

    def echo(self) -> int:
        """The status that a C-ECHO is answered."""
        number = self._context((VERIFICATION, IMPLICIT))
        message = next(self._messages) & 0xFFFF
        fields: dict[Field, int | str] = {
            Field.AFFECTED_CLASS: VERIFICATION,
            Field.COMMAND: Command.ECHO,
            Field.MESSAGE: message,
            Field.DATA_SET: NO_DATA,
        }
        return self._exchange(number, command(fields), memoryview(b""), message)

    def report(self, kind: int, information: bytes) -> int:
        """The status that an N-EVENT-REPORT of storage commitment is answered; on an association in which we are its provider."""
        self._associate(pdu.numbered([(COMMITMENT, (IMPLICIT,))]), (COMMITMENT,))
        number = self._context((COMMITMENT, IMPLICIT))
        message = next(self._messages) & 0xFFFF
        fields: dict[Field, int | str] = {
            Field.AFFECTED_CLASS: COMMITMENT,
            Field.COMMAND: Command.EVENT_REPORT,
            Field.MESSAGE: message,
            Field.DATA_SET: NO_DATA - 1,
            Field.AFFECTED_INSTANCE: COMMITMENT_INSTANCE,
            Field.EVENT_TYPE: kind,
        }
        return self._exchange(number, command(fields), memoryview(information), message)

    def ask(self, information: bytes) -> int:
        """The status that an N-ACTION of storage commitment is answered. Raises Malformed where the receiver commits nothing."""
        number = self._context((COMMITMENT, IMPLICIT))
        message = next(self._messages) & 0xFFFF
        fields: dict[Field, int | str] = {
            Field.REQUESTED_CLASS: COMMITMENT,
            Field.COMMAND: Command.ACTION,
            Field.MESSAGE: message,
            Field.DATA_SET: NO_DATA - 1,
            Field.REQUESTED_INSTANCE: COMMITMENT_INSTANCE,
            Field.ACTION_TYPE: commitment.ASKING,
        }
        return self._exchange(number, command(fields), memoryview(information), message)

    def hear(self, seconds: float) -> None:
        """Waits so long for what the receiver says unasked, and tells of it. That it ends the association is no trouble."""
        if self._socket is None:
            time.sleep(seconds)  # whoever waits hears elsewhere
        elif _pending(self._socket) or is_readable(self._socket, seconds):
            with contextlib.suppress(Unavailable):
                self._exchange(0, b"", memoryview(b""), None)

    def close(self) -> None:
        """Releases the association, if there is one."""
        if self._socket is not None:
            with contextlib.suppress(OSError, Malformed):
                self._socket.settimeout(2.0)
                self._socket.sendall(pdu.release_request())
                while self._read()[0] == pdu.Kind.DATA:
                    pass
        self._forget()

    def _forget(self) -> None:
        connection, self._socket = self._socket, None
        self._contexts = {}
        self._asked = frozenset()
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.close()

    def _context(self, syntax: Syntax) -> int:
        if self._reported is not None:
            self.hear(0.0)
        # It has ended, or spoken unasked: better noticed before something is sent.
        if self._socket is not None and (is_readable(self._socket) or syntax not in self._asked):
            self.close()
        if self._socket is None:
            self.expect([syntax])
            self._associate(pdu.numbered([(VERIFICATION, (IMPLICIT,)), *_one_by_one(self._wanted)]))
        number = self._contexts.get(syntax)
        if number is None:
            known = any(sop_class == syntax[0] for sop_class, _ in self._contexts)
            raise Malformed("syntax-not-accepted" if known else "class-not-accepted", "dicom")
        return number

    def _associate(self, proposals: Sequence[pdu.Proposal], serves: tuple[str, ...] = ()) -> None:
        address = self._address
        asked = pdu.Request(address.called, address.calling, tuple(proposals), _LONGEST_PDU, serves)
        self._socket = self._connect()
        try:
            self._socket.settimeout(address.answer_seconds)
            self._socket.sendall(pdu.request(asked))
            kind, body = self._read()
            if kind == pdu.Kind.REJECTION:
                raise Unavailable("association-rejected", "dicom")
            if kind != pdu.Kind.ACCEPTANCE:
                raise Unavailable("connection-lost", "dicom")
            accepted = pdu.read_acceptance(body)
        except TimeoutError:
            self._forget()
            raise Unavailable("no-answer", "dicom") from None
        except (OSError, Malformed):
            self._forget()
            raise Unavailable("connection-lost", "dicom") from None
        except Unavailable:
            self._forget()
            raise
        self._most = pdu.most_sent(accepted.most, _LONGEST_PDU)
        pairs = {one.number: (one.abstract, one.syntaxes[0]) for one in proposals}
        self._asked = frozenset(pairs.values())
        self._contexts = {pairs[one.number]: one.number for one in accepted.answers if not one.result}

    def _connect(self) -> socket.socket:
        address = self._address
        try:
            connection = socket.create_connection((address.host, address.port), address.connect_seconds)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            if address.tls is not None:
                connection = address.tls.wrap_socket(connection, server_hostname=address.host)
        except OSError:
            raise Unavailable("not-connected", "dicom") from None
        return connection

    def _exchange(self, number: int, asked: bytes, content: memoryview, message: int | None) -> int:
        """The status of the response. ``message`` None: nothing is asked, and the next message is heard."""
        assert self._socket is not None
        try:
            self._socket.settimeout(self._address.answer_seconds)
            if message is not None:
                self._send(number, asked, content)
            return self._status(message)
        except TimeoutError:
            self._forget()
            raise Unavailable("no-answer", "dicom") from None
        except (OSError, Malformed):
            self._forget()
            raise Unavailable("connection-lost", "dicom") from None

    def _status(self, message: int | None) -> int:
        """Of the response to ``message``; of what else comes meanwhile, reports are told and answered."""
        until = time.monotonic() + self._address.answer_seconds
        incoming = Incoming(_LONGEST_ANSWER)
        while time.monotonic() < until:
            kind, body = self._read()
            if kind != pdu.Kind.DATA:
                raise ConnectionResetError
            for number, said, content in incoming.feed(body):
                if said.number(Field.COMMAND) == Command.EVENT_REPORT:
                    self._answer(number, said, content)
                elif said.number(Field.RESPONDED) == message and said.number(Field.COMMAND) & 0x8000:
                    return said.number(Field.STATUS)
                if message is None:
                    return 0
        raise TimeoutError

    def _answer(self, number: int, said: CommandSet, content: bytes) -> None:
        syntax = next((one for (_, one), context in self._contexts.items() if context == number), IMPLICIT)
        status = self._reported(content, syntax) if self._reported is not None else Status.UNRECOGNISED
        self._send(number, reply(said, status, EVENT_TYPE=said.number(Field.EVENT_TYPE) & 0xFFFF), memoryview(b""))

    def _read(self) -> tuple[int, bytes]:
        assert self._socket is not None
        return read_pdu(self._socket, _LONGEST_ANSWER)

    def _send(self, number: int, asked: bytes, content: memoryview) -> None:
        assert self._socket is not None
        send_message(self._socket, number, asked, content, self._most)


def _pending(connection: socket.socket) -> int:
    """Bytes that TLS has read already."""
    return connection.pending() if isinstance(connection, ssl.SSLSocket) else 0


def _one_by_one(syntaxes: Iterable[Syntax]) -> list[tuple[str, tuple[str, ...]]]:
    """Each in a context of its own: of several the receiver would choose one, and every other were lost."""
    return [(sop_class, (syntax,)) for sop_class, syntax in syntaxes if sop_class != VERIFICATION]
