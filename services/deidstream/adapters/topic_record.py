"""A release as a record of a topic that others read: content in the clear (it is de-identified), ids in the headers."""

from __future__ import annotations

import hashlib

from deidstream.core.release import Release
from deidstream.ports import Output

__all__ = ["topic_record"]


def topic_record(release: Release, topic: str) -> Output:
    """Keyed by subject, so that order is kept: ``id`` is the same whenever it is sent again."""
    headers = {
        "id": release.id,
        "project": release.project,
        "format": release.format,
        "source": release.source,
        "sequence": str(release.sequence),
        "policy": release.policy,
        "traceparent": release.trace,
        **dict(release.attributes),
    }
    if release.supersedes:
        headers["supersedes"] = release.supersedes
    return Output(topic, _key(release), release.content, headers)


def _key(release: Release) -> str:
    """One way, and another in each project: the subject's own id would tell two projects that they speak of the same person."""
    name = f"{release.project}\0{release.key or release.id}"
    return hashlib.sha256(name.encode()).hexdigest()[:32]
