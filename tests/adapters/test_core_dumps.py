"""A process that dies leaves no core: WCOREDUMP is the kernel's own word on whether it wrote one."""

from __future__ import annotations

import multiprocessing
import os
import re
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from deidstream.adapters.pictures import PictureProcess
from deidstream.adapters.pictures.setting import RELEASED, PictureSetting
from deidstream.cli.demo.ports import free_row
from deidstream.core.errors import Malformed

from tests.cli.command import configured
from tests.harness.client import eventually
from tests.harness.deployment import is_ready

_CRASH = "import os; os.abort()"
_FORBIDDEN = "from deidstream.adapters import core_dumps; core_dumps.forbid(); assert core_dumps.forbidden(); "

_STARTED: list[subprocess.Popen[bytes]] = []


@pytest.fixture(autouse=True)
def _nothing_stays() -> Iterator[None]:
    yield
    while _STARTED:
        if (process := _STARTED.pop()).returncode is None:
            process.kill()
            process.wait()


_UNLIMITED = ("sh", "-c", 'ulimit -c unlimited; exec "$@"', "sh")


def _started(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    started = subprocess.Popen(
        [*_UNLIMITED, sys.executable, *arguments],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _STARTED.append(started)
    return started


def _dumped(process: subprocess.Popen[bytes]) -> bool:
    _, status = os.waitpid(process.pid, 0)
    process.returncode = -os.WTERMSIG(status)
    return os.WCOREDUMP(status)


@pytest.fixture
def dumping(tmp_path: Path) -> Path:
    """A folder in which this machine writes cores of processes that crash."""
    if resource.getrlimit(resource.RLIMIT_CORE)[1] == 0:
        pytest.skip("this machine forbids core dumps itself: nothing to see")
    if not _dumped(_started(tmp_path, "-c", _CRASH)):
        pytest.skip("this machine writes no core of any process: nothing to see")
    return tmp_path


def test_a_process_that_forbade_it_leaves_no_core(dumping: Path) -> None:
    before = {file.name for file in dumping.iterdir()}
    assert not _dumped(_started(dumping, "-c", _FORBIDDEN + _CRASH))
    assert {file.name for file in dumping.iterdir()} == before


@pytest.mark.parametrize("what", ["limit", "dumpable"])
def test_each_of_the_two_is_enough_by_itself(dumping: Path, what: str) -> None:
    undone = {
        "limit": "import ctypes; ctypes.CDLL(None).prctl(4, 1, 0, 0, 0); ",
        "dumpable": "import resource; resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2); ",
    }[what]
    assert not _dumped(_started(dumping, "-c", _FORBIDDEN + undone + _CRASH))


def test_a_chain_that_crashes_leaves_no_core(dumping: Path) -> None:
    health = free_row(1)[0]
    config = configured(dumping)
    config.write_text(config.read_text().replace("health: null", f"health: {{port: {health}}}"))
    chain = _started(dumping, "-m", "deidstream.cli.chains", "--config", str(config), "--chain", "fields")
    assert eventually(lambda: is_ready(health), 120)
    chain.send_signal(signal.SIGSEGV)
    assert not _dumped(chain)


def test_a_command_that_crashes_leaves_no_core(dumping: Path) -> None:
    config = configured(dumping, "ingest: {folders: [{name: drop, path: drop}]}\n")
    (dumping / "drop").mkdir()
    command = _started(dumping, "-m", "deidstream.cli", "up", "--here", "--chain", "ingest", "--config", str(config))
    assert eventually((dumping / "state/names/ingest").exists, 120)
    command.send_signal(signal.SIGSEGV)
    assert not _dumped(command)


def test_the_child_that_reads_pictures_may_write_none() -> None:
    others = {one.pid for one in multiprocessing.active_children()}
    pictures = PictureProcess(PictureSetting(RELEASED))
    with closing(pictures):
        with pytest.raises(Malformed):
            pictures.look("png", b"no picture")
        (child,) = (one for one in multiprocessing.active_children() if one.pid not in others)
        limits = Path(f"/proc/{child.pid}/limits").read_text()
    assert re.search(r"^Max core file size +0 +0 ", limits, re.MULTILINE)
