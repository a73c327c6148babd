"""Storage commitment, push model (PS3.4, annex J): which instances are asked about, and what is told of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydicom.config import IGNORE
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset

from deidstream.core.errors import Malformed
from deidstream.formats.dicom import Element
from deidstream.formats.dicom.network.command import Status
from deidstream.formats.dicom.part10 import IMPLICIT, is_uid
from deidstream.formats.dicom.reader import Encoding, read

__all__ = [
    "ALL_COMMITTED",
    "ASKING",
    "SOME_FAILED",
    "Reference",
    "Told",
    "Transaction",
    "information",
    "read_told",
    "read_transaction",
]

ALL_COMMITTED, SOME_FAILED = 1, 2
"""Event types (PS3.4, J.3.3.1)."""
ASKING = 1
"""The action type of a request (PS3.4, J.3.2.1)."""
_TRANSACTION, _REFERENCED, _CLASS, _INSTANCE = 0x00081195, 0x00081199, 0x00081150, 0x00081155
_FAILED, _REASON = 0x00081198, 0x00081197


@dataclass(frozen=True, slots=True)
class Reference:
    """One instance: its SOP class and UID."""

    sop_class: str
    instance: str


@dataclass(frozen=True, slots=True)
class Transaction:
    """What one request asks about."""

    uid: str
    references: tuple[Reference, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """What a report says of transaction ``uid``: instances that are committed, and those that are not, by reason."""

    uid: str
    committed: frozenset[str]
    failed: Mapping[str, int]


def read_transaction(content: bytes, syntax: str) -> Transaction:
    """The request in the data set of an N-ACTION. Raises Malformed."""
    elements = {one.tag: one for one in read(content, 0, len(content), Encoding(explicit=syntax != IMPLICIT))}
    uid = _text(content, elements.get(_TRANSACTION))
    referenced = elements.get(_REFERENCED)
    if not is_uid(uid) or referenced is None or not referenced.items:
        raise Malformed("not-a-transaction", "TransactionUID")
    found = []
    for item in referenced.items:
        inner = {one.tag: one for one in item.elements}
        found.append(Reference(_text(content, inner.get(_CLASS)), _text(content, inner.get(_INSTANCE))))
        if not is_uid(found[-1].sop_class) or not is_uid(found[-1].instance):
            raise Malformed("not-a-transaction", "ReferencedSOPSequence")
    return Transaction(uid, tuple(found))


def read_told(content: bytes, syntax: str) -> Told:
    """The report in the data set of an N-EVENT-REPORT. Raises Malformed."""
    elements = {one.tag: one for one in read(content, 0, len(content), Encoding(explicit=syntax != IMPLICIT))}
    uid = _text(content, elements.get(_TRANSACTION))
    if not is_uid(uid):
        raise Malformed("not-a-transaction", "TransactionUID")
    failed = {_instance(content, inner): _reason(content, inner) for inner in _items(elements.get(_FAILED))}
    committed = {_instance(content, inner) for inner in _items(elements.get(_REFERENCED))}
    return Told(uid, frozenset(committed - failed.keys()), failed)


def information(uid: str, committed: Sequence[Reference], failed: Sequence[Reference], syntax: str) -> bytes:
    """The data set of the N-EVENT-REPORT that answers transaction ``uid``, written in ``syntax``; of the N-ACTION that asks too, in
    which nothing has failed."""
    told = _data_set({_TRANSACTION: uid})
    if failed:
        told.FailedSOPSequence = [_item(one, Status.NO_SUCH_INSTANCE) for one in failed]
    if committed:
        told.ReferencedSOPSequence = [_item(one) for one in committed]
    written = DicomBytesIO()
    written.is_little_endian, written.is_implicit_VR = True, syntax == IMPLICIT
    write_dataset(written, told)
    return bytes(written.getvalue())


def _item(reference: Reference, reason: int = 0) -> Dataset:
    item = _data_set({_CLASS: reference.sop_class, _INSTANCE: reference.instance})
    if reason:
        item.FailureReason = reason
    return item


def _data_set(uids: Mapping[int, str]) -> Dataset:
    """Unchecked: of a UID that is not quite one pydicom warns, and shows it."""
    made = Dataset()
    for tag, uid in uids.items():
        made.add(DataElement(tag, "UI", uid, validation_mode=IGNORE))
    return made


def _items(sequence: Element | None) -> list[dict[int, Element]]:
    items = (sequence.items if sequence is not None else None) or ()
    return [{one.tag: one for one in item.elements} for item in items]


def _instance(content: bytes, inner: Mapping[int, Element]) -> str:
    return _text(content, inner.get(_INSTANCE))


def _reason(content: bytes, inner: Mapping[int, Element]) -> int:
    element = inner.get(_REASON)
    return int.from_bytes(content[element.value : element.end][:2], "little") if element is not None else 0


def _text(content: bytes, element: Element | None) -> str:
    return content[element.value : element.end].strip(b"\0 ").decode("ascii", "replace") if element else ""
