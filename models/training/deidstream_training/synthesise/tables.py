"""The lists of names and places that documents are made from, by part of the division."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from deidstream_training.synthesise.division import Split, chosen

__all__ = ["Names", "names", "nicknames", "towns"]

_TABLES = files("deidstream_training.synthesise") / "tables"


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one origin. Given names by sex; a list may be empty."""

    male: tuple[str, ...]
    female: tuple[str, ...]
    family: tuple[str, ...]


@cache
def names(origin: str, split: Split) -> Names:
    """The names of an origin in one part. Raises ``KeyError`` for an origin that no table has."""
    lists = {sex: chosen(listed, split) for sex, listed in _rows()[origin].items()}
    either = lists.get("x", ())
    return Names(lists.get("m", ()) or either, lists.get("f", ()) or either, lists["l"])


@cache
def towns(country: str, split: Split) -> tuple[str, ...]:
    """The towns of a country in one part; none where no table has the country."""
    for line in _lines("places.txt"):
        of, _, listed = line.split("\t")
        if of == country:
            return chosen(listed.split("|"), split)
    return ()


@cache
def nicknames(language: str) -> dict[str, tuple[str, ...]]:
    """Pet names by the given name in lower case, as the identity layer knows them; empty for a language without a list."""
    file = files("deidstream.core") / "nicknames" / f"{language}.txt"
    if not file.is_file():
        return {}
    found: dict[str, tuple[str, ...]] = {}
    for line in filter(None, file.read_text(encoding="utf-8").splitlines()):
        name, *pet_names = line.split()
        if not line.startswith("#"):
            found[name] = tuple(each.title() for each in pet_names)
    return found


@cache
def _rows() -> dict[str, dict[str, list[str]]]:
    rows: dict[str, dict[str, list[str]]] = {}
    for line in (*_lines("names.txt"), *_lines("more_names.txt")):
        origin, sex, listed = line.split("\t")
        rows.setdefault(origin, {})[sex] = [name.title() if name.isupper() else name for name in listed.split()]
    return rows


def _lines(file: str) -> list[str]:
    text = (_TABLES / file).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]
