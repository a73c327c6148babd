"""Messages as they come in on an association, put together from their fragments (PS3.8, annex E)."""

from __future__ import annotations

from collections.abc import Iterator

from deidstream.core.errors import Malformed
from deidstream.formats.dicom.network import pdu
from deidstream.formats.dicom.network.command import CommandSet

__all__ = ["Incoming"]


class Incoming:
    """One message at a time, of at most ``most`` bytes: for small ones, which are held as a whole."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._command = bytearray()
        self._content = bytearray()
        self._said: CommandSet | None = None

    def feed(self, body: bytes) -> Iterator[tuple[int, CommandSet, bytes]]:
        """The messages that ``body``, a P-DATA-TF without its header, completes: presentation context, command and data set.

        Raises Malformed for what is none.
        """
        for value in pdu.values(body):
            part = self._command if value.command else self._content
            part += value.content
            if len(part) > self._most or (not value.command and self._said is None):
                raise Malformed("message-unasked", "pdu")
            if not value.last:
                continue
            if value.command:
                self._said = CommandSet(bytes(self._command))
                self._command.clear()
            if self._said is not None and not (value.command and self._said.has_data):
                said, self._said = self._said, None
                content = bytes(self._content)
                self._content.clear()
                yield value.number, said, content
