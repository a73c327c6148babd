"""The files of a corpus and their text."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from deidstream.core.errors import Malformed

__all__ = ["found", "relative", "text"]


def found(path: Path, patterns: Iterable[str]) -> list[Path]:
    """``path`` itself where it is a file, else the files below it that match a pattern, by name."""
    if path.is_file():
        return [path]
    return sorted({file for pattern in patterns for file in path.rglob(pattern) if file.is_file()})


def relative(file: Path, root: Path) -> str:
    """The name of a document: its path below the corpus, without suffix."""
    return (Path(file.name) if root.is_file() else file.relative_to(root)).with_suffix("").as_posix()


def text(path: Path) -> str:
    """The content, with its line ends as they are, since offsets count them. Raises Malformed for what is not UTF-8."""
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        line = path.read_bytes().count(b"\n", 0, error.start) + 1
        raise Malformed("not-utf-8", f"{path}:{line}") from None
