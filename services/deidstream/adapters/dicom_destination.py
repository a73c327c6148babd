"""Releases to a DICOM receiver by C-STORE."""

from __future__ import annotations

from collections.abc import Sequence

from deidstream.adapters.dicom_client import DicomAddress, DicomClient
from deidstream.core.errors import DeidstreamError, Malformed, Unavailable
from deidstream.core.release import Release
from deidstream.formats.dicom.network.command import Status
from deidstream.formats.dicom.part10 import Instance, instance
from deidstream.ports import Receipt

__all__ = ["DicomDestination", "judge", "read_release", "without_blame"]

_OUT_OF_RESOURCES = "out-of-resources"
_WARNINGS = frozenset({0x0001, 0x0107, 0x0116})
_PROCESSING_FAILURE = 0x0110


class DicomDestination:
    """An association that stays open. The SOP Instance UID is the same in every attempt: the receiver knows an instance again.

    Success and warnings (Bxxx): delivered. A7xx, out of resources: to be tried again, without end where nothing else is taken
    either, some times where it is. 0124, not authorised: to be tried again. Everything else: refused. What a receiver does with an
    instance that supersedes another, and so has the same UID, is its own: replace it, or keep the first.
    """

    def __init__(self, address: DicomAddress, client: DicomClient | None = None) -> None:
        self._client = client or DicomClient(address)

    def send(self, releases: Sequence[Release]) -> Sequence[Receipt | Exception]:
        """One after the other; when the receiver is away, none of the rest is tried."""
        read = [read_release(release) for release in releases]
        self._client.expect((one.identity.sop_class, one.syntax) for one in read if isinstance(one, Instance))
        results: list[Receipt | Exception] = []
        away: Unavailable | None = None
        for one in read:
            result = away or (self._one(one) if isinstance(one, Instance) else one)
            if isinstance(result, Unavailable) and result.code not in (_OUT_OF_RESOURCES, "application-error"):
                away = result
            results.append(result)
        return without_blame(results)

    def close(self) -> None:
        """Releases the association."""
        self._client.close()

    def _one(self, instance: Instance) -> Receipt | Exception:
        try:
            return judge(self._client.store(instance))
        except DeidstreamError as error:
            return error


def judge(status: int) -> Receipt | DeidstreamError:
    """What a status of storage means for delivery (PS3.4, table B.2-1; PS3.7, annex C)."""
    code = f"status-{status & 0xFFFF:04x}"
    if status == Status.SUCCESS or status >> 12 == 0xB or status in _WARNINGS:
        return Receipt(code)
    if status >> 8 == 0xA7:
        return Unavailable(_OUT_OF_RESOURCES, code)
    if status == Status.NOT_AUTHORISED:
        return Unavailable("not-authorised", code)
    if status == _PROCESSING_FAILURE:
        return Unavailable("application-error", code)
    return Malformed(code, "dicom")


def without_blame(results: list[Receipt | Exception]) -> list[Receipt | Exception]:
    """Where the receiver took others, it has room: that an instance finds none is about that instance."""
    if not any(isinstance(one, Receipt) for one in results):
        return results
    return [
        Unavailable("application-error", one.place)
        if isinstance(one, Unavailable) and one.code == _OUT_OF_RESOURCES
        else one
        for one in results
    ]


def read_release(release: Release) -> Instance | DeidstreamError:
    """The instance in ``release``, or why it is none."""
    if release.format != "dicom":
        return Malformed("not-dicom", release.format)
    try:
        return instance(release.content)
    except Malformed as error:
        return error
