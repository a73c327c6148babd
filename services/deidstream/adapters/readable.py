"""Whether a descriptor has something to read, in processes with any number of them open: ``select`` ends at 1,024."""

from __future__ import annotations

import select
import socket

__all__ = ["is_readable"]


def is_readable(source: int | socket.socket, seconds: float = 0.0) -> bool:
    """Waits until there is something to read, or the other side has hung up, for ``seconds`` at most."""
    poll = select.poll()
    poll.register(source, select.POLLIN)
    return bool(poll.poll(max(seconds, 0.0) * 1000))
