"""The DICOM listener: a provider of verification, storage and storage commitment."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from ipaddress import ip_address

from deidstream.core.case import Case
from deidstream.core.errors import DeidstreamError, Malformed, Unavailable
from deidstream.formats.dicom.network import commitment, pdu
from deidstream.formats.dicom.network.classes import COMMITMENT, COMMITMENT_INSTANCE, VERIFICATION
from deidstream.formats.dicom.network.command import NO_DATA, Command, Field, Status, command, reply
from deidstream.formats.dicom.part10 import IMPLICIT
from deidstream.ports import Intake
from deidstream.stages.ingest.config import DicomListener, DicomPeer
from deidstream.stages.ingest.dicom_association import Association, Message
from deidstream.stages.ingest.instances import LARGE, Room, handed_in, mark, received, status_of, stored
from deidstream.stages.ingest.service import Admission
from deidstream.stream import log

__all__ = ["DicomServer", "Report"]

Report = Callable[[DicomPeer, str, int, bytes], None]
"""Tells a peer, on an association of its own, from the title given, the event of that type with that information (implicit VR,
little endian). Blocks. Raises Unavailable where the peer does not take it."""

_GRACE = 5.0
_SETTLED = 5.0
_LOOK_AGAIN = 0.1
_REPORT_PAUSES = (1.0, 10.0, 60.0)


class DicomServer:
    """One listener. ``start`` binds; ``close`` lets every association give the answer that it owes."""

    def __init__(
        self,
        settings: DicomListener,
        admission: Admission,
        intake: Intake,
        report: Report | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._settings = settings
        self._admission = admission
        self._intake = intake
        self._report = report
        self._tls = tls
        self._room = Room(settings.max_held_bytes)
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.Task[None], Association] = {}
        self._reports: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def associations(self) -> int:
        """Open at this moment, those that are being asked for included."""
        return len(self._open)

    async def start(self, shared: bool = False) -> None:
        """Binds and listens; ``shared``: with other processes of this user, among which the system divides the connections."""
        settings = self._settings
        self._server = await asyncio.start_server(
            self._accept,
            settings.host,
            settings.port,
            ssl=self._tls,
            limit=settings.max_pdu_bytes,
            ssl_handshake_timeout=settings.associate_seconds if self._tls else None,
            backlog=settings.max_associations,
            reuse_port=shared or None,
        )

    async def close(self) -> None:
        """Takes no further messages, waits for the commits of those taken, answers them."""
        assert self._server is not None
        self._server.close()
        for task, association in tuple(self._open.items()):
            association.close()
            if not association.busy:
                task.cancel()
        for report in self._reports:
            report.cancel()
        left = [*self._open, *self._reports]
        if left:
            await asyncio.wait(left, timeout=_GRACE)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Beyond the limit a peer is told so; where even those who are told are too many, nobody is.
        if len(self._open) >= 2 * self._settings.max_associations:
            writer.close()
            return
        task = asyncio.current_task()
        assert task is not None
        address = str((writer.get_extra_info("peername") or ("",))[0])
        association = Association(
            self._settings, self._room, (reader, writer), lambda asked: self._admitted(asked, address), self._serve
        )
        self._open[task] = association
        try:
            await association.run()
        except asyncio.CancelledError:
            writer.close()  # the server closes, and nothing was taken that is not answered
        finally:
            self._open.pop(task, None)

    def _admitted(self, asked: pdu.Request, address: str) -> pdu.Reject | None:
        """Why the peer may not in; None: it may."""
        why = self._why_not(asked, address)
        if why is not None:
            log.emit("dicom.rejected", logging.WARNING, source=self._settings.name, reason=why[0])
        return why[1] if why is not None else None

    def _why_not(self, asked: pdu.Request, address: str) -> tuple[str, pdu.Reject] | None:
        if not asked.version & 1:
            return "protocol-version", pdu.PROTOCOL_VERSION
        if asked.context != pdu.APPLICATION_CONTEXT:
            return "application-context", pdu.CONTEXT_NAME
        if asked.called != self._settings.ae_title:
            return "called-title", pdu.CALLED_TITLE
        if self._settings.allowed and self._peer(asked.calling, address) is None:
            return "calling-title", pdu.CALLING_TITLE
        if len(self._open) > self._settings.max_associations:
            return "too-many", pdu.LIMIT_EXCEEDED
        return None

    def _peer(self, title: str, address: str = "") -> DicomPeer | None:
        for peer in self._settings.allowed:
            if peer.ae_title == title and (not address or not peer.addresses or _within(address, peer)):
                return peer
        return None

    async def _serve(self, association: Association, message: Message) -> None:
        kind, asked = message.kind, message.command
        if kind == Command.STORE:
            await self._store(association, message)
        elif kind == Command.ECHO and message.context.abstract == VERIFICATION:
            await association.reply(message.number, reply(asked, Status.SUCCESS))
        elif kind == Command.ACTION and message.context.abstract == COMMITMENT:
            await self._act(association, message)
        elif not kind & 0x8000 and kind != Command.CANCEL:  # to responses and cancellations nobody answers
            await association.reply(message.number, reply(asked, Status.UNRECOGNISED))

    async def _store(self, association: Association, message: Message) -> None:
        try:
            large = message.content.tell() >= LARGE  # its hash must hold up nobody else
            case, name = await asyncio.to_thread(self._read, message) if large else self._read(message)
            await handed_in(self._intake, [case], {case.id: name}, self._settings.busy_seconds)
        except DeidstreamError as error:
            self._refused(error.code)
            await association.reply(message.number, reply(message.command, status_of(error), error.code))
        else:
            await association.reply(message.number, reply(message.command, Status.SUCCESS))

    def _read(self, message: Message) -> tuple[Case, str]:
        """The case of an instance, and its mark. Raises Malformed."""
        taken = stored(message)
        case = self._admission.case(received(self._settings.name, self._settings.attributes, taken))
        return case, mark(self._admission, self._settings.name, taken.identity.instance)

    def _refused(self, code: str) -> None:
        log.emit("dicom.refused", logging.WARNING, source=self._settings.name, code=code)

    async def _act(self, association: Association, message: Message) -> None:
        """A request for commitment: said to have come in, then answered by a report."""
        asked = message.command
        action = asked.number(Field.ACTION_TYPE)
        status = Status.SUCCESS
        if asked.text(Field.REQUESTED_INSTANCE) != COMMITMENT_INSTANCE:
            status = Status.NO_SUCH_INSTANCE
        elif action != 1:
            status = Status.NO_SUCH_ACTION
        transaction = None
        try:
            if status is Status.SUCCESS:
                transaction = commitment.read_transaction(message.content.getvalue(), message.context.syntax)
        except Malformed:
            status = Status.INVALID_ARGUMENT
        await association.reply(message.number, reply(asked, status, ACTION_TYPE=max(action, 0)))
        if transaction is None:
            self._refused("commitment-not-understood")
            return
        peer = self._peer(association.calling)
        if peer is not None and peer.report_to:
            task = asyncio.create_task(self._report_apart(peer, transaction))
            self._reports.add(task)
            task.add_done_callback(self._reports.discard)
        else:
            kind, told = await self._outcome(transaction, message.context.syntax)
            await association.reply(message.number, _event(kind), told)

    async def _outcome(self, transaction: commitment.Transaction, syntax: str) -> tuple[int, bytes]:
        """Event type and information: what the bus has is committed. The ledger says so a moment after the bus does."""
        marks = {one: mark(self._admission, self._settings.name, one.instance) for one in transaction.references}
        until = asyncio.get_running_loop().time() + _SETTLED
        while True:
            try:
                found = await asyncio.to_thread(self._intake.accepted, list(marks.values()))
            except Unavailable:
                found = frozenset()
            failed = [one for one, name in marks.items() if name not in found]
            if not failed or asyncio.get_running_loop().time() > until:
                break
            await asyncio.sleep(_LOOK_AGAIN)
        committed = [one for one, name in marks.items() if name in found]
        kind = commitment.SOME_FAILED if failed else commitment.ALL_COMMITTED
        log.emit("dicom.committed", source=self._settings.name, instances=len(committed), failed=len(failed))
        return kind, commitment.information(transaction.uid, committed, failed, syntax)

    async def _report_apart(self, peer: DicomPeer, transaction: commitment.Transaction) -> None:
        """On an association of our own. A peer that does not take it after some attempts asks again (PS3.4, J.3.3)."""
        assert self._report is not None
        kind, told = await self._outcome(transaction, IMPLICIT)
        for pause in (*_REPORT_PAUSES, 0.0):
            try:
                await asyncio.to_thread(self._report, peer, self._settings.ae_title, kind, told)
                return
            except DeidstreamError as error:
                log.emit("dicom.unreported", logging.WARNING, source=self._settings.name, code=error.code)
            await asyncio.sleep(pause)


def _event(kind: int) -> bytes:
    fields: dict[Field, int | str] = {
        Field.AFFECTED_CLASS: COMMITMENT,
        Field.COMMAND: Command.EVENT_REPORT,
        Field.MESSAGE: 1,
        Field.DATA_SET: NO_DATA - 1,
        Field.AFFECTED_INSTANCE: COMMITMENT_INSTANCE,
        Field.EVENT_TYPE: kind,
    }
    return command(fields)


def _within(address: str, peer: DicomPeer) -> bool:
    try:
        there = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(there, "ipv4_mapped", None)
    return any((mapped or there) in network for network in peer.addresses)
