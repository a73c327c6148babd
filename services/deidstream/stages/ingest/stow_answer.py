"""What a store request is answered with (PS3.18, 10.5.3, annex F; PS3.19, annex A): which instances are stored, why others not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.etree import ElementTree

import orjson

from deidstream.formats.dicom.network.command import Status
from deidstream.formats.dicom.part10 import Identity

__all__ = ["JSON", "XML", "Result", "Results", "answer"]

JSON, XML = "application/dicom+json", "application/dicom+xml"
_NAMESPACE = "http://dicom.nema.org/PS3.19/models/NativeDICOM"
_KEYWORDS = {
    "00081150": ("UI", "ReferencedSOPClassUID"),
    "00081155": ("UI", "ReferencedSOPInstanceUID"),
    "00081197": ("US", "FailureReason"),
    "00081198": ("SQ", "FailedSOPSequence"),
    "00081199": ("SQ", "ReferencedSOPSequence"),
    "0008119A": ("SQ", "OtherFailuresSequence"),
}

Item = dict[str, str | int]


@dataclass(frozen=True, slots=True)
class Result:
    """How one part went: ``who`` it was, None where that is unknown; ``status`` as in a C-STORE."""

    who: Identity | None
    status: int = Status.SUCCESS


@dataclass(slots=True)
class Results:
    """Those of one request, in its order."""

    of: list[Result] = field(default_factory=list)

    @property
    def http(self) -> int:
        """200: all are stored. 202: some. 409: none. 503: none, and all may be when they are sent again."""
        failed = [one.status for one in self.of if one.status]
        if not failed:
            return 200
        if len(failed) < len(self.of):
            return 202
        return 503 if all(status == Status.OUT_OF_RESOURCES for status in failed) else 409


def answer(results: Sequence[Result], media_type: str) -> bytes:
    """The response module as ``media_type``, one of JSON and XML."""
    sequences: dict[str, list[Item]] = {"00081198": [], "00081199": [], "0008119A": []}
    for one in results:
        reason: Item = {"00081197": int(one.status)} if one.status else {}
        if one.who is None:
            sequences["0008119A"].append(reason)
        else:
            known: Item = {"00081150": one.who.sop_class, "00081155": one.who.instance}
            sequences["00081198" if one.status else "00081199"].append(known | reason)
    present = {tag: items for tag, items in sequences.items() if items}
    return _xml(present) if media_type == XML else _json(present)


def _json(sequences: dict[str, list[Item]]) -> bytes:
    def item(values: Item) -> dict[str, object]:
        return {tag: {"vr": _KEYWORDS[tag][0], "Value": [value]} for tag, value in values.items()}

    return orjson.dumps({tag: {"vr": "SQ", "Value": [item(one) for one in items]} for tag, items in sequences.items()})


def _xml(sequences: dict[str, list[Item]]) -> bytes:
    root = ElementTree.Element("NativeDicomModel", {"xmlns": _NAMESPACE})
    for tag, items in sequences.items():
        outer = _attribute(root, tag)
        for number, one in enumerate(items, 1):
            item = ElementTree.SubElement(outer, "Item", {"number": str(number)})
            for inner, value in one.items():
                ElementTree.SubElement(_attribute(item, inner), "Value", {"number": "1"}).text = str(value)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def _attribute(parent: ElementTree.Element, tag: str) -> ElementTree.Element:
    vr, keyword = _KEYWORDS[tag]
    return ElementTree.SubElement(parent, "DicomAttribute", {"tag": tag, "vr": vr, "keyword": keyword})
