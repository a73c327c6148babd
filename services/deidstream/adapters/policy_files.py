"""Policies from YAML files, with messages that name the file, the line and the key."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import yaml

from deidstream.core.errors import Misconfigured
from deidstream.core.policy import Policy
from deidstream.core.policy_schema import Invalid, parse

__all__ = ["FOLDER", "SCHEMA", "load", "read", "shipped"]

FOLDER = Path(__file__).parents[1] / "core" / "policies"
SCHEMA = FOLDER / "policy.schema.json"


def shipped() -> tuple[str, ...]:
    """The names of the profiles that come with deidstream."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def load(name_or_path: str, relative_to: Path | None = None) -> Policy:
    """A shipped profile by its name, or the policy in a file. Raises Misconfigured (``policy-not-found``, ``policy-invalid``)."""
    if name_or_path in shipped():
        return _profile(name_or_path)
    path = (relative_to or Path()) / name_or_path
    if not path.is_file():
        hint = f"name a file or one of: {', '.join(shipped())}"
        raise Misconfigured("policy-not-found", name_or_path, hint)
    return read(path)


def read(path: Path) -> Policy:
    """The policy in the YAML file at ``path``. Raises Misconfigured with ``file:line`` as its place."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured("policy-unreadable", str(path), type(error).__name__) from error
    try:
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        _refuse_duplicates(tree, path)
        return parse(yaml.safe_load(text))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise Misconfigured("policy-invalid", f"{path}:{line}", error.problem or "not YAML") from error
    except yaml.YAMLError as error:
        raise Misconfigured("policy-invalid", f"{path}:1", "not YAML") from error
    except Invalid as error:
        key = ".".join(map(str, error.path))
        place = f"{path}:{_line(tree, error.path)}"
        raise Misconfigured("policy-invalid", place, f"{key}: {error.hint}" if key else error.hint) from error


@lru_cache(maxsize=16)
def _profile(name: str) -> Policy:
    return read(FOLDER / f"{name}.yaml")


def _line(node: yaml.Node | None, path: tuple[str | int, ...]) -> int:
    """The line of the key at ``path``, of its nearest ancestor where it is missing."""
    line = node.start_mark.line if node else 0
    for step in path:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == step), None)
            if found is None:
                break
            line, node = found[0].start_mark.line, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line
        else:
            break
    return line + 1


def _refuse_duplicates(node: yaml.Node | None, path: Path) -> None:
    """YAML forbids equal keys in one mapping; the loader would silently take the last."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_duplicates(item, path)
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    place = f"{path}:{key.start_mark.line + 1}"
                    raise Misconfigured("policy-invalid", place, f"the key '{key.value}' stands twice")
                seen.add(key.value)
            _refuse_duplicates(value, path)
