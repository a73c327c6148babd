"""Ports of loopback for servers that start a moment later, in other processes."""

from __future__ import annotations

import random
import socket
from contextlib import ExitStack
from pathlib import Path

__all__ = ["free_row"]

_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LOWEST, _HIGHEST = 15_000, 32_000
_TRIES = 200


def free_row(count: int) -> list[int]:
    """``count`` ports one after the other that are free now, below those that the kernel gives to outgoing connections.

    Among the kernel's own, whoever asks "does it answer yet?" may be given the very port that it asks for as its own: TCP then
    connects it to itself, and the server that comes later finds its port taken. Raises OSError when there is no such row.
    """
    highest = min(_HIGHEST, _first_of_kernel()) - count
    for _ in range(_TRIES):
        start = random.randint(min(_LOWEST, highest // 2), highest)
        row = list(range(start, start + count))
        if _free(row):
            return row
    raise OSError("no free ports on loopback")


def _first_of_kernel() -> int:
    try:
        return int(_RANGE.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return _HIGHEST


def _free(ports: list[int]) -> bool:
    with ExitStack() as bound:
        try:
            for port in ports:
                bound.enter_context(socket.create_server(("127.0.0.1", port)))
        except OSError:
            return False
    return True
