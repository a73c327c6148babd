"""Repetition without going back, so that a pattern's time and memory are linear whatever the input."""

from __future__ import annotations

__all__ = ["possessive"]


def possessive(body: str, quantifier: str = "*+") -> str:
    """The pattern of a non-capturing group that repeats ``body`` possessively.

    The alternative that never matches is there for Python before 3.11.5 (gh-106052): after an iteration that failed half-way, it
    goes on from the middle of that iteration, and not from its beginning, unless another alternative was begun there.
    """
    return rf"(?:{body}|(?!)){quantifier}"
