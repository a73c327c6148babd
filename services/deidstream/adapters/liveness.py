"""Whether a process that wrote its name somewhere still lives, also after kill -9 and when its number was given again."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ProcessMark", "is_alive", "own_mark"]

_LEASE = 60.0
"""Seconds without a sign after which a process that cannot be looked at (another container) counts as dead."""


@dataclass(frozen=True, slots=True)
class ProcessMark:
    """``place`` is the boot and the process namespace, within which ``pid`` and ``started`` are unique."""

    pid: int
    started: str
    place: str


def own_mark() -> ProcessMark:
    """The mark of this process."""
    pid = os.getpid()
    return ProcessMark(pid, _started(pid), f"{_boot()} {_namespace()}")


def is_alive(mark: ProcessMark, own: ProcessMark, silent_for: float) -> bool:
    """Whether the process of ``mark`` runs, as seen from ``own``; ``silent_for`` decides where it cannot be seen."""
    if mark.place == own.place:
        return _started(mark.pid) == mark.started
    if mark.place.partition(" ")[0] != own.place.partition(" ")[0]:
        return False
    return silent_for < _LEASE


def _started(pid: int) -> str:
    """When the process started, '' when there is none or it is only a zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except FileNotFoundError:
        return "" if os.path.exists("/proc/self/stat") else _started_without_proc(pid)
    except OSError:
        return ""
    # The command, in parentheses, may hold anything; the state is the first field after it, the start the twentieth.
    fields = stat[stat.rindex(b")") + 2 :].split()
    return "" if fields[0] in (b"Z", b"X") else fields[19].decode()


def _started_without_proc(pid: int) -> str:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        pass
    return "running"


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return "-"


def _namespace() -> str:
    try:
        return str(os.stat("/proc/self/ns/pid").st_ino)
    except OSError:
        return "-"
