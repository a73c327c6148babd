"""Pseudonyms from before: read, checked, and used."""

from __future__ import annotations

from pathlib import Path

import pytest
from deidstream.core.errors import Misconfigured
from deidstream.stages.resolver.imported import read

GOOD = "project,identifier,pseudonym,offset_days\nstudy,4711081,P-001,-42\nother,4711081,X-9,7\n,4711082,P-002,\n"


def test_rows_of_the_project_and_of_none_are_taken(tmp_path: Path):
    path = tmp_path / "p.csv"
    path.write_text(GOOD, encoding="utf-8-sig")
    found = read(path, "study")
    assert found.pseudonym("4711081") == "P-001"
    assert found.pseudonym("4711082") == "P-002"
    assert found.original("P-001") == "4711081"
    assert found.offset(("nobody", "4711081")) == -42
    assert found.offset(("4711082",)) is None
    assert "4711081" not in repr(found)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("identifier,pseudonym\nA,P1\nB,P1\n", 3),
        ("identifier,pseudonym\nA,P1\nA,P2\n", 3),
        ("identifier,offset_days\nA,soon\n", 2),
        ("identifier,offset_days\nA,0\n", 2),
        ("identifier,offset_days\nA,1\nA,2\n", 3),
        ("identifier,pseudonym\n,P1\n", 2),
        ("mrn,pseudonym\nA,P1\n", 1),
        ("", 1),
    ],
)
def test_what_contradicts_itself_is_named_by_line_without_content(text: str, line: int, tmp_path: Path):
    path = tmp_path / "p.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Misconfigured) as caught:
        read(path, "study")
    assert caught.value.place == f"{path}:{line}"
    assert "P1" not in str(caught.value)


def test_a_missing_file_is_a_misconfiguration(tmp_path: Path):
    with pytest.raises(Misconfigured, match="pseudonyms-unreadable"):
        read(tmp_path / "none.csv", "study")
