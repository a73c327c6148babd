"""Layers of text detection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from deidstream.core.document import Part
from deidstream.core.finding import Finding
from deidstream.core.subject import Subject

__all__ = ["SubjectLayer", "TextLayer"]


class TextLayer(Protocol):
    """One layer of text detection: finds identifiers in texts, whoever the subject is."""

    def find(self, parts: Sequence[Part]) -> list[list[Finding]]:
        """The findings of each part, aligned with ``parts``."""


class SubjectLayer(Protocol):
    """The identity layer of text detection: finds the subjects' own data in their texts."""

    def find(self, parts: Sequence[Part], subjects: Sequence[Subject]) -> list[list[Finding]]:
        """The findings of each part, aligned with ``parts``."""
