"""Ports for servers that start later: free, in a row, and none that the kernel may give to a client meanwhile."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from deidstream.cli.demo.ports import free_row


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_row_is_free_and_below_the_ports_of_outgoing_connections(count: int) -> None:
    row = free_row(count)
    assert row == list(range(row[0], row[0] + count))
    kernel = Path("/proc/sys/net/ipv4/ip_local_port_range")
    if kernel.exists():
        assert row[-1] < int(kernel.read_text().split()[0])
    for port in row:
        socket.create_server(("127.0.0.1", port)).close()


@pytest.mark.parametrize("parity", [0, 1])
def test_who_asks_again_and_again_before_the_server_is_there_never_reaches_itself(parity: int) -> None:
    port = next(one for one in free_row(2) if one % 2 == parity)  # Linux gives clients the even ones
    for _ in range(35_000):  # more often than there are ports for clients: among those, it would have met itself by now
        with socket.socket() as asking, pytest.raises(ConnectionRefusedError):
            asking.connect(("127.0.0.1", port))
