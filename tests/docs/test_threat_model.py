"""The threat model names real places and real tests: what it says is mitigated is held by something."""

from __future__ import annotations

import re

import pytest

from tests.docs.pages import DOCS, ROOT

PAGE = (DOCS / "security/threat-model.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in PAGE.splitlines()
    if re.match(r"\| [STRIDE]{1}(, [STRIDE])* \|", line)
]
_OURS = ("adapters", "cli", "core", "detection", "formats", "ports", "stages", "stream", "wire")


def _named(text: str) -> list[str]:
    return re.findall(r"`([\w./-]+(?:::\w+)?)`", text)


def _place(name: str) -> str:
    return f"services/deidstream/{name}" if name.split("/")[0] in _OURS else name


def test_every_border_has_rows_and_all_six_kinds_of_threat_are_there() -> None:
    assert len(ROWS) > 35
    assert {letter for row in ROWS for letter in row[0].split(", ")} == set("STRIDE")
    assert len(re.findall(r"^## B\d", PAGE, re.MULTILINE)) == 9


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[1][:40])
def test_a_mitigation_is_in_the_code_and_a_test_proves_it(row: list[str]) -> None:
    assert len(row) == 5
    assert _named(row[3])
    assert _named(row[4])
    for name in _named(row[3]):
        assert (ROOT / _place(name)).exists(), name
    for name in _named(row[4]):
        file, _, test = name.partition("::")
        assert (ROOT / file).is_file(), file
        assert f"def {test or 'test_'}" in (ROOT / file).read_text(encoding="utf-8"), name


def test_what_else_the_page_names_exists() -> None:
    paths = [name.partition("::")[0] for name in _named(PAGE) if "/" in name and "." in name.rpartition("/")[2]]
    assert [name for name in paths if not (ROOT / _place(name)).exists()] == []
