"""The MLLP listener: many connections, each a conversation of messages and acknowledgements in their order."""

from __future__ import annotations

import asyncio
import secrets
import ssl
import time
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass

from deidstream.core.errors import DeidstreamError, Unavailable
from deidstream.formats.hl7v2 import acknowledgement as ack
from deidstream.formats.hl7v2 import mllp
from deidstream.formats.hl7v2.header import MessageHeader
from deidstream.ports import Clock, Intake
from deidstream.stages.ingest.config import MllpListener
from deidstream.stages.ingest.door import Judgement, judge, judge_failure
from deidstream.stages.ingest.service import Admission, Received

__all__ = ["MllpServer"]

_PORTION = 1 << 16
_GRACE = 5.0
_RETRY = 0.02


@dataclass(frozen=True, slots=True)
class _Due:
    """An acknowledgement that is due, perhaps only when ``durable`` is done."""

    judgement: Judgement
    durable: Future[None] | None = None


class MllpServer:
    """One listener. ``start`` binds; ``close`` lets every conversation give the answers that it owes."""

    def __init__(
        self,
        settings: MllpListener,
        admission: Admission,
        intake: Intake,
        clock: Clock,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.settings = settings
        self.admission = admission
        self.intake = intake
        self.clock = clock
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._conversations: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def connections(self) -> int:
        """Open at this moment."""
        return len(self._conversations)

    async def start(self, shared: bool = False) -> None:
        """Binds and listens; ``shared``: with other processes of this user, among which the system divides the connections."""
        self._server = await asyncio.start_server(
            self._accept,
            self.settings.host,
            self.settings.port,
            ssl=self._tls,
            backlog=self.settings.max_connections,
            reuse_port=shared or None,
        )

    async def close(self) -> None:
        """Takes no further messages, waits for the commits of those taken, answers them."""
        assert self._server is not None
        self._server.close()
        open_ = tuple(self._conversations)
        for task in open_:
            task.cancel()
        if open_:
            await asyncio.wait(open_, timeout=_GRACE)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._conversations) >= self.settings.max_connections:
            writer.close()
            return
        task = asyncio.current_task()
        assert task is not None
        self._conversations.add(task)
        try:
            await _Conversation(self, reader, writer).run()
        finally:
            self._conversations.discard(task)


class _Conversation:
    """One connection: a reader that takes messages in, and a writer that answers in the same order."""

    def __init__(self, server: MllpServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._server = server
        self._settings = server.settings
        self._reader = reader
        self._writer = writer
        self._due: asyncio.Queue[_Due | None] = asyncio.Queue(server.settings.pipeline)
        self._deframer = mllp.Deframer(server.settings.max_message_bytes)
        self._gone = False

    async def run(self) -> None:
        answers = asyncio.create_task(self._answer_all())
        try:
            await self._read_all()
        except asyncio.CancelledError:
            pass  # the server closes; what was taken is still answered
        finally:
            await self._due.put(None)
            await answers
            self._writer.close()

    async def _read_all(self) -> None:
        while portion := await self._portion():
            for block in self._deframer.feed(portion):
                await self._take(block)
        for block in self._deframer.finish():
            await self._take(block)

    async def _portion(self) -> bytes:
        """What has come; b'' at the end, or when nothing comes for too long."""
        try:
            async with asyncio.timeout(self._settings.idle_seconds):
                return await self._reader.read(_PORTION)
        except (TimeoutError, OSError):
            return b""

    async def _take(self, block: mllp.Frame) -> None:
        judgement = judge(block)
        if judgement.header is None or judgement.faults:
            await self._due.put(_Due(judgement))
            return
        try:
            durable = await self._hand_in(judgement.header, block.content)
        except DeidstreamError as error:
            await self._due.put(_Due(judge_failure(judgement.header, error)))
        else:
            await self._due.put(_Due(judgement, durable))

    async def _hand_in(self, header: MessageHeader, content: bytes) -> Future[None]:
        """Into the intake; while that is full nothing is read from this connection, and TCP holds the sender back."""
        case = self._server.admission.case(
            Received(
                self._settings.name,
                "hl7v2",
                content,
                header.control_id,
                attributes=(*self._settings.attributes, ("hl7.type", header.type), ("hl7.version", header.version)),
            )
        )
        deadline = time.monotonic() + self._settings.busy_seconds
        while True:
            try:
                return self._server.intake.submit([case])
            except Unavailable:
                if time.monotonic() > deadline:
                    raise
            await asyncio.sleep(_RETRY)

    async def _answer_all(self) -> None:
        while (due := await self._due.get()) is not None:
            judgement = await self._outcome(due)
            if not self._gone and (answer := self._answer(judgement)):
                await self._send(answer)

    async def _outcome(self, due: _Due) -> Judgement:
        """Waits until the message is durable, or is known not to be."""
        if due.durable is None:
            return due.judgement
        assert due.judgement.header is not None
        try:
            await asyncio.wrap_future(due.durable)
        except DeidstreamError as error:
            return judge_failure(due.judgement.header, error)
        except CancelledError:
            return judge_failure(due.judgement.header, Unavailable("intake-closed"))
        return due.judgement

    def _answer(self, judgement: Judgement) -> bytes:
        header = judgement.header
        if self._settings.acknowledge == "none":
            return b""
        if header is not None and self._settings.acknowledge == "original":
            header = header._replace(accept="", application="")
        if header is not None and not ack.expects_answer(header, judgement.verdict):
            return b""
        stamp = time.strftime("%Y%m%d%H%M%S", time.gmtime(self._server.clock.now()))
        return mllp.frame(ack.acknowledge(header, judgement.verdict, secrets.token_hex(10), stamp, judgement.faults))

    async def _send(self, answer: bytes) -> None:
        try:
            async with asyncio.timeout(self._settings.idle_seconds):
                self._writer.write(answer)
                await self._writer.drain()
        except (TimeoutError, OSError):
            self._gone = True  # what was taken stays taken; the sender will send it again and be told so
            self._writer.close()
