"""What is installed is what was locked."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.docs.pages import ROOT

LOCKS = subprocess.run(
    ["git", "ls-files", "*.lock"], cwd=ROOT, capture_output=True, check=True, text=True
).stdout.split()


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_is_pinned_with_hashes(lock: str) -> None:
    text = (ROOT / lock).read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    assert lines
    loose = [line[:60] for line in lines if not re.match(r"[\w.\[\],-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line)]
    assert not loose


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_names_a_place_to_take_packages_from(lock: str) -> None:
    assert not re.search(r"index-url|find-links|https?://", (ROOT / lock).read_text())


def test_every_install_from_a_lock_asks_for_its_hashes() -> None:
    places = [ROOT / "Makefile", ROOT / "docker/Dockerfile", *(ROOT / "tests").rglob("prepare")]
    files = [place for place in places if place.is_file()]
    calls = [
        line for file in files for line in _joined(file) if "pip" in line and "install" in line and ".lock" in line
    ]
    assert calls
    assert not [line for line in calls if "--require-hashes" not in line]


def _joined(file: Path) -> list[str]:
    return file.read_text(errors="replace").replace("\\\n", " ").splitlines()
