"""Compiled patterns are kept for the next start, and nothing that is damaged is used."""

from __future__ import annotations

from pathlib import Path

import hyperscan
import pytest
from deidstream.detection.text.rules import ages, compiled
from deidstream.detection.text.rules.compiled import database

TEXT = b"He is 93 years old, his son 7 months."


def scanned(found: hyperscan.Database) -> list[tuple[object, ...]]:
    hits: list[tuple[object, ...]] = []
    found.scan(TEXT, match_event_handler=lambda *hit: hits.append(hit[:3]), scratch=hyperscan.Scratch(found))
    return hits


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    database(ages.RULES, tmp_path / "compiled")
    (file,) = (tmp_path / "compiled").iterdir()
    return file


def test_the_next_start_finds_the_same_without_compiling(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = scanned(database(ages.RULES))
    assert expected
    monkeypatch.setattr(compiled, "_compiled", None)
    assert scanned(database(ages.RULES, kept.parent)) == expected


@pytest.mark.parametrize(
    "damage",
    [
        lambda stored: stored[:-1] + bytes([stored[-1] ^ 1]),
        lambda stored: stored[: len(stored) // 2],
        lambda _: b"",
        lambda stored: stored[:40] + bytes(8) + stored[48:],
    ],
    ids=["a bit", "half", "empty", "header"],
)
def test_a_damaged_file_is_compiled_anew_and_mended(kept: Path, damage) -> None:
    whole = kept.read_bytes()
    kept.write_bytes(damage(whole))
    assert scanned(database(ages.RULES, kept.parent)) == scanned(database(ages.RULES))
    assert kept.read_bytes() == whole


def test_other_patterns_are_another_file(kept: Path) -> None:
    database(ages.RULES[:-1], kept.parent)
    assert len(list(kept.parent.iterdir())) == 2


def test_a_folder_that_cannot_be_written_costs_time_only(tmp_path: Path) -> None:
    (tmp_path / "compiled").write_bytes(b"a file, not a folder")
    assert scanned(database(ages.RULES, tmp_path / "compiled")) == scanned(database(ages.RULES))
