"""What every place where keys are kept must do. A class with a fixture ``place`` inherits the suite."""

from __future__ import annotations

from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor

import pytest
from deidstream.adapters.kept_keys import KeptKeyRing
from deidstream.adapters.memory_keys import Key, MemoryKeyRing, new_key
from deidstream.core.errors import Misconfigured, Unavailable, Unsafe

Place = Callable[[Collection[str] | None, bool], KeptKeyRing]
"""One more process's ring over the same place, for ``purposes``; whether it may make what is not there."""


def strangers(purpose: str) -> tuple[MemoryKeyRing, Key]:
    """A ring of elsewhere, and its key."""
    key = new_key()
    return MemoryKeyRing({purpose: (key,)}), key


class KeyContract:
    @pytest.fixture
    def ring(self, place: Place) -> KeptKeyRing:
        return place(None, True)

    def test_what_one_process_sealed_opens_for_another_where_it_was_bound_to(self, place: Place) -> None:
        sealed = place({"content", "audit"}, True).seal("content", b"secret", b"case-1")
        other = place({"content"}, False)
        assert other.open("content", sealed, b"case-1") == b"secret"
        with pytest.raises(Unsafe, match="seal-broken: content"):
            other.open("content", sealed, b"case-2")

    def test_each_purpose_has_keys_of_its_own_that_stay(self, place: Place, ring: KeptKeyRing) -> None:
        purposes = ("content", "identity", "surrogate.study-1", "surrogate.study_2")
        secrets = {ring.secret(purpose) for purpose in purposes}
        assert len(secrets) == len(purposes)
        assert {place(purposes, False).secret(purpose) for purpose in purposes} == secrets

    def test_a_ring_gives_no_key_that_it_was_not_given_and_makes_none(self, place: Place) -> None:
        ring = place({"content", "surrogate.*"}, True)
        with pytest.raises(Misconfigured, match="key-not-given: identity"):
            ring.secret("identity")
        ring.secret("surrogate.study-1")
        assert set(place(None, False).inventory()) == {"content", "surrogate.study-1"}

    def test_where_keys_may_not_be_made_a_missing_one_stops_the_start(self, place: Place) -> None:
        place({"content"}, True)
        with pytest.raises(Misconfigured, match="key-missing: lookup: .*restore it from your backup"):
            place({"content", "lookup"}, False)

    @pytest.mark.parametrize("purpose", ["../etc", "a/b", "", "Content", ".hidden", "surrogate.a.b"])
    def test_a_purpose_cannot_lead_elsewhere(self, ring: KeptKeyRing, purpose: str) -> None:
        with pytest.raises(Misconfigured, match="key-purpose"):
            ring.secret(purpose)

    def test_after_rotation_the_newest_key_seals_the_old_ones_open_and_others_find_it(
        self, place: Place, ring: KeptKeyRing
    ) -> None:
        before = ring.seal("content", b"before", b"")
        running = place({"content"}, False)
        identifier = ring.rotate("content")
        after = ring.seal("content", b"after", b"")
        assert (after.key_id, before.key_id != after.key_id) == (identifier, True)
        assert ring.open("content", before, b"") == b"before"
        assert running.open("content", after, b"") == b"after", "a process that runs on finds the new key"
        again = place({"content"}, False)
        assert again.ids("content") == (before.key_id, after.key_id)
        assert again.open("content", before, b"") == b"before"
        assert again.mac("content", b"x") == ring.mac("content", b"x"), "hashes stay with the oldest"

    @pytest.mark.parametrize("purpose", ["lookup", "subject", "id", "surrogate.study", "token.study", "audit"])
    def test_keys_on_which_results_depend_are_not_rotated(self, place: Place, ring: KeptKeyRing, purpose: str) -> None:
        before = ring.secret(purpose)
        with pytest.raises(Misconfigured, match=f"key-pinned: {purpose}: "):
            ring.rotate(purpose)
        assert place({purpose}, False).secret(purpose) == before

    def test_rotations_at_once_lose_none(self, place: Place) -> None:
        rings = [place({"content"}, True) for _ in range(4)]
        with ThreadPoolExecutor(4) as pool:
            made = set(pool.map(lambda ring: ring.rotate("content"), rings))
        assert made < set(place({"content"}, False).ids("content"))
        assert len(made) == 4

    def test_processes_that_start_at_once_agree_on_one_key(self, place: Place) -> None:
        with ThreadPoolExecutor(4) as pool:
            secrets = set(pool.map(lambda _: place({"content"}, True).secret("content"), range(4)))
        assert len(secrets) == 1

    def test_a_lost_key_is_waited_for_until_it_is_given_up(self, place: Place, ring: KeptKeyRing) -> None:
        ring.ids("content")
        other, _ = strangers("content")
        lost = other.seal("content", b"secret", b"")
        running = place({"content"}, False)
        with pytest.raises(Unavailable, match=f"unknown-key: content/{lost.key_id}"):
            running.open("content", lost, b"")
        with pytest.raises(Misconfigured, match="key-there"):
            ring.give_up("content", ring.ids("content")[0])
        with pytest.raises(Misconfigured, match="key-id: content: give its 16 hexadecimal digits"):
            ring.give_up("content", "Ünknown")
        ring.give_up("content", lost.key_id)
        for one in (running, place({"content"}, False)):
            with pytest.raises(Unsafe, match="key-given-up: content$"):
                one.open("content", lost, b"")
        with pytest.raises(Unavailable, match="unknown-key"):
            ring.open("identity", lost, b"")
        assert place({"content"}, False).ids("content") == ring.ids("content")

    def test_keys_of_elsewhere_are_brought_once_and_never_in_the_place_of_others(self, place: Place) -> None:
        ring = place(None, False)
        other, key = strangers("surrogate.study")
        sealed = other.seal("surrogate.study", b"secret", b"")
        assert ring.adopt("surrogate.study", other)
        assert not place(None, False).adopt("surrogate.study", other)
        assert place({"surrogate.study"}, False).open("surrogate.study", sealed, b"") == b"secret"
        with pytest.raises(Misconfigured, match=r"key-there: surrogate\.study"):
            place(None, False).adopt("surrogate.study", strangers("surrogate.study")[0])
        assert place(None, False).secret("surrogate.study") == key.secret

    def test_the_inventory_has_ids_and_ages_and_nothing_shows_a_key(self, place: Place, ring: KeptKeyRing) -> None:
        secret = ring.secret("content")
        ring.rotate("content")
        ids, made = ring.ids("content"), ring.made("content")
        assert place(None, False).inventory() == {"content": tuple(zip(ids, made, strict=True))}
        assert secret.hex() not in repr(ring)
        assert repr(secret) not in repr(vars(ring)["_keys"])
