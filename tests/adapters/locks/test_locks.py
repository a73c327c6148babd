from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from deidstream.adapters.file_locks import FileLocks
from deidstream.core.errors import Misconfigured

from tests.adapters.locks.contract import LocksContract, Open


class TestFiles(LocksContract):
    @pytest.fixture
    def open_(self, tmp_path: Path) -> Iterator[Open]:
        with ExitStack() as stack:
            yield lambda: stack.enter_context(closing(FileLocks(tmp_path / "shares")))

    @pytest.fixture
    def made(self, tmp_path: Path) -> str:
        return (
            f"from pathlib import Path; from deidstream.adapters.file_locks import FileLocks\n"
            f"locks = FileLocks(Path({str(tmp_path / 'shares')!r}))"
        )


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Misconfigured, match="state-folder"):
        FileLocks(tmp_path / "file" / "shares").hold({"a"})
