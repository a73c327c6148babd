"""One page, done as a reader does it: in a fresh folder, block after block, in the order of the page.

- A block with a title is a file: it is written.
- ``sh`` is run by bash and must succeed. A block that is ``deidstream up`` goes on beside the others, as in another terminal, until
  the comment ``# Ctrl-C`` or the end of the page, and has to end with exit code 0.
- ``output`` is what the block before it printed; ``...`` stands for anything.
- Who only looks (``ls``, ``grep``, ``deidstream quarantine list``) looks again until it is there: a message takes its time.
- Ports are other ones, so that pages can be done anywhere; paths of a server (``/srv``) lie in the folder.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from deidstream.cli.demo.ports import free_row
from deidstream.stream.deployment import Deployment
from deidstream.stream.settings import Settings

from tests.docs.elsewhere import ELSEWHERE
from tests.docs.pages import ROOT, Block
from tests.harness.deployment import is_ready

__all__ = ["Session"]

_PORTS = ("9464", "9465", "9466", "9467", "2575", "2576", "8080", "8043", "11112")
_PORT = re.compile(rf"(?<![\d.])({'|'.join(_PORTS)})(?!\d)")
_ELSEWHERE_ON_DISK = re.compile(r"(?<![\w.])/(?=(?:srv|var/lib/deidstream|etc/deidstream|run/secrets)\b)")
_LOOKS = (
    *("ls", "cat", "grep", "find", "diff", "test", "curl"),
    *("deidstream audit", "deidstream hold list", "deidstream quarantine list"),
)
_PATIENCE = 600.0
_CTRL_C = "# Ctrl-C"


@dataclass(slots=True)
class Session:
    """``folder``: fresh. What is run elsewhere is counted in ``left``."""

    folder: Path
    left: set[str] = field(default_factory=set)
    _printed: str = ""
    _last: Block | None = None
    _running: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _ports: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._ports = dict(zip(_PORTS, map(str, free_row(len(_PORTS))), strict=True))

    def do(self, block: Block) -> None:
        """Raises AssertionError with the block's place where it does not work, or nobody accounted for it."""
        if block.title:
            target = self.folder / self._here(block.title)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(self._here(block.text), encoding="utf-8")
        elif block.language == "sh":
            self._commands(block)
        elif block.language == "output":
            self._compare(block)
        else:
            assert block.language == "text", (
                f"{block.place}: nobody accounts for a block of {block.language or 'nothing'}"
            )
            said = [line for line in block.commands if line.startswith(("deidstream ", "make "))]
            assert not said, f"{block.place}: a command in a block of text is run by nobody"

    def close(self) -> None:
        """Ends what goes on."""
        while self._running:
            process = self._running.pop()
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0, f"deidstream up ended with {process.returncode}"

    def kill(self) -> None:
        """The same without ceremony."""
        for process in self._running:
            process.terminate()
            process.wait(60)

    def _commands(self, block: Block) -> None:
        elsewhere = {name for name in ELSEWHERE for line in block.commands if _begins(line, name)}
        if elsewhere:
            self.left |= elsewhere
            ours = [line for line in block.commands if not any(_begins(line, name) for name in elsewhere)]
            ours = [line for line in ours if line.startswith("deidstream ")]
            assert not ours, f"{block.place}: {ours[0]} would be run by nobody: give it a block of its own"
            for line in block.commands:
                if line.startswith("make "):
                    _target_exists(line, block)
        elif block.commands[0].startswith("deidstream up"):
            assert len(block.commands) == 1, f"{block.place}: give deidstream up a block of its own"
            self._up(block)
        else:
            if _CTRL_C in block.text:
                self.close()
            self._run(block)

    def _run(self, block: Block) -> None:
        until, looks = time.monotonic() + _PATIENCE, all(line.startswith(_LOOKS) for line in block.commands)
        while True:
            ran = self._bash(block.text)
            self._printed, self._last = ran.stdout, block if looks else None
            if ran.returncode == 0 or not looks or time.monotonic() > until:
                break
            self._all_run(block)
            time.sleep(0.5)
        assert ran.returncode == 0, f"{block.place}: exit code {ran.returncode}\n{block.text}\n{ran.stdout[-3000:]}"

    def _compare(self, block: Block) -> None:
        until = time.monotonic() + _PATIENCE
        while not (same := _matches(self._here(block.text), self._printed)) and self._last and time.monotonic() < until:
            self._all_run(block)
            time.sleep(0.5)
            self._printed = self._bash(self._last.text).stdout
        assert same, f"{block.place}: expected\n{block.text}\nbut it was\n{self._printed[-3000:]}"

    def _all_run(self, block: Block) -> None:
        """Nobody waits for what a deployment that has ended will not do."""
        for process in self._running:
            log_ = (self.folder / ".up.log").read_text()[-3000:]
            assert process.poll() is None, f"{block.place}: deidstream up has ended with {process.returncode}\n{log_}"

    def _up(self, block: Block) -> None:
        line = self._here(block.commands[0])
        log = (self.folder / ".up.log").open("ab")
        process = subprocess.Popen(
            ["bash", "-c", f"exec {line}"], cwd=self.folder, env=self._environment(), stdout=log, stderr=log
        )
        self._running.append(process)
        named = re.search(r"--config (\S+)", line)
        config = self.folder / (named[1] if named else "deidstream.yaml")
        until = time.monotonic() + _PATIENCE
        count = len(Deployment.of(Settings.load(config)).instances)
        for number in range(count):
            while not is_ready(int(self._ports["9464"]) + number):
                log_ = (self.folder / ".up.log").read_text()[-3000:]
                assert process.poll() is None, f"{block.place}: ended with {process.returncode}\n{log_}"
                assert time.monotonic() < until, f"{block.place}: not ready\n{log_}"
                time.sleep(0.2)

    def _bash(self, text: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", self._here(text)],
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=1800,
            check=False,
        )

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("DEIDSTREAM_")}
        path = f"{Path(sys.executable).parent}:{kept.get('PATH', '')}"
        return kept | {
            "PATH": path,
            "HOME": str(self.folder),
            "COLUMNS": "160",
            "DEIDSTREAM_DEPLOYMENT__HEALTH__PORT": self._ports["9464"],
        }

    def _here(self, text: str) -> str:
        text = _PORT.sub(lambda found: self._ports[found[1]], text)
        return _ELSEWHERE_ON_DISK.sub(f"{self.folder}/", text)


def _begins(line: str, name: str) -> bool:
    return line == name or line.startswith(name + " ") or (name.endswith(("kafka", "/")) and line.startswith(name))


def _target_exists(line: str, block: Block) -> None:
    target = line.split()[1]
    phony = re.search(r"^\.PHONY:(.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert phony is not None
    assert target in phony[1].split(), f"{block.place}: make has no target {target}"


def _matches(expected: str, printed: str) -> bool:
    """Line by line, blanks counting once; a line ``...`` stands for any lines, within a line for anything."""
    pattern = "".join(
        r"[\s\S]*?" if line.strip() == "..." else rf"\n{_flat(line, escaped=True)}(?=\n)"
        for line in expected.strip("\n").splitlines()
    )
    flat = "".join(f"\n{_flat(line)}" for line in printed.strip("\n").splitlines())
    return re.search(pattern, f"{flat}\n") is not None


def _flat(line: str, escaped: bool = False) -> str:
    words = [re.escape(word).replace(r"\.\.\.", r"[^\n]*?") if escaped else word for word in line.split()]
    return " ".join(words)
