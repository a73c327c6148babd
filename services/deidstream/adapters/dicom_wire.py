"""PDUs on a blocking connection: one read, and a message written as several."""

from __future__ import annotations

import socket

from deidstream.core.errors import Malformed
from deidstream.formats.dicom.network import pdu

__all__ = ["read_pdu", "send_message"]

_TOGETHER = 1 << 16


def read_pdu(connection: socket.socket, longest: int) -> tuple[int, bytes]:
    """Type and body of the next one. Raises Malformed for one beyond ``longest``, before it is read, and OSError."""
    kind, length = pdu.HEADER.unpack(_exactly(connection, pdu.HEADER.size))
    if length > longest:
        raise Malformed("pdu-too-large", "pdu")
    return int(kind), _exactly(connection, length)


def send_message(connection: socket.socket, number: int, command: bytes, content: memoryview, most: int) -> None:
    """A command and its data set in PDUs of at most ``most`` bytes; what is short goes in one go. Raises OSError."""
    pieces = list(pdu.data(number, True, command, most))
    begin = b"".join(head + fragment for head, fragment in pieces)
    for head, fragment in pdu.data(number, False, content, most) if content else ():
        if len(fragment) < _TOGETHER:
            begin += head + fragment
            continue
        connection.sendall(begin + head)
        connection.sendall(fragment)
        begin = b""
    if begin:
        connection.sendall(begin)


def _exactly(connection: socket.socket, size: int) -> bytes:
    found = bytearray()
    while len(found) < size:
        portion = connection.recv(size - len(found))
        if not portion:
            raise ConnectionResetError
        found += portion
    return bytes(found)
