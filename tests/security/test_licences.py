"""The list of licences is that of the lock files, and holds none that is not allowed."""

from __future__ import annotations

import pytest

from tests.docs.pages import ROOT
from tools import licences
from tools.licences import Package


def test_the_page_is_made_of_the_locks_and_nothing_on_it_is_forbidden() -> None:
    found = licences.packages()
    assert len(found) > 50
    assert licences.faults([*found, *licences.of_triton()]) == []
    assert {one.name for one in licences.of_triton()} == licences.TRITON.keys()
    assert licences.page(found) == (ROOT / "docs/security/licences.md").read_text(), (
        "python tools/licences.py > docs/security/licences.md"
    )


@pytest.mark.parametrize(
    ("name", "licence"),
    [
        ("some", "GPL-3.0-only"),
        ("some", "AGPL-3.0-or-later"),
        ("some", "LGPL-3.0-only"),
        ("some", "?"),
        ("some", "MIT AND GPL-2.0-only"),
        ("some", "Proprietary"),
    ],
)
def test_what_is_not_on_the_list_is_named(name: str, licence: str) -> None:
    assert licences.faults([Package(name, "1", licence, ())]) == [f"{name}: {licence}"]


@pytest.mark.parametrize("licence", ["MIT", "MPL-2.0 AND (Apache-2.0 OR MIT)", "GPL-2.0-only OR MIT"])
def test_of_alternatives_one_is_enough_and_of_parts_all_count(licence: str) -> None:
    assert licences.faults([Package("some", "1", licence, ())]) == []
