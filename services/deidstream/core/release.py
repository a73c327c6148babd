"""The release: what leaves, de-identified."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Release"]


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
    policy: str = ""
    trace: str = ""
    attributes: tuple[tuple[str, str], ...] = ()
    """``fhir.method`` and the like; ``resource`` = ``Patient/<surrogate id>``."""
    container: str = ""
    ordinal: int = 0
    size: int = 0
