"""Which files ``clean`` reads, and under which relative path each result is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from deidstream.core.errors import Misconfigured

__all__ = ["Input", "inputs"]


@dataclass(frozen=True, slots=True)
class Input:
    """One file. ``name`` is its path below the folder that was named, with ``/``: it may be content, so it is not logged."""

    path: Path
    name: str


def inputs(sources: Sequence[Path], out: Path | None = None) -> list[Input]:
    """All files below ``sources``, by name; what lies in ``out`` is left out. The order of ``sources`` does not matter.

    Raises Misconfigured when a source is missing, or two files would be written to the same place.
    """
    found: dict[str, Input] = {}
    for source in sources:
        for item in _files(source):
            if out is not None and item.path.resolve().is_relative_to(out.resolve()):
                continue
            other = found.setdefault(item.name, item)
            if other.path.resolve() != item.path.resolve():
                raise Misconfigured(
                    "two-inputs-one-output", "SRC", "give the folder that holds both, or clean them apart"
                )
    return [found[name] for name in sorted(found)]


def _files(source: Path) -> Iterator[Input]:
    if source.is_file():
        yield Input(source, source.name)
    elif source.is_dir():
        for path in source.rglob("*"):
            name = path.relative_to(source).as_posix()
            if path.is_file() and not any(step.startswith(".") for step in name.split("/")):
                yield Input(path, name)
    else:
        raise Misconfigured("no-such-input", "SRC", "name files or folders that exist and can be read")
