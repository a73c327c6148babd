"""From what the command line names to documents."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deidstream.cli.evaluate.corpora import brat, i2b2, json_lines, notes, tagged
from deidstream.cli.evaluate.corpora.scheme import Scheme, load, shipped
from deidstream.core.errors import Misconfigured
from deidstream.evaluation.annotated import Annotated

__all__ = ["Corpus", "opened"]

_READERS: Mapping[str, Callable[[Path, Scheme], Iterable[Annotated]]] = {
    "brat": brat.read,
    "json": json_lines.read,
    "i2b2": i2b2.read,
    "tagged": tagged.read,
    "csv": notes.read,
}


@dataclass(frozen=True, slots=True)
class Corpus:
    """Documents under one name; ``read`` is how many there were before the selection."""

    name: str
    documents: tuple[Annotated, ...] = field(repr=False)
    read: int


def opened(named: str, most: int) -> Corpus:
    """The corpus that ``named`` says: ``PATH``, where the path holds a shipped scheme's name, or ``SCHEME=PATH``.

    At most ``most`` documents (0: all), spread evenly, the same each time. Raises Misconfigured where there is no such path, scheme
    or document, Malformed (with file and line) for what the reader cannot read.
    """
    scheme_name, path = _split(named)
    scheme = load(scheme_name)
    if not path.exists():
        raise Misconfigured("no-such-corpus", str(path), "name a file or folder that exists")
    documents = list(_READERS[scheme.format](path, scheme))
    if not documents:
        raise Misconfigured("empty-corpus", str(path), f"no document of the scheme {scheme.name} is in there")
    step = max(1.0, len(documents) / most) if most else 1.0
    chosen = (documents[int(step * number)] for number in range(min(len(documents), most or len(documents))))
    return Corpus(scheme.name, tuple(chosen), len(documents))


def _split(named: str) -> tuple[str, Path]:
    scheme, equals, path = named.partition("=")
    if equals:
        return scheme, Path(path)
    parts = set(Path(named).resolve().parts)
    found = next((name for name in shipped() if name in parts), "")
    if not found:
        raise Misconfigured("no-scheme", named, f"say SCHEME=PATH; schemes are YAML files or {', '.join(shipped())}")
    return found, Path(named)
