"""The release: what leaves, de-identified."""

from __future__ import annotations

import hashlib
from base64 import b32encode
from dataclasses import dataclass, field
from functools import lru_cache

from deidstream.core.case import Header

__all__ = ["Release", "release_id"]


@dataclass(frozen=True, slots=True)
class Release:
    """One de-identified message for one project. ``content`` holds no identifier any more; it is sealed all the same.

    ``key`` (pseudonymous subject, for order), ``sequence``, ``predecessor`` serve destinations that are ``ordered``.
    """

    id: str
    case_id: str
    project: str
    source: str
    format: str
    key: str
    sequence: int
    received: float
    content: bytes = field(repr=False)
    name: str = field(default="", repr=False)
    """Suggested relative file name at a folder, made from ids only (or from the input's, for ``clean``)."""
    supersedes: str = ""
    """Ids of the releases whose place it takes, the latest first, with commas: a destination need not have got all of them."""
    policy: str = ""
    trace: str = ""
    attributes: tuple[tuple[str, str], ...] = ()
    """``fhir.method`` and the like; ``resource`` = ``Patient/<surrogate id>``."""
    container: str = ""
    ordinal: int = 0
    size: int = 0

    @property
    def superseded(self) -> tuple[str, ...]:
        """The ids in ``supersedes``."""
        return tuple(self.supersedes.split(",")) if self.supersedes else ()


def release_id(header: Header) -> str:
    """The stable id of what a decided case is released as: 20 characters (as many as MSH-10 holds) made from ids alone."""
    return _hashed("\0".join((header.case_id, header.project, header.policy, str(header.release_version))))


@lru_cache(maxsize=1024)
def _hashed(name: str) -> str:
    return b32encode(hashlib.sha256(name.encode()).digest())[:20].decode()
