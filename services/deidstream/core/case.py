"""The case: one source message on its way through the stages."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from deidstream.core.decision import Decision
from deidstream.core.document import Document
from deidstream.core.finding import Finding
from deidstream.core.page import Pages
from deidstream.core.subject import Subject

__all__ = ["Case", "Container", "Header"]


@dataclass(frozen=True, slots=True)
class Container:
    """Where a case came from, when it came with others: the batch file or upload, and its place in it.

    ``ordinal`` counts from 0; ``size`` is the number of members (0: not known yet).
    """

    id: str
    ordinal: int
    size: int = 0


class Header(NamedTuple):
    """What may be seen without a key: ids, codes and counts, never content."""

    case_id: str
    source: str
    """Name of the configured source (``mllp-adt``), not of a person or host."""
    format: str
    """``hl7v2``, ``fhir``, ``cda``, ``dicom``, ``image``, ``pdf``, ``docx``, ``text``, ``html`` or ``rtf``."""
    received: float
    """Seconds since the epoch, UTC, when ingest sealed it."""
    itinerary: tuple[str, ...] = ()
    """The stages still to visit, next first."""
    key: str = ""
    """What order is kept by: the source before identify, the subject after it."""
    sequence: int = 0
    """Stamped by identify: place within this source and subject, from 1."""
    project: str = ""
    release_version: int = 1
    """Number of the run: 1 for the first, 1 + ``identity_revision`` for one that knows more."""
    supersedes: str = ""
    """Ids of the releases that this case's release replaces (``core.release.Release``)."""
    identity_revision: int = 0
    """What was known about the subjects (``core.subject.revision_of``)."""
    policy: str = ""
    """Name and hash of the policy that the resolver applied."""
    container: Container | None = None
    attempts: int = 0
    trace: str = ""
    """W3C ``traceparent``."""
    attributes: tuple[tuple[str, str], ...] = ()
    """Content-free facts of the transport: ``('fhir.method', 'PUT')``, ``('charset', 'UTF-8')``, ``('language', 'de')``."""

    def attribute(self, name: str) -> str:
        """The value of one attribute, '' where absent."""
        return next((value for key, value in self.attributes if key == name), "")


@dataclass(slots=True)
class Case:
    """A header and what is sealed: the source, and what each stage has added. ``document`` is a cache, never sent."""

    header: Header
    source: bytes = field(repr=False)
    location: str = field(default="", repr=False)
    """Where it stood at its origin (relative file path, FHIR request URL): content, sealed."""
    subjects: tuple[Subject, ...] = ()
    findings: tuple[Finding, ...] = field(default=(), repr=False)
    decisions: tuple[Decision, ...] = field(default=(), repr=False)
    document: Document | None = field(default=None, repr=False, compare=False)
    unknown: tuple[bytes, ...] = field(default=(), repr=False, compare=False)
    """Sealed sections that this version does not know, carried on untouched."""
    sealed: object = field(default=None, repr=False, compare=False)
    """What the wire form keeps of the sections it was decoded from, so that nothing is sealed twice. Stages leave it alone."""
    pages: tuple[Pages, ...] = field(default=(), repr=False)
    """What was read of the printed documents in the source."""

    @classmethod
    def blank(cls, case_id: str, received: float, **header: Any) -> Case:  # Any: as in with_header
        """One of which nothing more is at hand."""
        return cls(Header(case_id, "", "", received, **header), b"")

    @property
    def id(self) -> str:
        """The case id of the header."""
        return self.header.case_id

    def advance(self) -> Case:
        """The same case with the head of its itinerary done."""
        return self.with_header(itinerary=self.header.itinerary[1:])

    def with_header(self, **changes: Any) -> Case:  # Any: the fields of Header, which checks their names
        """The same case with some header fields changed; content and cache are shared."""
        return self.changed(header=self.header._replace(**changes))

    def changed(self, **changes: object) -> Case:
        """The same case with some of its fields changed."""
        # Not ``replace``: it is called for every case and stage, and takes three times as long.
        made = Case(
            self.header,
            self.source,
            self.location,
            self.subjects,
            self.findings,
            self.decisions,
            self.document,
            self.unknown,
            self.sealed,
            self.pages,
        )
        for name, value in changes.items():
            setattr(made, name, value)
        return made
