"""Surrogates for institutions: one for each name and project, whoever the patient is."""

from __future__ import annotations

import re

from deidstream.core.month_names import fold
from deidstream.core.surrogate.places import restyled_words
from deidstream.core.surrogate.prf import Prf

__all__ = ["is_code", "organisation"]

_FIRST = (
    "Riverside Lakeview Northgate Southfield Westbrook Eastham Fairmont Greenfield Hillcrest Kingsway Meadowbank "  # noqa: SIM905
    "Oakridge".split()
)
_SECOND = "Ash Birch Cedar Elm Fir Hazel Juniper Larch Linden Maple Poplar Rowan Spruce Willow Yew Alder".split()  # noqa: SIM905
_KIND = re.compile(
    r"\b(?:hospital|clinic|practice|laboratory|laborator[iy]\w*|labs?|pharmacy|school|university|insurance|centre|center|"
    r"\w*klinik(?:um)?|krankenhaus|praxis|\w*kasse|universität\w*|cl[ií]nica|centro|h[ôo]pital|clinique|cabinet|ospedale|policlinico|"
    r"ziekenhuis|huisarts\w*|consult[óo]rio|farmacia)\b",
    re.IGNORECASE,
)
_CODE = re.compile(r"[\x21-\x7e]+")


def is_code(value: str) -> bool:
    """Whether an institution is written as a code (``GHH``, ``lab.north-2``), which stays a code: one word of ASCII."""
    return _CODE.fullmatch(value) is not None


def organisation(value: str, prf: Prf) -> str:
    """An invented institution that keeps the word for its kind. The number keeps two of them apart, who may issue equal ids."""
    key = fold(" ".join(value.split()))
    kind = _KIND.search(value)
    number = prf.number("organisation", key)
    number, first = divmod(number, len(_FIRST))
    number, second = divmod(number, len(_SECOND))
    words = f"{_FIRST[first]} {_SECOND[second]} {kind[0] if kind else 'Centre'} {100_000 + number % 900_000}"
    return restyled_words(words, value)
