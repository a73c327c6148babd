"""The Java peers that ``tests/full/prepare`` has compiled, as processes."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

CACHE = Path(__file__).parents[2] / ".cache"
_WORK = CACHE / "peers"
"""HAPI leaves a file where it runs."""


def absent(what: str) -> None:
    """Skips the test and says why; in CI, where everything must run, fails it."""
    reason = f"{what}: run `make test-full`, and see what it says"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@dataclass(frozen=True)
class Java:
    """Runs one of the peers. ``properties`` are system properties, the stores of TLS for instance."""

    properties: tuple[str, ...] = ()

    def command(self, peer: str, arguments: Sequence[object]) -> list[str]:
        classpath = f"{CACHE / 'peers/classes'}:{CACHE / 'peers/libs'}/*"
        small = ("-Xshare:auto", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Dfile.encoding=UTF-8")
        return ["java", *small, *self.properties, "-cp", classpath, peer, *map(str, arguments)]

    def run(self, peer: str, *arguments: object, seconds: float = 90) -> list[str]:
        """Until it ends: the lines that it printed. Fails the test when it fails."""
        done = subprocess.run(
            self.command(peer, arguments),
            cwd=_WORK,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
        return done.stdout.splitlines()

    @contextmanager
    def serving(self, peer: str, *arguments: object, log: Path) -> Iterator[subprocess.Popen[bytes]]:
        """From when it says that it is ready; killed at the end. ``log`` gets what it prints."""
        with log.open("ab") as out:
            began = out.tell()
            process = subprocess.Popen(
                self.command(peer, arguments),
                cwd=_WORK,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        try:
            wait_for(lambda: b"ready" in log.read_bytes()[began:] or process.poll() is not None, f"{peer} is ready", 60)
            assert process.poll() is None, log.read_text()[-4000:]
            yield process
        finally:
            process.kill()
            process.wait()


def wait_for(condition, what: str, seconds: float = 60) -> None:
    """Until ``condition()`` holds. Fails the test, naming ``what``, when it does not in ``seconds``."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"waited {seconds} s in vain until {what}"
        time.sleep(0.1)


def prepared() -> Java:
    """The peers. Skips where Java is missing or they were not compiled."""
    if shutil.which("java") is None:
        absent("no Java")
    if not (CACHE / "peers/classes/FhirServer.class").exists() or not (CACHE / "peers/libs").exists():
        absent("the Java peers are not compiled")
    return Java()
