"""Listens for reports of storage commitment, which most receivers make on an association of their own (PS3.4, annex J.3.3)."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass

from deidstream.adapters.dicom_wire import read_pdu, send_message
from deidstream.core.errors import Malformed, Misconfigured
from deidstream.formats.dicom.network import pdu
from deidstream.formats.dicom.network.classes import COMMITMENT, VERIFICATION
from deidstream.formats.dicom.network.command import Command, CommandSet, Field, Status, reply
from deidstream.formats.dicom.network.incoming import Incoming
from deidstream.formats.dicom.part10 import EXPLICIT, IMPLICIT

__all__ = ["ReportListener", "Where"]

_SECONDS = 30.0
"""How long a peer may be silent."""
_LONGEST_PDU, _LONGEST = 128 << 10, 4 << 20
_TOGETHER = 8
"""Associations at a time."""
_TITLES = {"called": pdu.CALLED_TITLE, "calling": pdu.CALLING_TITLE}


@dataclass(frozen=True, slots=True)
class Where:
    """``host`` and ``port`` (0: any that is free) to listen on; what we are called there, and who may call."""

    host: str
    port: int
    called: str
    calling: str
    tls: ssl.SSLContext | None = None


class ReportListener:
    """``told``: data set and transfer syntax of a report to the status of the answer. ``refused`` is given the code of what was
    wrong with an association that ended for it; a peer that only looks whether the port is there is none.

    Raises Misconfigured (``address-taken``).
    """

    def __init__(
        self, where: Where, told: Callable[[bytes, str], int], refused: Callable[[str], None] = lambda _: None
    ) -> None:
        self._where = where
        self._told = told
        self._refused = refused
        self._room = threading.BoundedSemaphore(_TOGETHER)
        try:
            self._server = socket.create_server((where.host, where.port))
        except OSError:
            raise Misconfigured("address-taken", f"{where.host}:{where.port}", "choose a free address") from None
        threading.Thread(target=self._accept, name="dicom-reports", daemon=True).start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.getsockname()[1])

    def close(self) -> None:
        """Takes no further associations."""
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return  # closed
            if not self._room.acquire(blocking=False):
                connection.close()
                self._refused("too-many-associations")
                continue
            threading.Thread(target=self._serve, args=(connection,), name="dicom-report", daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        """One association. Whatever a peer sends wrong ends it, is said, and ends nothing else."""
        association: _Association | None = None
        try:
            connection.settimeout(_SECONDS)
            if self._where.tls is not None:
                connection = self._where.tls.wrap_socket(connection, server_side=True)
            association = _Association(connection, self._where, self._told)
            association.run()
        except Malformed as error:
            self._refused(error.code)
        except TimeoutError:
            if association is None or not association.is_established:  # else it has said all that it had to say
                self._refused("no-answer")
        except ssl.SSLError:
            self._refused("tls-failed")
        except OSError:
            pass  # it has gone
        finally:
            connection.close()
            self._room.release()


class _Association:
    def __init__(self, connection: socket.socket, where: Where, told: Callable[[bytes, str], int]) -> None:
        self._connection = connection
        self._where = where
        self._told = told
        self._syntaxes: dict[int, str] = {}
        self._most = 0

    @property
    def is_established(self) -> bool:
        """Whether it was accepted."""
        return self._most > 0

    def run(self) -> None:
        self._establish()
        incoming = Incoming(_LONGEST)
        while True:
            kind, body = self._read()
            if kind == pdu.Kind.RELEASE_REQUEST:
                self._connection.sendall(pdu.release_reply())
                return
            if kind != pdu.Kind.DATA:
                return
            for number, said, content in incoming.feed(body):
                self._answer(number, said, content)

    def _establish(self) -> None:
        kind, body = self._read()
        if kind != pdu.Kind.REQUEST:
            raise Malformed("no-association", "pdu")
        asked = pdu.read_request(body)
        for name, why in _TITLES.items():
            if getattr(asked, name) != getattr(self._where, name):
                self._connection.sendall(pdu.rejection(why))
                raise Malformed(f"{name}-title", "pdu")
        answers = tuple(_offered(one) for one in asked.proposals)
        self._syntaxes = {one.number: one.syntax for one in answers if not one.result}
        self._most = pdu.most_sent(asked.most, _LONGEST_PDU)
        serves = tuple(one for one in asked.serves if one == COMMITMENT)
        self._connection.sendall(pdu.acceptance(asked, pdu.Accepted(answers, _LONGEST_PDU, serves)))

    def _answer(self, number: int, said: CommandSet, content: bytes) -> None:
        syntax = self._syntaxes.get(number)
        if syntax is None:
            raise Malformed("no-such-context", "pdu")
        match said.number(Field.COMMAND):
            case Command.ECHO:
                answer = reply(said, Status.SUCCESS)
            case Command.EVENT_REPORT:
                event = said.number(Field.EVENT_TYPE) & 0xFFFF
                answer = reply(said, self._told(content, syntax), EVENT_TYPE=event)
            case _:
                answer = reply(said, Status.UNRECOGNISED)
        send_message(self._connection, number, answer, memoryview(b""), self._most)

    def _read(self) -> tuple[int, bytes]:
        return read_pdu(self._connection, _LONGEST_PDU)


def _offered(asked: pdu.Proposal) -> pdu.Answer:
    first = (asked.syntaxes or (IMPLICIT,))[0]
    if asked.abstract not in (COMMITMENT, VERIFICATION):
        return pdu.Answer(asked.number, 3, first)
    syntax = next((one for one in asked.syntaxes if one in (IMPLICIT, EXPLICIT)), "")
    return pdu.Answer(asked.number, 0 if syntax else 4, syntax or first)
