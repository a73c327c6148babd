from __future__ import annotations

import os
from dataclasses import replace

import pytest
from deidstream.core.errors import Misconfigured, Unsafe
from deidstream.core.release import Release
from deidstream.wire import LARGE, claimed, decode_case, decode_release, encode_case, encode_release

from tests.wire.cases import FixedKeyRing, full_case, full_release

KEYS = FixedKeyRing()


class Shelf:
    """Where ciphertexts are put, and what was fetched of them."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.fetched: list[str] = []

    def lodge(self, case_id: str, kind: str, sealed: bytes) -> str:
        key = f"{case_id}/{kind}/{len(self.kept)}"
        self.kept[key] = sealed
        return key

    def fetch(self, key: str) -> bytes:
        self.fetched.append(key)
        return self.kept[key]


def large_case(size: int = 2 * LARGE):  # type: ignore[no-untyped-def]
    return replace(full_case(), source=os.urandom(size))


def large_release() -> Release:
    return replace(full_release(), content=os.urandom(2 * LARGE))


def test_what_is_large_lies_elsewhere_sealed_and_comes_back() -> None:
    shelf, case = Shelf(), large_case()
    data = encode_case(case, KEYS, shelf.lodge)
    assert len(data) < LARGE
    assert list(shelf.kept) == ["c0ffee/source/0"]
    assert not any(case.source[:16] in sealed for sealed in shelf.kept.values())
    assert decode_case(data, KEYS, fetch=shelf.fetch) == case
    assert claimed(data) == {"c0ffee/source/0"}


@pytest.mark.parametrize(("size", "away"), [(LARGE - 1000, 0), (LARGE + 1, 1)])
def test_what_fits_stays_in_the_record(size: int, away: int) -> None:
    shelf = Shelf()
    encode_case(large_case(size), KEYS, shelf.lodge)
    assert len(shelf.kept) == away


def test_what_fits_is_the_same_with_and_without_a_store() -> None:
    assert encode_case(full_case(), FixedKeyRing(), Shelf().lodge) == encode_case(full_case(), FixedKeyRing())
    assert claimed(encode_case(full_case(), KEYS)) == frozenset()


def test_a_section_that_is_not_read_is_carried_on_and_never_fetched() -> None:
    shelf, case = Shelf(), large_case()
    passing = decode_case(encode_case(case, KEYS, shelf.lodge), KEYS, {"identity", "findings"}, shelf.fetch)
    onward = encode_case(passing.advance(), KEYS, shelf.lodge)
    assert shelf.fetched == []
    assert len(shelf.kept) == 1
    assert decode_case(onward, KEYS, fetch=shelf.fetch) == case.advance()


def test_a_section_that_was_read_and_not_changed_is_not_put_again() -> None:
    shelf, case = Shelf(), large_case()
    read = decode_case(encode_case(case, KEYS, shelf.lodge), KEYS, fetch=shelf.fetch)
    encode_case(read.advance(), KEYS, shelf.lodge)
    assert len(shelf.kept) == 1


def test_a_large_release_lies_elsewhere_too() -> None:
    shelf, release = Shelf(), large_release()
    data = encode_release(release, KEYS, shelf.lodge)
    assert len(data) < LARGE
    assert claimed(data) == set(shelf.kept) == {f"{release.case_id}/release/0"}
    assert decode_release(data, KEYS, shelf.fetch) == release


@pytest.mark.parametrize("reason", ["cut", "longer", "another", "flipped"])
def test_an_artifact_that_is_not_the_one_that_was_put_does_not_open(reason: str) -> None:
    shelf = Shelf()
    data = encode_case(large_case(), KEYS, shelf.lodge)
    encode_case(large_case(), KEYS, shelf.lodge)
    (key, sealed), (_, other) = shelf.kept.items()
    flipped = bytes([sealed[0] ^ 1]) + sealed[1:]
    shelf.kept[key] = {"cut": sealed[:-1], "longer": sealed + b"x", "another": other, "flipped": flipped}[reason]
    with pytest.raises(Unsafe, match="artifact-changed|seal-broken"):
        decode_case(data, KEYS, fetch=shelf.fetch)


def test_without_a_store_a_record_that_names_one_stops_the_process() -> None:
    data = encode_case(large_case(), KEYS, Shelf().lodge)
    with pytest.raises(Misconfigured, match=r"no-artifact-store.*deployment\.artifacts"):
        decode_case(data, KEYS)
    assert decode_case(data, KEYS, ()).id == "c0ffee"


def test_what_is_no_record_names_nothing() -> None:
    assert claimed(b"MSH|^~\\&|") == frozenset()
    assert claimed(b"") == frozenset()
