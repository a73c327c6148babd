"""A case that kills its process: in the small, and with real processes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from deidstream.adapters.file_keys import FileKeyRing
from deidstream.adapters.sqlite_bus import SqliteBusFactory
from deidstream.ports import Output, Record
from deidstream.stream import audit, quarantine
from deidstream.stream.attempts import Attempts
from deidstream.stream.stages import AUDIT, RELEASES, inbox
from deidstream.wire import encode_case

from tests.stream.fixtures import case

PROCESS = Path(__file__).with_name("process.py")


def records(*offsets: int, partition: int = 0) -> list[Record]:
    return [Record("t", partition, offset, "k", b"") for offset in offsets]


def test_after_a_clean_end_nothing_is_suspect(tmp_path: Path) -> None:
    one = Attempts(tmp_path / "a" / "core-0.json")
    one.begin(records(1, 2, 3))
    one.done(records(1, 2, 3))
    assert not Attempts(tmp_path / "a" / "core-0.json").careful


def test_after_a_death_the_batch_goes_one_by_one_and_then_all_is_well(tmp_path: Path) -> None:
    path = tmp_path / "core-0.json"
    Attempts(path).begin(records(1, 2) + records(7, partition=3))
    one = Attempts(path)
    assert one.careful
    for record in records(1, 2):
        assert not one.deadly(record)
        one.begin([record])
        one.done([record])
        assert one.careful
    one.begin(records(7, partition=3))
    one.done(records(7, partition=3))
    assert not one.careful
    assert not Attempts(path).careful


def test_a_record_is_deadly_once_it_has_killed_twice_alone(tmp_path: Path) -> None:
    path = tmp_path / "core-0.json"
    (culprit,) = records(2)
    Attempts(path).begin(records(1, 2, 3))
    for _ in range(2):
        one = Attempts(path)
        assert not one.deadly(culprit)
        one.begin([culprit])
    one = Attempts(path)
    assert one.deadly(culprit)
    assert not one.deadly(*records(3))
    one.begin([culprit])
    one.done([culprit])
    assert not one.deadly(culprit)


def test_what_other_hands_took_over_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "core-0.json"
    Attempts(path).begin(records(1))
    one = Attempts(path)
    one.quiet()
    assert not one.careful


@pytest.mark.parametrize("note", [b"", b"{", b"\xff" * 300, b'["x"]\n', b'{"batch":3}\n'])
def test_a_damaged_note_is_no_note(tmp_path: Path, note: bytes) -> None:
    (tmp_path / "core-0.json").write_bytes(note)
    assert not Attempts(tmp_path / "core-0.json").careful


class Deployment:
    """A chain in a process of its own, over real files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bus = SqliteBusFactory(folder / "bus.db")
        self.keys = FileKeyRing(folder / "keys")

    def start(self) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        return subprocess.Popen([sys.executable, str(PROCESS), str(self.folder)], env=environment, stderr=-3)

    def send(self, words: dict[str, str]) -> None:
        bus = self.bus.open("", [], "sender")
        cases = [case(name, word, key=f"k{n % 20}") for n, (name, word) in enumerate(words.items())]
        bus.commit([Output(inbox("identify"), one.header.key, encode_case(one, self.keys)) for one in cases])
        bus.close()

    def released(self) -> list[str]:
        return [one.headers["case"] for one in self.bus.scan(RELEASES) if one.headers["kind"] == "release"]

    def wait(self, count: int) -> None:
        until = time.monotonic() + 30
        while len(self.released()) < count and time.monotonic() < until:
            time.sleep(0.01)


def test_a_case_that_kills_its_process_ends_in_quarantine_and_the_others_are_released_once(tmp_path: Path) -> None:
    deployment = Deployment(tmp_path)
    names = [f"c{n}" for n in range(30)]
    deployment.send({name: "kill" if name == "c13" else "" for name in names})
    deaths = 0
    process = deployment.start()
    until = time.monotonic() + 40
    while not quarantine.list_open(deployment.bus) and time.monotonic() < until:
        if process.poll() is not None:
            deaths += 1
            process = deployment.start()
        time.sleep(0.01)
    deployment.wait(29)
    process.terminate()
    assert process.wait(20) == 0
    assert [(one.case_id, one.code) for one in quarantine.list_open(deployment.bus)] == [("c13", "killed-twice")]
    assert sorted(deployment.released()) == sorted(name for name in names if name != "c13")
    assert deaths == 3, "once with its batch, twice alone"


def test_a_process_killed_at_any_moment_releases_every_case_once_and_its_audit_is_sound(tmp_path: Path) -> None:
    deployment = Deployment(tmp_path)
    names = [f"c{n}" for n in range(400)]
    process = deployment.start()
    for step in range(4):
        deployment.send(dict.fromkeys(names[100 * step : 100 * (step + 1)], ""))
        deployment.wait(100 * step + 30)
        process.kill()
        process.wait()
        process = deployment.start()
    deployment.send({"last": ""})  # so that the process has certainly started before it is told to end
    names.append("last")
    deployment.wait(401)
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    assert sorted(deployment.released()) == sorted(names)
    assert quarantine.list_open(deployment.bus) == []
    report = audit.verify(deployment.bus.scan(AUDIT), deployment.keys)
    assert report.sound
    assert report.entries == 802


def test_a_process_told_to_end_finishes_its_batch_and_leaves_the_group(tmp_path: Path) -> None:
    deployment = Deployment(tmp_path)
    deployment.send({f"c{n}": "" for n in range(5)})
    process = deployment.start()
    deployment.wait(5)
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0
    log = deployment.bus.open("", [], "x")._log  # type: ignore[attr-defined]
    assert log.rows("SELECT instance FROM members WHERE grp NOT LIKE '%(publishers)'") == []
