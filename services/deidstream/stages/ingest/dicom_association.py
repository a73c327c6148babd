"""One association as its acceptor (PS3.8): negotiation, then messages one at a time, each held to what it may take."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import NamedTuple

from deidstream.core.errors import Malformed
from deidstream.formats.dicom.network import pdu
from deidstream.formats.dicom.network.classes import COMMITMENT, VERIFICATION, storage_classes, transfer_syntaxes
from deidstream.formats.dicom.network.command import Command, CommandSet, Field
from deidstream.formats.dicom.part10 import EXPLICIT, IMPLICIT, Identity, head
from deidstream.stages.ingest.config import DicomListener
from deidstream.stages.ingest.instances import Room

__all__ = ["Association", "Context", "Message"]

_MOST_ASKED = 1 << 20
"""Bytes of an A-ASSOCIATE-RQ: 128 contexts with every transfer syntax take 200 kB."""
_MOST_COMMAND = 1 << 16
_MOST_INFORMATION = 8 << 20
"""Bytes of a data set that is no instance: a request for commitment of 10,000 instances takes 2 MB."""


class Context(NamedTuple):
    """An accepted presentation context."""

    abstract: str
    syntax: str


@dataclass(slots=True)
class Message:
    """One DIMSE message. ``content``: of a C-STORE the instance as a file, which begins with ``head`` bytes of our own; else its
    data set. ``excess``: it was longer than may be held, and what came of it has been dropped."""

    number: int
    context: Context
    command: CommandSet
    content: BytesIO = field(default_factory=BytesIO, repr=False)
    head: int = 0
    excess: str = ""

    @property
    def kind(self) -> int:
        """The CommandField."""
        return self.command.number(Field.COMMAND)


class Association:
    """Speaks with one peer. ``admitted`` says why it is rejected, None: it is not. ``serve`` answers a message, by ``reply``."""

    def __init__(
        self,
        settings: DicomListener,
        room: Room,
        streams: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        admitted: Callable[[pdu.Request], pdu.Reject | None],
        serve: Callable[[Association, Message], Awaitable[None]],
    ) -> None:
        self._settings = settings
        self._room = room
        self._reader, self._writer = streams
        self._socket: socket.socket | None = self._writer.get_extra_info("socket")
        self._admitted = admitted
        self._serve = serve
        self._contexts: Mapping[int, Context] = {}
        self._most = 0
        self._command = bytearray()
        self._message: Message | None = None
        self._held = 0
        self._closing = False
        self.calling = ""
        self.busy = False
        """Whether a message is being answered."""

    async def run(self) -> None:
        """Until it is released, aborted, too slow or gone."""
        try:
            if await self._established():
                while not self._closing and await self._turn():
                    pass
                if self._closing:
                    await self._send(pdu.abort(pdu.Abort.NOT_SPECIFIED))
        except Malformed:
            await self._abort(pdu.Abort.INVALID_VALUE)
        except TimeoutError:
            await self._abort(pdu.Abort.NOT_SPECIFIED)
        except (OSError, asyncio.IncompleteReadError):
            pass  # gone; what was durable stays so
        except asyncio.CancelledError:
            self._writer.write(pdu.abort(pdu.Abort.NOT_SPECIFIED))
            raise
        finally:
            self._drop()
            self._writer.close()

    def close(self) -> None:
        """Takes no further messages."""
        self._closing = True

    async def reply(self, number: int, command: bytes, content: bytes = b"") -> None:
        """Sends a message."""
        for is_command, part in ((True, command), (False, content)):
            if part:
                for begin, fragment in pdu.data(number, is_command, part, self._most):
                    self._writer.write(begin + fragment)
        await self._drained()

    async def _established(self) -> bool:
        kind, body = await self._pdu(self._settings.associate_seconds, _MOST_ASKED)
        if kind != pdu.Kind.REQUEST:
            await self._abort(pdu.Abort.UNEXPECTED)
            return False
        asked = pdu.read_request(body)
        why = self._admitted(asked)
        if why is not None:
            await self._send(pdu.rejection(why))
            await self._gone()
            return False
        self.calling = asked.calling
        self._most = pdu.most_sent(asked.most, self._settings.max_pdu_bytes)
        answers = tuple(_answer(one) for one in asked.proposals)
        classes = {one.number: one.abstract for one in asked.proposals}
        self._contexts = {one.number: Context(classes[one.number], one.syntax) for one in answers if not one.result}
        await self._send(pdu.acceptance(asked, pdu.Accepted(answers, self._settings.max_pdu_bytes)))
        return True

    async def _turn(self) -> bool:
        """One PDU, and what it completes; False at the end."""
        kind, body = await self._pdu(self._settings.idle_seconds, self._settings.max_pdu_bytes)
        if kind != pdu.Kind.DATA:
            await self._end(kind)
            return False
        message = self._feed(body)
        if message is not None:
            self.busy = True
            try:
                await self._serve(self, message)
            finally:
                self.busy = False
                self._drop()
        return True

    async def _end(self, kind: int) -> None:
        if kind == pdu.Kind.RELEASE_REQUEST:
            await self._send(pdu.release_reply())
            await self._gone()
        elif kind != pdu.Kind.ABORT:
            await self._abort(pdu.Abort.UNEXPECTED if 0 < kind < 8 else pdu.Abort.UNRECOGNISED)

    async def _pdu(self, seconds: float, most: int) -> tuple[int, bytes]:
        """Type and body of the next PDU. What is longer than was announced is refused before it is read."""
        async with asyncio.timeout(seconds):
            self._at_once()
            kind, length = pdu.HEADER.unpack(await self._reader.readexactly(pdu.HEADER.size))
            if length > most:
                raise Malformed("pdu-too-large", "pdu")
            return int(kind), await self._reader.readexactly(length)

    def _at_once(self) -> None:
        """Many senders write a message in two goes and leave Nagle's algorithm on: its second part waits until the first has been
        acknowledged, which the system puts off for 40 ms unless it is told not to, time and again."""
        if self._socket is not None and hasattr(socket, "TCP_QUICKACK"):
            with contextlib.suppress(OSError):
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)

    def _feed(self, body: bytes) -> Message | None:
        """The message that ``body`` completes. Raises Malformed for what is none."""
        done: Message | None = None
        for value in pdu.values(body):
            if done is not None:
                raise Malformed("message-unasked", "pdu")  # one at a time: nothing else was negotiated
            done = self._feed_command(value) if value.command else self._feed_data(value)
        return done

    def _feed_command(self, value: pdu.Value) -> Message | None:
        if self._message is not None or len(self._command) + len(value.content) > _MOST_COMMAND:
            raise Malformed("command-broken", "pdu")
        self._command += value.content
        if not value.last:
            return None
        command = CommandSet(bytes(self._command))
        self._command.clear()
        context = self._contexts.get(value.number)
        if context is None:
            raise Malformed("no-such-context", "pdu")
        message = Message(value.number, context, command)
        if not command.has_data:
            return message
        if message.kind == Command.STORE:
            who = Identity(command.text(Field.AFFECTED_CLASS), command.text(Field.AFFECTED_INSTANCE))
            message.head = message.content.write(head(who, context.syntax))
        self._message = message
        return None

    def _feed_data(self, value: pdu.Value) -> Message | None:
        message = self._message
        if message is None or value.number != message.number:
            raise Malformed("data-unasked", "pdu")
        size = len(value.content)
        most = self._settings.max_instance_bytes if message.kind == Command.STORE else _MOST_INFORMATION
        if not message.excess and message.content.tell() + size > most:
            self._exceeds(message, "instance-too-large")
        if not message.excess and not self._room.take(size):
            self._exceeds(message, "no-room")
        if not message.excess:
            self._held += size
            message.content.write(value.content)
        if not value.last:
            return None
        self._message = None
        return message

    def _exceeds(self, message: Message, why: str) -> None:
        """The rest is read and dropped: only a peer that has sent all of it hears the answer."""
        message.excess = why
        message.content = BytesIO()
        self._drop()

    def _drop(self) -> None:
        self._room.give(self._held)
        self._held = 0

    async def _abort(self, why: pdu.Abort) -> None:
        with contextlib.suppress(OSError, TimeoutError):
            await self._send(pdu.abort(why))

    async def _send(self, content: bytes) -> None:
        self._writer.write(content)
        await self._drained()

    async def _drained(self) -> None:
        async with asyncio.timeout(self._settings.idle_seconds):
            await self._writer.drain()

    async def _gone(self) -> None:
        """The peer closes the connection (PS3.8, 9.2: state 13); one that does not is not waited for long."""
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(min(2.0, self._settings.associate_seconds)):
                while await self._reader.read(1 << 16):
                    pass


def _answer(asked: pdu.Proposal) -> pdu.Answer:
    """Of the transfer syntaxes the first that can be read: the peer names first what it has."""
    if asked.abstract in (VERIFICATION, COMMITMENT):
        readable = frozenset({IMPLICIT, EXPLICIT})
    elif asked.abstract in storage_classes():
        readable = transfer_syntaxes()
    else:
        return pdu.Answer(asked.number, 3, asked.syntaxes[0] if asked.syntaxes else IMPLICIT)
    syntax = next((one for one in asked.syntaxes if one in readable), "")
    return pdu.Answer(asked.number, 0 if syntax else 4, syntax or (asked.syntaxes or (IMPLICIT,))[0])
