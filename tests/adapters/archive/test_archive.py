"""One contract, every archive that needs no server."""

from __future__ import annotations

from pathlib import Path

import pytest
from deidstream.adapters.memory_archive import MemoryCaseArchive
from deidstream.ports import CaseArchive

from tests.adapters.archive.contract import ArchiveContract, SqlArchiveContract, kept


class TestMemory(ArchiveContract):
    @pytest.fixture
    def archive(self) -> CaseArchive:
        return MemoryCaseArchive()


class TestSqlite(SqlArchiveContract):
    @pytest.fixture
    def database(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path}/archive.db"


def test_a_retained_case_never_shows_its_payload() -> None:
    assert "sealed" not in repr(kept("a"))
