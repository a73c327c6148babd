"""Names of stages and topics, and what each stage needs to see."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = [
    "AUDIT",
    "DEFAULT_CHAINS",
    "GROUP",
    "INBOXES",
    "KEY_PURPOSES",
    "QUARANTINE",
    "RAW",
    "RELEASES",
    "RENEWED",
    "SECTIONS",
    "STAGES",
    "inbox",
    "purposes_of",
    "purposes_with",
    "sections_of",
]

STAGES = ("ingest", "identify", "fields", "text", "image", "heads", "resolver", "review", "writer", "delivery")
"""In the order in which a case meets them."""

RELEASES = "deidstream.releases.v1"
AUDIT = "deidstream.audit.v1"
QUARANTINE = "deidstream.quarantine.v1"
RAW = "deidstream.raw.v1"

GROUP = "deidstream"
"""One group for all inboxes: positions belong to the topic, so that regrouping stages into other chains moves nothing."""

DEFAULT_CHAINS = (("ingest",), ("identify", "fields", "text", "resolver", "writer"), ("delivery",), ("image", "heads"))
"""Pictures take seconds where messages take milliseconds: nobody waits behind them."""

SECTIONS: dict[str, frozenset[str]] = {
    "identify": frozenset({"source"}),
    "fields": frozenset({"source", "pages", "findings"}),
    "text": frozenset({"source", "pages", "identity", "findings"}),
    "image": frozenset({"source", "pages", "identity", "findings"}),
    "heads": frozenset({"source", "findings"}),
    "resolver": frozenset({"source", "pages", "identity", "findings"}),
    "review": frozenset({"source", "pages", "identity", "findings", "decisions"}),
    "writer": frozenset({"source", "pages", "identity", "findings", "decisions"}),
}
"""Sections that a stage reads. The others go past it sealed."""

KEY_PURPOSES: dict[str, frozenset[str]] = {
    "ingest": frozenset({"id", "content", "audit"}),
    "identify": frozenset({"content", "identity", "lookup", "subject", "audit"}),
    "fields": frozenset({"content", "audit"}),
    "text": frozenset({"content", "identity", "audit"}),
    "image": frozenset({"content", "identity", "audit"}),
    "heads": frozenset({"id", "content", "audit"}),
    "resolver": frozenset({"content", "identity", "surrogate.*", "token.*", "audit"}),
    "review": frozenset({"content", "identity", "audit"}),
    "writer": frozenset({"content", "identity", "release", "audit"}),
    "delivery": frozenset({"release", "audit"}),
    "monitor": frozenset({"release"}),
}
"""Purposes of keys that a stage is given; ``surrogate.*`` stands for one key a project."""


RENEWED = frozenset({"content", "identity", "release"})
"""Purposes whose keys seal every message, and so are renewed by age (NIST SP 800-38D, 8.3)."""


def inbox(stage: str) -> str:
    """The topic that ``stage`` reads."""
    return RELEASES if stage == "delivery" else f"deidstream.{stage}.v1"


INBOXES = tuple(inbox(stage) for stage in STAGES[1:])
"""Of all stages but ingest, which reads what senders bring."""


def sections_of(stages: Iterable[str]) -> frozenset[str]:
    """All sections that a chain of stages reads."""
    return frozenset().union(*(SECTIONS.get(stage, frozenset()) for stage in stages))


def purposes_of(stages: Iterable[str]) -> frozenset[str]:
    """All purposes of keys that a process with these stages is given; ``surrogate.*``: that of every project."""
    return frozenset().union(*(KEY_PURPOSES.get(stage, frozenset()) for stage in stages))


def purposes_with(stages: Iterable[str], projects: Iterable[str]) -> frozenset[str]:
    """The same with each of ``projects`` by its name."""
    named = tuple(projects)
    return frozenset(
        made
        for one in purposes_of(stages)
        for made in ([one.removesuffix("*") + name for name in named] if one.endswith(".*") else [one])
    )
