"""The content-free account of a release: what was found where, by which layer, and what was done about it."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache

from deidstream.core.case import Case
from deidstream.core.category import Category
from deidstream.core.decision import Method
from deidstream.core.outcome import Audit
from deidstream.core.release import Release

__all__ = ["account"]


def account(case: Case, release: Release, now: float) -> Audit:
    """One entry; equal decisions at like places are counted, not listed."""
    done = Counter(
        [
            _line(locator, category, method, rule, detectors)
            for locator, _, category, method, _, rule, detectors, _ in case.decisions
        ]
    )
    return Audit(
        "case.released",
        case.id,
        {
            "release": release.id,
            "project": release.project,
            "source": release.source,
            "format": release.format,
            "policy": release.policy,
            "release_version": case.header.release_version,
            "supersedes": release.supersedes.partition(",")[0],
            "identity_revision": case.header.identity_revision,
            "seconds": round(now - release.received, 3),
            "decisions": [(*line, count) for line, count in sorted(done.items())],
        },
    )


_ORDINALS = re.compile(r"\[[^\]]*\]")


@lru_cache(maxsize=8192)
def _line(
    locator: str, category: Category, method: Method, rule: str, detectors: tuple[str, ...]
) -> tuple[str, str, str, str, str]:
    """What is said of one decision. A feed has the same ones in every message."""
    return _place(locator, category), category.value, method.value, rule, "+".join(detectors)


def _place(locator: str, category: Category) -> str:
    """The locator without ordinals. Names that no table knows may be content themselves: of those, the root only."""
    path = _ORDINALS.sub("", locator)
    if category is Category.UNKNOWN:
        return re.split(r"[./!-]", path, maxsplit=1)[0]
    return path
