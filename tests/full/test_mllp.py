"""HL7 v2 by MLLP from and to HAPI, the reference implementation in Java."""

from __future__ import annotations

import re
import socket
import ssl
from collections import Counter
from functools import lru_cache
from pathlib import Path
from threading import Thread

import pytest
from deidstream.cli.simulate import Event, day

from tests.certificates import Certificates
from tests.full.conftest import Hospital
from tests.full.java import Java, wait_for
from tests.harness.simulated import survived

pytestmark = pytest.mark.full


@lru_cache(maxsize=1)
def simulated() -> list[Event]:
    """One day for all tests: record numbers of two days would belong to other people."""
    return [event for event in day(500, seed=11) if event.format == "hl7v2"]


class Feed:
    """The part ``[start, end)`` of the day as files of a folder, for HAPI's client."""

    def __init__(self, folder: Path, start: int, end: int, *, enhanced: bool = True) -> None:
        self.folder = folder
        folder.mkdir()
        events = simulated()[start:end]
        assert len(events) == end - start
        self.contents = [event.content if enhanced else in_original_mode(event.content) for event in events]
        self.ids = [event.control_id for event in events]
        self.events = events
        for number, content in enumerate(self.contents):
            (folder / f"{number:04}.hl7").write_bytes(content)

    def send(self, java: Java, port: int, *tls: str) -> list[list[str]]:
        """MSH-10 of each message, and MSA-1 and MSA-2 of its answer."""
        return [line.split() for line in java.run("MllpSend", port, self.folder, *tls)]


class Received:
    """What HAPI's receiver has written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)

    def lines(self, kind: str) -> list[str]:
        log = self.folder / "log"
        written = log.read_text().splitlines() if log.exists() else []
        return [line.partition(" ")[2] for line in written if line.startswith(kind)]

    def content(self, control_id: str) -> bytes:
        return (self.folder / f"{control_id}.hl7").read_bytes()


def in_original_mode(message: bytes) -> bytes:
    """Without MSH-15 and MSH-16."""
    assert message.count(b"|AL|NE|") == 1
    return message.replace(b"|AL|NE|", b"|||")


def released(hospital: Hospital) -> dict[str, bytes]:
    return {release.id: release.content for release in hospital.running.releases()}


def canonical(message: bytes) -> list[list[bytes]]:
    """Segments and fields, without empty components, fields and segments at the end, which HAPI leaves out."""
    fields = [segment.split(b"|") for segment in re.split(rb"[\r\n]+", message)]
    return [bare for segment in fields if len(bare := _bare(segment)) > 1]


def _bare(segment: list[bytes]) -> list[bytes]:
    if segment[0] != b"MSH":
        segment = [re.sub(rb"[\^&]+(?=~|$)|&+(?=\^)", b"", field) for field in segment]
    while segment and not segment[-1]:
        segment = segment[:-1]
    return segment


def send_and_release(hospital: Hospital, feed: Feed, java: Java) -> list[list[str]]:
    before = len(hospital.running.releases())
    answers = feed.send(java, hospital.running.mllp)
    await_released(hospital, before + len(feed.ids))
    return answers


def await_released(hospital: Hospital, count: int) -> None:
    """Until ``count`` messages are released; neither more nor less, and none in quarantine."""
    wait_for(lambda: len(hospital.running.releases()) >= count, f"{count} messages are released")
    assert len(hospital.running.releases()) == count
    assert hospital.running.quarantined() == 0


def all_delivered(hospital: Hospital, received: Received, kind: str = "got") -> bool:
    return set(received.lines(kind)) >= set(released(hospital))


@pytest.mark.parametrize(("enhanced", "code", "start", "end"), [(False, "AA", 0, 100), (True, "CA", 100, 130)])
def test_each_message_is_acknowledged_and_released(
    hospital: Hospital, java: Java, tmp_path: Path, enhanced: bool, code: str, start: int, end: int
) -> None:
    feed = Feed(tmp_path / "feed", start, end, enhanced=enhanced)
    assert any(byte > 127 for content in feed.contents for byte in content), "no text outside of ASCII"
    answers = send_and_release(hospital, feed, java)
    assert answers == [[number, code, number] for number in feed.ids]


def test_a_receiver_that_starts_later_gets_every_release_once(hospital: Hospital, java: Java, tmp_path: Path) -> None:
    feed = Feed(tmp_path / "feed", 130, 170)
    send_and_release(hospital, feed, java)
    received = Received(hospital.folder / "plain")
    with java.serving("MllpReceive", hospital.receiver, received.folder, log=hospital.folder / "plain.log"):
        wait_for(lambda: all_delivered(hospital, received), "all is delivered")
    assert received.lines("error") == []
    arrived = Counter(received.lines("got"))
    assert max(arrived.values()) == 1
    contents = released(hospital)
    assert set(arrived) == set(contents)
    for identifier, content in contents.items():
        assert canonical(received.content(identifier)) == canonical(content)
    assert survived(hospital.running, feed.events, feed.contents) == []


def test_a_receiver_that_is_killed_in_the_middle_loses_nothing(hospital: Hospital, java: Java, tmp_path: Path) -> None:
    feed = Feed(tmp_path / "feed", 170, 320)
    received = Received(hospital.folder / "plain")
    log = hospital.folder / "plain.log"
    sending = Thread(target=feed.send, args=(java, hospital.running.mllp))
    with java.serving("MllpReceive", hospital.receiver, received.folder, log=log):
        wait_for(lambda: all_delivered(hospital, received), "the backlog is delivered")
        before, released_before = len(received.lines("got")), len(released(hospital))
        sending.start()
        wait_for(lambda: len(received.lines("got")) > before + 10, "some messages have arrived")
    killed_at = len(set(received.lines("got")))
    with java.serving("MllpReceive", hospital.receiver, received.folder, log=log):
        sending.join(90)
        await_released(hospital, released_before + len(feed.ids))
        wait_for(lambda: all_delivered(hospital, received), "all is delivered")
    assert killed_at < len(released(hospital)), "it was killed after the end"
    arrived = Counter(received.lines("got"))
    assert received.lines("error") == []
    assert set(arrived) == set(released(hospital))
    # The one whose acknowledgement was lost with the receiver comes again, with the same MSH-10.
    assert sum(arrived.values()) - len(arrived) <= 1


def test_tls_with_client_certificates_holds_both_ways(
    hospital: Hospital, tls_client: Java, tls_server: Java, tmp_path: Path
) -> None:
    feed = Feed(tmp_path / "feed", 320, 340)
    received = Received(hospital.folder / "tls")
    before = len(released(hospital))
    assert feed.send(tls_client, hospital.tls_in, "tls") == [[number, "CA", number] for number in feed.ids]
    await_released(hospital, before + len(feed.ids))
    with tls_server.serving(
        "MllpReceive", hospital.tls_receiver, received.folder, "tls", log=hospital.folder / "tls.log"
    ):
        wait_for(lambda: all_delivered(hospital, received), "all is delivered with TLS")
    assert received.lines("error") == []
    assert set(received.lines("got")) == set(released(hospital))


def test_a_client_without_a_certificate_is_turned_away(hospital: Hospital, certificates: Certificates) -> None:
    context = ssl.create_default_context(cafile=str(certificates.ca))
    with socket.create_connection(("127.0.0.1", hospital.tls_in), 10) as plain, pytest.raises((ssl.SSLError, OSError)):
        _ask(context.wrap_socket(plain, server_hostname="127.0.0.1"))


def _ask(connection: ssl.SSLSocket) -> None:
    """With TLS 1.3 it is the first read that tells."""
    connection.settimeout(10)
    connection.sendall(b"\x0bMSH|^~\\&|A|B|C|D|20260101||ADT^A01|1|P|2.5\r\x1c\r")
    if not connection.recv(1):
        raise ConnectionResetError
