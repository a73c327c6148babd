"""Disks that are full and destinations that are down: what is acknowledged waits, the rest is refused, and all goes on after."""

import contextlib
import itertools
import os
import subprocess

import pytest
from deidstream.cli.demo.ports import free_row

from tests.adapters.receivers import MllpReceiver
from tests.harness.client import Search, eventually, fates, log_lines, message, mllp
from tests.harness.deployment import deployment

pytestmark = pytest.mark.slow

PLANTED = ("Zanzibarski", "Quirinus", "7719283")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")


def planted(control, size=0):
    return message(control, "7719283", f"NTE|1||{'lorem ' * (size // 6)}", name="Zanzibarski^Quirinus")


@contextlib.contextmanager
def small_disk(path, kilobytes):
    """A file system in memory at ``path``."""
    path.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k,mode=700", "tmpfs", path], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", path], check=True)


def fill(path):
    """A file that takes all room that is left there."""
    ballast = path / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            with pytest.raises(OSError, match="No space left"):
                all(file.write(b"x" * size) for _ in itertools.count())
    return ballast


def folder(name, path):
    path.mkdir(parents=True, exist_ok=True)
    return {"name": name, "kind": "folder", "path": str(path), "projects": ["research"]}


def files(path):
    return [one for one in path.iterdir() if one.suffix == ".hl7"]


def shows_nothing(running):
    assert not Search(PLANTED).content((running.folder / "up.log").read_bytes())


@needs_root
def test_when_the_disk_of_the_state_is_full_senders_are_told_and_nothing_that_was_acknowledged_is_lost(tmp_path):
    with small_disk(tmp_path / "state", 24 << 10), deployment(tmp_path) as running:
        running.start()
        running.wait_ready()
        assert mllp(running.mllp, planted("A0")) == ["CA"]
        ballast = fill(running.state)
        taken, refused = 1, 0
        for number in range(40):
            codes = mllp(running.mllp, planted(f"F{number}", 200_000))
            taken, refused = taken + codes.count("CA"), refused + codes.count("CE")
            if refused > 2:
                break
        assert refused > 2, "the disk was not full"
        assert running.supervisor.poll() is None
        ballast.unlink()
        assert eventually(lambda: mllp(running.mllp, planted("A1")) == ["CA"], 60)
        assert eventually(lambda: len(files(running.released)) == taken + 1, 60)
        assert set().union(*fates(running).values()) == {"released"}
        assert not [line for line in log_lines(running) if line["event"] in {"stage.crashed", "chain.stopped"}]
        shows_nothing(running)


@needs_root
def test_a_full_disk_of_one_destination_delays_no_other_and_it_gets_everything_once_there_is_room(tmp_path):
    small, other = tmp_path / "small", tmp_path / "other"
    sections = {"delivery": {"destinations": [folder("small", small), folder("other", other)]}}
    with small_disk(small, 256), deployment(tmp_path, **sections) as running:
        ballast = fill(small)
        running.start()
        running.wait_ready()
        assert mllp(running.mllp, *(planted(f"D{number}", 9_000) for number in range(8))) == ["CA"] * 8
        assert eventually(lambda: len(files(other)) == 8)
        assert not files(small)
        ballast.unlink()
        assert eventually(lambda: len(files(small)) == 8, 60)
        assert {one.name: one.read_bytes() for one in files(small)} == {
            one.name: one.read_bytes() for one in files(other)
        }
        shows_nothing(running)


def test_a_destination_that_is_down_delays_no_other_and_gets_everything_once_and_in_order_when_it_is_back(tmp_path):
    port, other = free_row(1)[0], tmp_path / "other"
    down = {"name": "lab", "kind": "mllp", "host": "127.0.0.1", "port": port, "projects": ["research"], "ordered": True}
    with deployment(tmp_path, delivery={"destinations": [down, folder("other", other)]}) as running:
        running.start()
        running.wait_ready()
        assert mllp(running.mllp, *(planted(f"M{number}") for number in range(8))) == ["CA"] * 8
        assert eventually(lambda: len(files(other)) == 8)
        assert eventually(lambda: any(line["event"] == "delivery.waiting" for line in log_lines(running)))
        receiver = MllpReceiver(port=port)
        try:
            assert eventually(lambda: len(receiver.got) == 8, 60)
            assert eventually(lambda: any(line["event"] == "delivery.resumed" for line in log_lines(running)))
            assert mllp(running.mllp, planted("M8")) == ["CA"]
            assert eventually(lambda: len(receiver.got) == 9, 30)
            sent = [release.content for release in running.releases()]
            assert receiver.got == sent
        finally:
            receiver.close()
        shows_nothing(running)
