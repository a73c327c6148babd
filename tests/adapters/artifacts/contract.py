"""What every artifact store must do. A module that has a fixture ``store`` inherits the suite."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from deidstream.core.errors import Unsafe
from deidstream.ports import ArtifactStore

LARGE = 9 << 20
"""More than one part of an upload."""


class ArtifactContract:
    @pytest.mark.parametrize("size", [0, 1, 70_000, LARGE])
    def test_what_is_put_comes_back_whole(self, store: ArtifactStore, size: int) -> None:
        data = os.urandom(size)
        store.put("cases/c1/source-1", data)
        assert store.get("cases/c1/source-1") == data

    def test_putting_the_same_again_changes_nothing(self, store: ArtifactStore) -> None:
        for _ in range(2):
            store.put("cases/c1/source-1", b"sealed")
        assert store.get("cases/c1/source-1") == b"sealed"
        assert [one.key for one in store.list()] == ["cases/c1/source-1"]

    def test_what_is_not_there_is_unsafe_and_the_key_stays_unsaid(self, store: ArtifactStore) -> None:
        with pytest.raises(Unsafe) as raised:
            store.get("inbox/Winterbourne")
        assert (raised.value.code, raised.value.place) == ("artifact-missing", "artifacts")
        assert raised.value.__cause__ is None

    def test_a_step_of_a_key_is_no_object(self, store: ArtifactStore) -> None:
        store.put("cases/c1/source-1", b"sealed")
        with pytest.raises(Unsafe, match="artifact-missing"):
            store.get("cases/c1")

    def test_what_is_deleted_is_gone_and_deleting_again_is_nothing(self, store: ArtifactStore) -> None:
        store.put("a/1", b"one")
        store.put("a/2", b"two")
        for _ in range(2):
            store.delete("a/1")
        assert [one.key for one in store.list()] == ["a/2"]

    def test_a_listing_says_what_lies_under_a_prefix_how_large_and_since_when(self, store: ArtifactStore) -> None:
        for key in ("raw/c2/source-1", "cases/c1/source-2", "cases/c1/source-1"):
            store.put(key, b"12345")
        found = list(store.list("cases/"))
        assert [(one.key, one.size) for one in found] == [("cases/c1/source-1", 5), ("cases/c1/source-2", 5)]
        assert all(abs(one.stored - time.time()) < 60 for one in found)
        assert list(store.list("nothing/")) == []

    def test_a_listing_is_whole_however_long_it_is(self, store: ArtifactStore) -> None:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda n: store.put(f"many/{n:04}", b"x"), range(1200)))
        assert [one.key for one in store.list("many/")] == [f"many/{n:04}" for n in range(1200)]

    def test_names_may_hold_what_file_names_hold(self, store: ArtifactStore) -> None:
        key = "inbox/Bericht über Ärzte (2) + 50%.hl7"
        store.put(key, b"x")
        assert [one.key for one in store.list("inbox/")] == [key]
        assert store.get(key) == b"x"
        assert "Bericht" not in repr(next(store.list("inbox/")))

    def test_many_threads_may_use_it_at_once(self, store: ArtifactStore) -> None:
        pieces = {f"t/{n}": os.urandom(100_000) for n in range(20)}
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda item: store.put(*item), pieces.items()))
            assert dict(zip(pieces, pool.map(store.get, pieces), strict=True)) == pieces
