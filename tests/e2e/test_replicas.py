"""Several processes of ingest behind one port: what was acknowledged is there once, whichever of them is killed."""

import contextlib
import os
import select
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from deidstream.formats.hl7v2.mllp import frame
from deidstream.stream.stages import AUDIT, inbox

from tests.harness.client import answers, case_of, eventually, fates, log_lines, message
from tests.harness.deployment import deployment, is_ready

pytestmark = pytest.mark.slow

CONNECTIONS = 8
MESSAGES = 300


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with deployment(tmp_path_factory.mktemp("replicas"), {"replicas": {"ingest": 2}}) as up:
        up.start()
        up.wait_ready()
        yield up


class Sender:
    """One connection: a message, its acknowledgement, the next. What was not acknowledged is sent again, over another."""

    def __init__(self, port):
        self._port = port
        self._connection = None
        self.again = 0

    def send(self, content):
        until = time.monotonic() + 60
        while time.monotonic() < until:
            with contextlib.suppress(OSError):
                if self._answered(content) in (["CA"], ["AA"]):
                    return
            self.again += 1
            self.close()
            time.sleep(0.02)
        raise TimeoutError

    def _answered(self, content):
        if self._connection is None:
            self._connection = socket.create_connection(("127.0.0.1", self._port), 10)
        self._connection.sendall(frame(content))
        got = b""
        while not got.endswith(b"\x1c\r"):
            portion = self._connection.recv(65536)
            if not portion:
                raise ConnectionResetError
            got += portion
        return answers(got)

    def close(self):
        if self._connection is not None:
            self._connection.close()
        self._connection = None


def replica(up, number):
    """The process id of a replica of ingest; None while it is away."""
    for child in up.children():
        with contextlib.suppress(OSError):
            words = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
            if b"ingest" in words and words[words.index(b"--replica") + 1] == str(number).encode():
                return child
    return None


@contextlib.contextmanager
def added(up, number):
    """One more replica than the configuration says, which drains while the others go on."""
    place = len(up.configured.instances)
    command = [sys.executable, "-m", "deidstream.cli.chains", "--config", str(up.folder / "deidstream.yaml")]
    command += ["--chain", "ingest", "--replica", str(number), "--number", str(place)]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=up.log, stderr=up.log) as process:
        try:
            assert eventually(lambda: is_ready(up.health + place))
            yield
        finally:
            process.terminate()
        assert process.wait(30) == 0


def accepted(up):
    """How often each case is in the inbox of identify."""
    return Counter(record.headers["case"] for record in up.bus.scan(inbox("identify")))


def chains(up):
    """The audit chains that there are."""
    return {record.key for record in up.bus.scan(AUDIT)}


def each_takes_one(up, names):
    """The kernel draws which replica a connection goes to: so many connections that each of them has accepted something."""
    for number in range(200):
        if chains(up) >= names:
            return
        sender = Sender(up.mllp)
        sender.send(message(f"E{number}", f"96{number:05}"))
        sender.close()
    raise AssertionError(f"nothing came to {names - chains(up)}")


def test_what_was_acknowledged_is_there_once_whichever_replica_is_killed(running):
    contents = [message(f"N{number}", f"91{number:05}") for number in range(MESSAGES)]
    done = threading.Semaphore(0)

    def work(share):
        sender = Sender(running.mllp)
        for content in share:
            sender.send(content)
            done.release()
        sender.close()
        return sender.again

    with added(running, 3), ThreadPoolExecutor(CONNECTIONS) as pool:
        each_takes_one(running, {"ingest", "ingest.2", "ingest.3"})
        work_ = [pool.submit(work, contents[first::CONNECTIONS]) for first in range(CONNECTIONS)]
        for victim, how in ((2, signal.SIGKILL), (1, signal.SIGTERM), (1, signal.SIGKILL)):
            for _ in range(MESSAGES // 5):
                assert done.acquire(timeout=60)
            os.kill(eventually(lambda victim=victim: replica(running, victim)), how)
    again = sum(one.result() for one in work_)
    assert again  # whoever was cut off had to; one of those that were killed may have had no connection
    cases = [case_of(running, "adt", content.split(b"|")[9], content) for content in contents]
    assert {case: accepted(running)[case] for case in cases} == dict.fromkeys(cases, 1)
    assert eventually(lambda: fates(running).keys() >= set(cases), 60)


def test_a_message_sent_again_to_the_other_replica_is_acknowledged_and_not_accepted_again(running):
    eventually(lambda: replica(running, 1) and replica(running, 2))
    content = message("T1", "9200001")
    for victim in (None, 1, 2):  # to either, when only one is there
        if victim:
            os.kill(eventually(lambda victim=victim: replica(running, victim)), signal.SIGKILL)
        sender = Sender(running.mllp)
        sender.send(content)
        sender.close()
        running.wait_ready()
    assert accepted(running)[case_of(running, "adt", b"T1", content)] == 1


def test_while_one_replica_commits_a_message_the_other_tells_its_sender_to_come_again(running):
    running.wait_ready()
    content = message("C1", "9400001")
    connections = [socket.create_connection(("127.0.0.1", running.mllp), 20) for _ in range(16)]
    with closing(sqlite3.connect(running.state / "bus.sqlite", isolation_level=None, timeout=20)) as bus:
        bus.execute("BEGIN IMMEDIATE")  # no commit ends meanwhile
        for connection in connections:
            connection.sendall(frame(content))
        answered, _, _ = eventually(lambda: found if (found := select.select(connections, (), (), 1))[0] else None)
        told = [connection.recv(65536) for connection in answered]
        assert all(b"accepted-elsewhere" in one for one in told)
        assert all(answers(one) == ["CE"] for one in told)
        bus.execute("ROLLBACK")
    waited = [connection.recv(65536) for connection in connections if connection not in answered]
    assert "CA" in {code for one in waited for code in answers(one)}
    for connection in connections:
        connection.close()
    Sender(running.mllp).send(content)
    assert accepted(running)[case_of(running, "adt", b"C1", content)] == 1


def test_what_is_sent_after_an_acknowledgement_comes_after_it_whichever_replica_took_it(running):
    running.wait_ready()
    contents = [message(f"O{number}", "9500001") for number in range(40)]
    for content in contents:
        sender = Sender(running.mllp)
        sender.send(content)
        sender.close()
    cases = [case_of(running, "adt", content.split(b"|")[9], content) for content in contents]
    order = [record.headers["case"] for record in running.bus.scan(inbox("identify"))]
    assert [case for case in order if case in cases] == cases


def test_files_are_taken_once(running):
    for number in range(5):
        (running.folder / "drop" / f"{number}.hl7").write_bytes(message(f"F{number}", "9300001"))
    done = running.folder / "drop" / ".done"
    assert eventually(lambda: len(list(done.glob("*.hl7"))) == 5)
    cases = [
        case_of(running, "drop", f"{number}.hl7".encode(), message(f"F{number}", "9300001")) for number in range(5)
    ]
    assert [accepted(running)[case] for case in cases] == [1] * 5

    def listening(source: str) -> set[str]:
        lines = (line for line in log_lines(running) if line["event"] == "ingest.listening")
        return {line["instance"] for line in lines if line["source"] == source}

    assert eventually(lambda: listening("adt") == {"ingest", "ingest.2", "ingest.3"})
    assert listening("drop") == {"ingest"}
