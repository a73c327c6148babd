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

    ``@FILE`` after it leaves those documents whose ids are the lines of a file. At most ``most`` documents (0: all), spread evenly,
    the same each time. Raises Misconfigured where there is no such path, scheme, document or id, Malformed (with file and line) for
    what the reader cannot read.
    """
    named, ids = _chosen(named)
    scheme_name, path = _split(named)
    scheme = load(scheme_name)
    if not path.exists():
        raise Misconfigured("no-such-corpus", str(path), "name a file or folder that exists")
    documents = list(_READERS[scheme.format](path, scheme))
    if not documents:
        raise Misconfigured("empty-corpus", str(path), f"no document of the scheme {scheme.name} is in there")
    if ids is not None:
        documents = _only(documents, ids)
    step = max(1.0, len(documents) / most) if most else 1.0
    chosen = (documents[int(step * number)] for number in range(min(len(documents), most or len(documents))))
    return Corpus(scheme.name, tuple(chosen), len(documents))


def _chosen(named: str) -> tuple[str, Path | None]:
    """The corpus, and the file that says which of its documents."""
    corpus, at, ids = named.rpartition("@")
    return (corpus, Path(ids)) if at and Path(ids).is_file() else (named, None)


def _only(documents: list[Annotated], path: Path) -> list[Annotated]:
    wanted = frozenset(path.read_text(encoding="utf-8").splitlines())
    found = [one for one in documents if one.id in wanted]
    if len({one.id for one in found}) < len(wanted):
        raise Misconfigured("no-such-document", str(path), "it names documents that the corpus does not have")
    return found


def _split(named: str) -> tuple[str, Path]:
    scheme, equals, path = named.partition("=")
    if equals:
        return scheme, Path(path)
    parts = set(Path(named).resolve().parts)
    found = next((name for name in shipped() if name in parts), "")
    if not found:
        raise Misconfigured("no-scheme", named, f"say SCHEME=PATH; schemes are YAML files or {', '.join(shipped())}")
    return found, Path(named)
