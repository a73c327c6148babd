"""The MLLP listener, over real sockets."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from deidstream.adapters.tls import client_context, server_context
from deidstream.core.errors import Unavailable
from deidstream.formats.hl7v2 import acknowledgement as ack
from deidstream.formats.hl7v2.mllp import Deframer, frame
from deidstream.stages.ingest.config import MllpListener
from deidstream.stages.ingest.mllp import MllpServer
from deidstream.stages.ingest.service import Admission
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.certificates import make_certificates
from tests.stages.ingest.conftest import FixedClock, RememberingIntake

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def message(
    control: int | str, accept: str = "", version: str = "2.5", charset: str = "", body: str = "PID|1"
) -> bytes:
    encoding = "latin-1" if charset == "8859/1" else "utf-8"
    header = f"MSH|^~\\&|LAB|HOSP|EHR|CLINIC|20240101||ORU^R01^ORU_R01|{control}|P|{version}|||{accept}|||{charset}"
    return f"{header}\r{body}\r".encode(encoding)


class Peer:
    """The client's side."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self._deframer = Deframer(1 << 20)
        self._ready: list[bytes] = []

    async def answer(self) -> bytes:
        while not self._ready:
            portion = await asyncio.wait_for(self.reader.read(65536), 5)
            if not portion:
                raise ConnectionResetError
            self._ready += [block.content for block in self._deframer.feed(portion)]
        return self._ready.pop(0)

    async def code(self) -> tuple[str, bytes]:
        read = ack.read(await self.answer())
        assert read is not None
        return read.code, read.control_id

    def send(self, *messages: bytes) -> None:
        self.writer.write(b"".join(map(frame, messages)))


@pytest.fixture
def talk(admission: Admission, intake: RememberingIntake, clock: FixedClock) -> Callable[..., None]:
    """Runs a conversation against a fresh listener."""

    def run(
        conversation: Callable[[Peer], Awaitable[None]], tls: ssl.SSLContext | None = None, **changes: object
    ) -> None:
        async def both() -> None:
            listener = MllpListener(name="adt", port=0, **changes)  # type: ignore[arg-type]
            server = MllpServer(listener, admission, intake, clock)
            await server.start()
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=tls)
                await conversation(Peer(reader, writer))
                writer.close()
            finally:
                await server.close()

        asyncio.run(both())

    return run


def test_a_message_is_acknowledged_by_its_control_id(talk: Callable[..., None], intake: RememberingIntake) -> None:
    async def conversation(peer: Peer) -> None:
        peer.send(message(1))
        assert await peer.code() == ("AA", b"1")

    talk(conversation)
    (case,) = intake.cases
    assert case.source == message(1)
    assert (case.header.source, case.header.format, case.header.key) == ("adt", "hl7v2", "adt")
    assert case.header.itinerary == ("identify",)
    assert case.header.attribute("hl7.type") == "ORU^R01"
    assert case.header.trace.startswith("00-")


def test_nothing_is_acknowledged_before_it_is_durable(talk: Callable[..., None], intake: RememberingIntake) -> None:
    intake.hold = True

    async def conversation(peer: Peer) -> None:
        peer.send(message(1))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(peer.reader.read(1), 0.1)
        intake.release()
        assert await peer.code() == ("AA", b"1")

    talk(conversation)


@given(
    controls=st.lists(st.integers(0, 99), min_size=1, max_size=12),
    cuts=st.lists(st.integers(1, 80), min_size=1, max_size=10),
    noise=st.sampled_from([b"", b"\r\n", b"noise"]),
)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_however_the_stream_is_cut_every_message_gets_one_answer_in_order(
    talk: Callable[..., None], controls: list[int], cuts: list[int], noise: bytes
) -> None:
    async def conversation(peer: Peer) -> None:
        stream = noise.join(frame(message(control)) for control in controls)
        position = turn = 0
        while position < len(stream):
            size = cuts[turn % len(cuts)]
            peer.writer.write(stream[position : position + size])
            await peer.writer.drain()
            await asyncio.sleep(0)
            position, turn = position + size, turn + 1
        assert [await peer.code() for _ in controls] == [("AA", str(control).encode()) for control in controls]

    talk(conversation)


def test_a_message_sent_again_has_the_same_id_and_another_source_gives_another(admission: Admission) -> None:
    first = admission.identify("adt", b"1", b"content")
    assert admission.identify("adt", b"1", b"content") == first
    others = {
        admission.identify("oru", b"1", b"content"),
        admission.identify("adt", b"2", b"content"),
        admission.identify("adt", b"1", b"other"),
        admission.identify("adt1", b"", b"content"),
        admission.identify("adt", b"", b"1content"),
    }
    assert first not in others
    assert len(others) == 5


@pytest.mark.parametrize(
    ("accept", "expected"),
    [("", [b"AA"]), ("AL", [b"CA"]), ("NE", []), ("ER", []), ("SU", [b"CA"])],
)
def test_msh_15_decides_about_the_answer_to_an_accepted_message(
    talk: Callable[..., None], intake: RememberingIntake, accept: str, expected: list[bytes]
) -> None:
    async def conversation(peer: Peer) -> None:
        peer.send(message(1, accept), message(2))
        answers = [await peer.answer() for _ in range(len(expected) + 1)]
        assert [answer.split(b"MSA|")[1][:2] for answer in answers] == [*expected, b"AA"]

    talk(conversation)
    assert len(intake.cases) == 2


@pytest.mark.parametrize(("accept", "expected"), [("", "AE"), ("AL", "CE"), ("ER", "CE")])
def test_what_cannot_be_made_durable_is_an_error_and_may_come_again(
    talk: Callable[..., None], intake: RememberingIntake, accept: str, expected: str
) -> None:
    async def conversation(peer: Peer) -> None:
        intake.error = Unavailable("disk-full", "bus")
        peer.send(message(1, accept))
        assert await peer.code() == (expected, b"1")
        intake.error = None
        peer.send(message(1))
        assert await peer.code() == ("AA", b"1")

    talk(conversation)


def test_while_the_intake_is_full_the_message_waits_and_then_gets_an_error(
    talk: Callable[..., None], intake: RememberingIntake
) -> None:
    intake.refusal = Unavailable("intake-full", "ingest")

    async def conversation(peer: Peer) -> None:
        peer.send(message(1))
        assert await peer.code() == ("AE", b"1")

    talk(conversation, busy_seconds=0.05)


REJECTED = [
    (b"PID|1||SECRET", b"AR", b"no-msh"),
    (b"MSHSECRET", b"AR", b"bad-delimiters"),
    (b"", b"AR", b"no-msh"),
    (message(""), b"AR", b"no-control-id"),
    (message(1, version="SECRET"), b"AR", b"unsupported-version"),
    (message(1, version="3.0"), b"AR", b"unsupported-version"),
    (message(1).replace(b"ORU^R01^ORU_R01", b"SECRET"), b"AR", b"unsupported-message-type"),
    (message(1).replace(b"ORU^R01^ORU_R01", b"ACK"), b"AR", b"unsupported-message-type"),
    (message(1).decode().encode("utf-16"), b"AR", b"no-msh"),
]


@pytest.mark.parametrize(("content", "code", "reason"), REJECTED)
def test_what_is_no_message_is_rejected_without_its_content_and_the_connection_goes_on(
    talk: Callable[..., None], intake: RememberingIntake, content: bytes, code: bytes, reason: bytes
) -> None:
    async def conversation(peer: Peer) -> None:
        peer.send(content, message(2))
        answer = await peer.answer()
        assert b"MSA|" + code in answer
        assert reason in answer
        assert b"\rERR|" in answer
        assert b"SECRET" not in answer
        assert await peer.code() == ("AA", b"2")

    talk(conversation)
    assert len(intake.cases) == 1


def test_a_message_above_the_limit_is_rejected_and_the_next_one_taken(talk: Callable[..., None]) -> None:
    async def conversation(peer: Peer) -> None:
        peer.send(message(1, body="x" * 300_000), message(2))
        assert await peer.code() == ("AR", b"1")
        assert await peer.code() == ("AA", b"2")

    talk(conversation, max_message_bytes=100_000)


def test_ten_megabytes_are_one_message(talk: Callable[..., None], intake: RememberingIntake) -> None:
    large = message(1, body="OBX|1|ED|||" + "A" * 10_000_000)

    async def conversation(peer: Peer) -> None:
        peer.send(large)
        assert await peer.code() == ("AA", b"1")

    talk(conversation)
    assert intake.cases[0].source == large


def test_a_block_without_end_is_an_error_and_the_next_message_is_taken(talk: Callable[..., None]) -> None:
    async def conversation(peer: Peer) -> None:
        peer.writer.write(b"\x0b" + message(1))
        peer.send(message(2))
        assert await peer.code() == ("AE", b"1")
        assert await peer.code() == ("AA", b"2")

    talk(conversation)


def test_the_answer_keeps_the_senders_character_set(talk: Callable[..., None], intake: RememberingIntake) -> None:
    async def conversation(peer: Peer) -> None:
        peer.send(message(1, charset="8859/1", body="PID|1|||||Jürgen").replace(b"LAB", "Zürich".encode("latin-1")))
        answer = await peer.answer()
        assert b"Z\xfcrich" in answer
        assert answer.split(b"\r")[0].endswith(b"|8859/1")

    talk(conversation)
    assert b"J\xfcrgen" in intake.cases[0].source


def test_a_silent_connection_is_closed(talk: Callable[..., None]) -> None:
    async def conversation(peer: Peer) -> None:
        assert await asyncio.wait_for(peer.reader.read(1), 5) == b""

    talk(conversation, idle_seconds=0.05)


def test_a_connection_too_many_is_closed_and_the_others_go_on(
    admission: Admission, intake: RememberingIntake, clock: FixedClock
) -> None:
    async def run() -> None:
        server = MllpServer(MllpListener(name="adt", port=0, max_connections=1), admission, intake, clock)
        await server.start()
        first = Peer(*await asyncio.open_connection("127.0.0.1", server.port))
        first.send(message(1))
        assert await first.code() == ("AA", b"1")
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        assert await asyncio.wait_for(reader.read(1), 5) == b""
        first.send(message(2))
        assert await first.code() == ("AA", b"2")
        writer.close()
        first.writer.close()
        await server.close()

    asyncio.run(run())


def test_many_connections_are_served_at_once(
    admission: Admission, intake: RememberingIntake, clock: FixedClock
) -> None:
    async def one(port: int, number: int) -> tuple[str, bytes]:
        peer = Peer(*await asyncio.open_connection("127.0.0.1", port))
        peer.send(message(number))
        code = await peer.code()
        peer.writer.close()
        return code

    async def run() -> None:
        server = MllpServer(MllpListener(name="adt", port=0), admission, intake, clock)
        await server.start()
        codes = await asyncio.gather(*(one(server.port, number) for number in range(100)))
        assert codes == [("AA", str(number).encode()) for number in range(100)]
        await server.close()

    asyncio.run(run())


def test_closing_answers_what_was_taken(admission: Admission, intake: RememberingIntake, clock: FixedClock) -> None:
    async def run() -> None:
        server = MllpServer(MllpListener(name="adt", port=0), admission, intake, clock)
        await server.start()
        intake.hold = True
        peer = Peer(*await asyncio.open_connection("127.0.0.1", server.port))
        peer.send(message(1))
        while not intake.cases:
            await asyncio.sleep(0.001)
        closing = asyncio.create_task(server.close())
        await asyncio.sleep(0.01)
        intake.release()
        assert await peer.code() == ("AA", b"1")
        await closing
        peer.writer.close()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("required", "shown", "welcome"), [(False, False, True), (True, True, True), (True, False, False)]
)
def test_tls_with_and_without_client_certificates(
    admission: Admission,
    intake: RememberingIntake,
    clock: FixedClock,
    tmp_path: Path,
    required: bool,
    shown: bool,
    welcome: bool,
) -> None:
    files = make_certificates(tmp_path)

    async def run() -> None:
        tls = server_context(files.server, files.server_key, files.ca if required else None, required)
        assert tls.minimum_version == ssl.TLSVersion.TLSv1_2
        server = MllpServer(MllpListener(name="adt", port=0), admission, intake, clock, tls)
        await server.start()
        context = client_context(files.ca, files.client if shown else None, files.client_key if shown else None)
        try:
            peer = Peer(*await asyncio.open_connection("127.0.0.1", server.port, ssl=context))
            peer.send(message(1))
            assert await peer.code() == ("AA", b"1")
            peer.writer.close()
        finally:
            await server.close()

    if welcome:
        asyncio.run(run())
    else:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            asyncio.run(run())
