from __future__ import annotations

from deidstream.detection.text.tagger.windows import batches, windows
from hypothesis import given
from hypothesis import strategies as st

_SIZES = st.integers(3, 40).flatmap(lambda size: st.tuples(st.just(size), st.integers(0, (size - 1) // 2)))


@given(st.integers(0, 500), _SIZES)
def test_every_piece_is_judged_once_and_away_from_a_cut(pieces: int, sizes: tuple[int, int]) -> None:
    size, margin = sizes
    found = list(windows(7, pieces, size, margin))
    judged = [place for one in found for place in range(one.keep_start, one.keep_end)]
    assert judged == list(range(pieces))
    for one in found:
        assert one.text == 7
        assert one.length <= size
        assert one.start == 0 or one.keep_start - one.start >= margin
        assert one.end == pieces or one.end - one.keep_end >= margin


@given(st.lists(st.integers(0, 90), max_size=20), st.integers(1, 200))
def test_a_batch_has_no_more_pieces_than_allowed_or_is_one_window(lengths: list[int], most: int) -> None:
    found = [one for text, pieces in enumerate(lengths) for one in windows(text, pieces, 40, 5)]
    batched = list(batches(found, most))
    assert sorted(one for batch in batched for one in batch) == sorted(found)
    for batch in batched:
        assert len(batch) == 1 or len(batch) * max(one.length for one in batch) <= most
