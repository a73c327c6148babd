"""Where PyTorch is not, there is nothing to collect; ``make test-full`` has it, and finds nothing there a failure."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

collect_ignore_glob = [] if find_spec("torch") else ["test_*.py"]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a backbone, documents, and a model that the command has trained."""
    from tests.training.torch.small import documents, small_backbone, steps

    folder = tmp_path_factory.mktemp("made")
    small_backbone(folder / "backbone")
    documents(folder / "train.jsonl", 800, seed=1)
    documents(folder / "test.jsonl", 200, seed=2)
    steps("train", folder / "train.jsonl", "--out", folder / "model", folder=folder)
    return folder
