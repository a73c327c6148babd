"""Ports that several processes of one user listen on: the system divides the connections between those that live."""

from __future__ import annotations

import socket
from contextlib import ExitStack

__all__ = ["shared_sockets"]


def shared_sockets(host: str, port: int) -> list[socket.socket]:
    """One bound socket for each address of ``host``. Raises OSError where one is taken by somebody who does not share."""
    flags = socket.AI_PASSIVE
    found = dict.fromkeys(socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=flags))
    with ExitStack() as opened:
        bound = [
            opened.enter_context(socket.create_server(address[:2], family=family, reuse_port=True))
            for family, _, _, _, address in found
        ]
        opened.pop_all()
    return bound
