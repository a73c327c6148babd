import contextlib

import pytest
from deidstream.adapters.memory_keys import MemoryKeyRing
from deidstream.core.errors import Malformed, Misconfigured, Unsafe
from deidstream.core.outcome import Gap
from deidstream.wire import decode_audit, decode_gap, decode_quarantine, decode_release, encode_gap, encode_release
from deidstream.wire.header import VERSION
from deidstream.wire.v1 import release_pb2
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.wire.cases import FixedKeyRing, full_case, full_release

KEYS = MemoryKeyRing()


def test_a_release_comes_back_as_it_was() -> None:
    assert decode_release(encode_release(full_release(), KEYS), KEYS) == full_release()


def test_a_release_needs_only_the_release_key() -> None:
    encode_release(full_release(), MemoryKeyRing(purposes={"release"}))


def test_neither_content_nor_name_of_a_release_can_be_read_from_the_wire() -> None:
    data = encode_release(full_release(), FixedKeyRing())  # random bytes may hold a short text by chance
    for content in (b"MSH", b"a b.hl7", b"Patient/p1"):
        assert content not in data


def test_a_release_whose_header_was_changed_does_not_open() -> None:
    outer = release_pb2.Release.FromString(encode_release(full_release(), KEYS))
    header = release_pb2.ReleaseHeader.FromString(outer.header)
    header.project = "another"
    outer.header = header.SerializeToString()
    with pytest.raises(Unsafe, match="seal-broken"):
        decode_release(outer.SerializeToString(), KEYS)


def test_a_release_of_a_newer_wire_version_is_not_read() -> None:
    outer = release_pb2.Release(header=release_pb2.ReleaseHeader(id="r", requires=VERSION + 1).SerializeToString())
    with pytest.raises(Misconfigured, match="wire-version: header: a newer version wrote it"):
        decode_release(outer.SerializeToString(), FixedKeyRing())


def test_a_gap_carries_the_header_and_nothing_sealed() -> None:
    gap = decode_gap(encode_gap(Gap(full_case(), "quarantined")))
    assert (gap.case.header, gap.case.source, gap.reason, gap.project) == (full_case().header, b"", "quarantined", "")


@settings(max_examples=50, deadline=None)
@given(st.binary(min_size=1, max_size=60))
def test_bytes_that_are_no_record_are_malformed_or_empty_but_never_crash(data: bytes) -> None:
    for decode in (decode_gap, decode_audit, decode_quarantine, lambda some: decode_release(some, KEYS)):
        with contextlib.suppress(Malformed, Unsafe):
            decode(data)
