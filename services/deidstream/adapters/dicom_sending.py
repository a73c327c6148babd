"""Sending DICOM instances as a client: see ``sending``."""

from __future__ import annotations

from deidstream.adapters.dicom_client import DicomAddress, DicomClient, Syntax
from deidstream.formats.dicom.part10 import instance

__all__ = ["DicomPort", "syntax_of"]


def syntax_of(content: bytes) -> Syntax:
    """SOP class and transfer syntax of an instance, to be negotiated. Raises Malformed."""
    read = instance(content)
    return read.identity.sop_class, read.syntax


class DicomPort:
    """An association with a C-STORE provider, negotiated for all of ``syntaxes``."""

    def __init__(self, address: DicomAddress, syntaxes: frozenset[Syntax]) -> None:
        self._client = DicomClient(address)
        self._client.expect(sorted(syntaxes))

    def send(self, message: bytes) -> tuple[bool, str]:
        """See ``sending.Port``. Warnings count as accepted."""
        status = self._client.store(instance(message))
        return status == 0 or status >> 12 == 0xB, f"{status & 0xFFFF:04x}"

    def close(self) -> None:
        """See ``sending.Port``."""
        self._client.close()
