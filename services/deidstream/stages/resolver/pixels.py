"""Decisions about rectangles of pixels."""

from __future__ import annotations

from collections.abc import Sequence

from deidstream.core.decision import Decision, Method
from deidstream.core.finding import Finding
from deidstream.core.policy import Policy
from deidstream.core.transform import Scene, Transform
from deidstream.stages.resolver.decide import Decided, Opened

__all__ = ["IMAGE", "covered", "decide_image"]

IMAGE = "image."
"""What the names of detectors of pixels begin with."""


def covered(findings: Sequence[Finding], policy: Policy) -> Decided:
    """Of each rectangle whether it stays; whatever the method, nothing is written in its place."""
    decisions: list[Decision] = []
    held = quarantined = ""
    for finding in findings:
        locator, _, category, score, detector, *_ = finding
        if not detector.startswith(IMAGE):
            continue
        method, line = policy.rule(finding, "")
        held = held or (locator if method is Method.HOLD else "")
        quarantined = quarantined or (locator if method is Method.QUARANTINE else "")
        done = Method.KEEP if method is Method.KEEP else Method.REDACT
        decisions.append(Decision(locator, None, category, done, None, line, (detector,), score))
    return Decided(tuple(decisions), held, quarantined)


def decide_image(
    work: Opened, policy: Policy, transform: Transform, scenes: Sequence[Scene], reviewed: bool = False
) -> Decided:
    """Of a picture file: its pixels. All else of it goes without a decision."""
    found = covered(work.findings, policy)
    return found._replace(held="") if reviewed else found
