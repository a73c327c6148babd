"""Images of this session, built once and mounted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.deploy.buildah import build, mounted


class Image(NamedTuple):
    """Its name, and where its root file system is."""

    name: str
    root: Path


Images = Callable[[str], Image]
"""By target of docker/Dockerfile."""


@pytest.fixture(scope="session")
def images() -> Iterator[Images]:
    with ExitStack() as stack:

        @cache
        def made(target: str) -> Image:
            name = build(target)
            return Image(name, stack.enter_context(mounted(name)))

        yield made
