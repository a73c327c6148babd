"""What may be stored over the network: SOP classes and transfer syntaxes (PS3.6, table A-1)."""

from __future__ import annotations

from functools import lru_cache

from pydicom._uid_dict import UID_dictionary

from deidstream.formats.dicom.part10 import BIG, EXPLICIT, IMPLICIT

__all__ = ["COMMITMENT", "COMMITMENT_INSTANCE", "UNCOMPRESSED", "VERIFICATION", "storage_classes", "transfer_syntaxes"]

VERIFICATION = "1.2.840.10008.1.1"
COMMITMENT = "1.2.840.10008.1.20.1"
COMMITMENT_INSTANCE = "1.2.840.10008.1.20.1.1"
UNCOMPRESSED = (EXPLICIT, IMPLICIT, BIG)
"""Their data sets differ, but each can be made of each; every other syntax is accepted only for what is written in it."""
_NO_INSTANCES = frozenset({COMMITMENT, "1.2.840.10008.1.20.2", "1.2.840.10008.1.3.10"})
_ELSEWHERE = ("1.2.840.10008.1.2.4.94", "1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.204", "1.2.840.10008.1.2.4.205")
"""Pixels behind a URL (JPIP): the instance alone is not what it shows."""
_NOT_SENT = ("1.2.840.10008.1.2.1.98", "1.2.840.10008.1.2.6.", "1.2.840.10008.1.2.7.", "1.2.840.10008.1.20")
"""Of media and of video over IP: no data sets of storage are written in them."""


@lru_cache(maxsize=1)
def storage_classes() -> frozenset[str]:
    """Every storage SOP class of the standard, retired ones too; no directories, which stand on media."""
    return frozenset(
        uid
        for uid, (name, kind, *_) in UID_dictionary.items()
        if kind == "SOP Class" and "Storage" in name and uid not in _NO_INSTANCES
    )


@lru_cache(maxsize=1)
def transfer_syntaxes() -> frozenset[str]:
    """Every transfer syntax in which an instance can be read here."""
    return frozenset(
        uid
        for uid, (_, kind, *_) in UID_dictionary.items()
        if kind == "Transfer Syntax" and uid not in _ELSEWHERE and not uid.startswith(_NOT_SENT)
    )
