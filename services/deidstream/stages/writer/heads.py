"""Faces of volumes taken out of the pixels of one instance, as the resolver decided."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import cast

from deidstream.core.case import Case
from deidstream.core.decision import Decision, Method
from deidstream.core.document import Document
from deidstream.formats.dicom import DicomDocument
from deidstream.ports import Samples

__all__ = ["is_about_head", "says_no_face", "without_face"]

_RULE = "dicom.heads"


def is_about_head(decision: Decision) -> bool:
    """Whether ``decision`` speaks of pixels, by a mask."""
    return decision.rule == _RULE


def says_no_face(case: Case, decisions: Iterable[Decision]) -> bool:
    """Whether a head was looked for in ``case``, and nothing of it was kept."""
    kept = any(is_about_head(one) and one.method is Method.KEEP for one in decisions)
    return case.header.attribute("head") == "removed" and not kept


def without_face(case: Case, document: Document, samples: Callable[[], Samples]) -> Document:
    """``document`` with the pixels that ``case.decisions`` name changed. Raises Malformed, Unsafe.

    ``samples``: of compressed ones, opened when there are any.
    """
    masks = {
        one.locator: one.replacement or ""
        for one in case.decisions
        if is_about_head(one) and one.method is not Method.KEEP
    }
    if not masks:
        return document
    from deidstream.detection.image.head.mask import FrameMask, painted  # only who has a head loads what works on it

    seed = sha256(case.id.encode()).digest()
    read = {locator: FrameMask.from_text(text) for locator, text in masks.items()}
    return painted(cast(DicomDocument, document), read, seed, samples)
