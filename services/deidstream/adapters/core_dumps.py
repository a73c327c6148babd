"""What lies in memory stays there: a process that dies leaves no image of itself behind."""

from __future__ import annotations

import ctypes
import resource
import sys

__all__ = ["forbid", "forbidden"]

_GET, _SET = 3, 4
"""``PR_GET_DUMPABLE`` and ``PR_SET_DUMPABLE`` of prctl(2)."""


def forbid() -> None:
    """This process and those that it forks write no core. What it starts by exec has to say so for itself.

    The limit alone does not hold where cores go to a program (``|`` in core_pattern(5)); not dumpable holds everywhere, and keeps
    other processes of the same user from reading our memory.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        _prctl(_SET, 0)


def forbidden() -> bool:
    """Whether that is so."""
    limited = resource.getrlimit(resource.RLIMIT_CORE)[0] == 0
    return limited and (sys.platform != "linux" or _prctl(_GET, 0) != 1)


def _prctl(option: int, argument: int) -> int:
    return int(ctypes.CDLL(None).prctl(option, argument, 0, 0, 0))
