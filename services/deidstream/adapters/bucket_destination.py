"""Releases as objects of a bucket."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from deidstream.adapters.release_names import name_of, notices, superseded_names
from deidstream.core.errors import DeidstreamError
from deidstream.core.release import Release
from deidstream.ports import ArtifactStore, Receipt

__all__ = ["BucketDestination"]

_TOGETHER = 8
_STORED = Receipt("stored")


class BucketDestination:
    """One object for each release, named as the folder destination names its files: a release sent again replaces itself.

    One that supersedes another deletes its object, and leaves a notice in its stead (``recalled/<id>.json``).
    """

    def __init__(self, store: ArtifactStore) -> None:
        self._store = store
        self._pool = ThreadPoolExecutor(_TOGETHER, "bucket")

    def send(self, releases: Sequence[Release]) -> Sequence[Receipt | Exception]:
        """Several at a time; of two with one name the later stays."""
        last = {name_of(release): release for release in releases}
        results = dict(zip(last, self._pool.map(self._put, last, last.values()), strict=True))
        return [results[name_of(release)] for release in releases]

    def close(self) -> None:
        """Lets go of the threads."""
        self._pool.shutdown()

    def _put(self, name: str, release: Release) -> Receipt | Exception:
        try:
            self._store.put(name, release.content)
            self._recall(release)
        except DeidstreamError as error:
            return error
        return _STORED

    def _recall(self, release: Release) -> None:
        for notice in notices(release):
            self._store.put(*notice)
        for name in superseded_names(release):
            self._store.delete(name)
