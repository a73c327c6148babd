"""What the doctor finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from deidstream.core.errors import DeidstreamError
from deidstream.stream.deployment import Deployment
from deidstream.stream.settings import Settings

__all__ = ["Check", "Finding", "Patient", "bad", "good", "looked", "warning"]

Verdict = Literal["good", "warning", "bad"]


@dataclass(frozen=True, slots=True)
class Finding:
    """``code``: stable, '' where all is well; ``said``: what was found, or what to do. Names places and rules, never content."""

    check: str
    verdict: Verdict
    said: str
    code: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Patient:
    """What is looked at. ``stages``: those whose processes run here."""

    settings: Settings
    deployment: Deployment
    stages: tuple[str, ...]


Check = Callable[[Patient], Iterable[Finding]]
"""Its findings have the name of the check as ``looked`` gives it. Whatever it raises is one."""


def good(said: str) -> Finding:
    """All is well."""
    return Finding("", "good", said)


def warning(code: str, place: str, do: str) -> Finding:
    """It works, and should be mended."""
    return Finding("", "warning", do, code, place)


def bad(code: str, place: str, do: str) -> Finding:
    """It does not work, or not safely."""
    return Finding("", "bad", do, code, place)


def looked(name: str, check: Check, patient: Patient) -> Iterator[Finding]:
    """The findings of one check. Nothing that happens in it keeps the next from looking."""
    found: list[Finding] = []
    try:
        found.extend(check(patient))
    except DeidstreamError as error:
        found.append(bad(error.code, error.place, error.hint or "see the log of the process for more"))
    except Exception as error:  # noqa: BLE001 - what it says may be content: its type is enough
        found.append(bad("check-crashed", type(error).__name__, "this is a mistake of deidstream: tell us"))
    for one in found:
        yield Finding(name, one.verdict, one.said, one.code, one.place)
