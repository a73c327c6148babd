"""What a corpus' labels mean in our taxonomy, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from deidstream.core.category import Category
from deidstream.core.errors import Malformed, Misconfigured
from deidstream.core.span import Span
from deidstream.evaluation.annotated import Gold

__all__ = ["Scheme", "load", "shipped"]

_FOLDER = Path(__file__).parent / "schemes"
_CATEGORIES = {str(category): category for category in Category}
_KEYS = {"about", "format", "language", "labels", "not_phi", "unmarked", "hard_negatives", "files", "fields"}
_FORMATS = ("brat", "json", "i2b2", "tagged", "csv")


@dataclass(frozen=True, slots=True)
class Scheme:
    """Annotation scheme of a corpus. ``labels``: for each the categories that are right for it, first the one to count under."""

    name: str
    format: str
    language: str = ""
    labels: Mapping[str, tuple[Category, ...]] = field(default_factory=dict)
    not_phi: frozenset[str] = frozenset()
    """Labels of what identifies nobody by our taxonomy; covering it spoils the text."""
    unmarked: frozenset[Category] = frozenset()
    hard_negatives: bool = False
    """A document without spans is a hard negative."""
    files: tuple[str, ...] = ()
    """Which files of a folder hold documents, as patterns; none: all of the format's."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """Where a reader finds what: our name for it, the corpus' name. Dots lead into objects."""

    def gold(self, label: str, span: Span, place: str) -> Gold | None:
        """The annotation, or None for what is not PHI. Raises Malformed for a label that the scheme does not have."""
        if label in self.not_phi:
            return None
        accepts = self.labels.get(label)
        if accepts is None and label in _CATEGORIES:
            accepts = (_CATEGORIES[label],)
        if accepts is None:
            raise Malformed("unknown-label", place, f"give it a category in the scheme {self.name}")
        return Gold(span, accepts, label)


def shipped() -> tuple[str, ...]:
    """The names of the schemes that come with deidstream."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.yaml")))


def load(name_or_path: str) -> Scheme:
    """A shipped scheme by its name, or the one in a YAML file. Raises Misconfigured: ``scheme-not-found``, ``scheme-invalid``."""
    path = _FOLDER / f"{name_or_path}.yaml" if name_or_path in shipped() else Path(name_or_path)
    if path.suffix != ".yaml" or not path.is_file():
        raise Misconfigured("scheme-not-found", name_or_path, f"name a YAML file or one of: {', '.join(shipped())}")
    try:
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise Misconfigured("scheme-invalid", f"{path}:{line}", "not YAML") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise Misconfigured("scheme-invalid", str(path), "not YAML") from None
    return _scheme(path, tree)


def _scheme(path: Path, tree: Any) -> Scheme:  # Any: what YAML holds
    if not isinstance(tree, dict) or not set(tree) <= _KEYS:
        raise Misconfigured("scheme-invalid", str(path), f"the keys are {', '.join(sorted(_KEYS))}")
    if tree.get("format") not in _FORMATS:
        raise Misconfigured("scheme-invalid", f"{path}: format", f"one of {', '.join(_FORMATS)}")
    return Scheme(
        path.stem,
        tree["format"],
        str(tree.get("language", "")),
        {label: _categories(path, f"labels.{label}", found) for label, found in _mapping(path, tree, "labels").items()},
        frozenset(_mapping(path, tree, "not_phi")),
        frozenset(_categories(path, "unmarked", tree["unmarked"])) if tree.get("unmarked") else frozenset(),
        bool(tree.get("hard_negatives", False)),
        tuple(tree.get("files", ())),
        {name: str(where) for name, where in _mapping(path, tree, "fields").items()},
    )


def _mapping(path: Path, tree: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = tree.get(key) or {}
    if not isinstance(found, dict):
        raise Misconfigured("scheme-invalid", f"{path}: {key}", "a mapping is expected")
    return {str(name): value for name, value in found.items()}


def _categories(path: Path, key: str, found: object) -> tuple[Category, ...]:
    names = [str(name) for name in found] if isinstance(found, list) else [str(found)]
    if not names or any(name not in _CATEGORIES for name in names):
        raise Misconfigured("scheme-invalid", f"{path}: {key}", f"categories are {', '.join(_CATEGORIES)}")
    return tuple(_CATEGORIES[name] for name in names)
