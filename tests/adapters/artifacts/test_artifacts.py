from __future__ import annotations

import stat
from pathlib import Path

import pytest
from deidstream.adapters.artifacts_files import FileArtifacts
from deidstream.adapters.artifacts_memory import MemoryArtifacts
from deidstream.core.errors import Misconfigured, Unavailable, Unsafe

from tests.adapters.artifacts.contract import ArtifactContract


class TestMemoryArtifacts(ArtifactContract):
    @pytest.fixture
    def store(self) -> MemoryArtifacts:
        return MemoryArtifacts()


class TestFileArtifacts(ArtifactContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> FileArtifacts:
        return FileArtifacts(tmp_path / "artifacts")

    def test_files_are_for_their_owner_alone(self, store: FileArtifacts, tmp_path: Path) -> None:
        store.put("cases/c1/source-1", b"sealed")
        file = tmp_path / "artifacts/cases/c1/source-1"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700

    @pytest.mark.parametrize("key", ["../out", "a/../../out", "/etc/x", "", "a//b", "a/./b", "a\0b"])
    def test_a_key_that_leads_elsewhere_is_refused(self, store: FileArtifacts, key: str) -> None:
        for ask in (lambda: store.put(key, b"x"), lambda: store.get(key), lambda: store.delete(key)):
            with pytest.raises(Unsafe, match="artifact-key"):
                ask()

    def test_a_disk_that_fails_is_unavailable_and_leaves_nothing(self, tmp_path: Path) -> None:
        store = FileArtifacts(tmp_path)
        (tmp_path / "cases").write_bytes(b"a file where a folder should be")
        with pytest.raises(Unavailable, match="errno-"):
            store.put("cases/c1", b"x")
        assert [one.name for one in tmp_path.iterdir()] == ["cases"]

    def test_a_folder_that_cannot_be_made_is_misconfigured(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(Misconfigured, match="artifact-folder"):
            FileArtifacts(tmp_path / "file")
