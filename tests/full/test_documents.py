"""Pages that show another text than they say, and scans: what is left, by readers of other people."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.bench.documents.__main__ import measured
from tests.bench.documents.letters import KINDS, letters
from tests.full.java import absent

pytestmark = pytest.mark.full


def test_nobody_is_seen_or_named_on_pages_that_come_out(tmp_path: Path) -> None:
    for program in ("tesseract", "pdftoppm", "pdftotext"):
        if shutil.which(program) is None:
            absent(f"no {program}")
    figures = {one.name: one.value for one in measured(tmp_path, list(letters(11, 1)), "none")}
    for kind in KINDS:
        assert figures[f"{kind}-legible"] > 0.9, "tesseract could not have told"
        assert (figures[f"{kind}-released"], figures[f"{kind}-seen"], figures[f"{kind}-said"]) == (1.0, 0, 0), kind
        assert figures[f"{kind}-kept"] > 0.9, kind
