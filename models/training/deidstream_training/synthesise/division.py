"""What is for training and what for the test: decided by the thing itself, for ever.

A value, a word of a list or an alternative of a grammar belongs to one part, whatever is generated, in whichever order and with
which seed. One in four belongs to the test.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from enum import StrEnum
from functools import lru_cache
from hashlib import blake2b

__all__ = ["Split", "chosen", "drawn", "part_of"]

_TRIES = 400


class Split(StrEnum):
    """The two parts that share nothing."""

    TRAIN = "train"
    TEST = "test"


@lru_cache(maxsize=1 << 16)
def part_of(key: str) -> Split:
    """The part that a key belongs to; case, diacritics, space and punctuation make no difference."""
    folded = unicodedata.normalize("NFKD", key.casefold())
    bare = "".join(character for character in folded if character.isalnum())
    return Split.TEST if blake2b(bare.encode(), digest_size=4).digest()[0] % 4 == 0 else Split.TRAIN


def chosen(keys: Iterable[str], split: Split) -> tuple[str, ...]:
    """Those of a list that belong to the part, in their order."""
    return tuple(key for key in keys if part_of(key) is split)


def drawn(draw: Callable[[], str], split: Split) -> str:
    """The first of the values drawn that belongs to the part.

    Raises ``ValueError`` where a few hundred draws give none: the source has too few values to be divided.
    """
    for _ in range(_TRIES):
        value = draw()
        if part_of(value) is split:
            return value
    raise ValueError("too few values to divide between training and test")
