"""The configuration file ``deidstream.yaml``: one section a stage or subject, each a frozen model of its own.

What is wrong is said with the line in the file and the setting's name, never with the value that stands there: it may be a
password. ``DEIDSTREAM_<SECTION>__<SETTING>`` in the environment wins over the file (``environment``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from deidstream.core.errors import Misconfigured
from deidstream.stream.environment import Tree, overridden, typed

__all__ = ["Settings"]

Model = TypeVar("Model", bound=BaseModel)


class Settings:
    """A configuration, read and not yet checked. ``section`` checks one section against its model."""

    def __init__(self, tree: Tree, root: yaml.Node | None = None, name: str = "deidstream.yaml") -> None:
        self._tree = tree
        self._root = root
        self._name = name

    def __repr__(self) -> str:
        return f"Settings({self._name}, {sorted(self._tree)})"

    @classmethod
    def load(cls, path: Path | None, environ: Mapping[str, str] | None = None) -> Settings:
        """Reads ``path`` (None: only ``environ`` counts). Raises Misconfigured with the line where it is no YAML."""
        text, name = _read(path)
        try:
            root = yaml.compose(text, Loader=yaml.SafeLoader)
            tree = yaml.safe_load(text) if root is not None else {}
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            place = f"{name}:{mark.line + 1}" if mark else name
            raise Misconfigured("settings-syntax", place, str(error.problem or "not YAML")) from None
        except yaml.YAMLError:
            raise Misconfigured("settings-syntax", name, "not YAML") from None
        if not isinstance(tree, dict):
            raise Misconfigured("settings-syntax", f"{name}:1", "the file must be a mapping of sections")
        if root is not None:
            _refuse_duplicates(root, name)
        return cls(overridden(tree, environ or {}), root, name)

    def section(self, name: str, model: type[Model]) -> Model:
        """The section ``name`` (absent: all defaults) as ``model``. Raises Misconfigured for the first thing wrong."""
        given = self._tree.get(name)
        try:
            return model.model_validate({} if given is None else typed(given, model))
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            raise self._fault((name, *first["loc"]), first["type"], first["msg"]) from None

    def names(self) -> tuple[str, ...]:
        """The sections that are there."""
        return tuple(self._tree)

    def replaced(self, name: str, section: BaseModel) -> Settings:
        """The same but for the section ``name``, and with places named in no file."""
        return Settings({**self._tree, name: section.model_dump(mode="json")}, None, self._name)

    def refuse_unknown(self, known: Collection[str]) -> None:
        """Raises Misconfigured when a section is none of ``known``: a typing error must not switch something off."""
        for name in self._tree:
            if name not in known:
                raise self._fault((name,), "extra_forbidden", f"no such section; there are {', '.join(sorted(known))}")

    def _fault(self, where: tuple[str | int, ...], kind: str, message: str) -> Misconfigured:
        path = ".".join(str(part) for part in where)
        hint = "no such setting" if kind == "extra_forbidden" and len(where) > 1 else message
        return Misconfigured("settings-invalid", f"{self._name}:{_line(self._root, where)}", f"{path}: {hint}")


def _read(path: Path | None) -> tuple[str, str]:
    if path is None:
        return "", "environment"
    try:
        return path.read_text("utf-8"), path.name
    except UnicodeDecodeError:
        raise Misconfigured("settings-syntax", path.name, "not UTF-8") from None
    except OSError:
        raise Misconfigured("settings-unreadable", str(path), "the file must exist and be readable") from None


def _line(node: yaml.Node | None, where: tuple[str | int, ...]) -> int:
    """The line of the setting at ``where``, or of the nearest one above it."""
    line = 1
    for part in where:
        if isinstance(node, yaml.MappingNode):
            pairs = [(key, value) for key, value in node.value if key.value == str(part)]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            pairs = [(node.value[part], node.value[part])]
        else:
            pairs = []
        if not pairs:
            continue  # pydantic also names the member of a union, which no file has
        line, node = pairs[0][0].start_mark.line + 1, pairs[0][1]
    return line


def _refuse_duplicates(node: yaml.Node, name: str) -> None:
    if isinstance(node, yaml.SequenceNode):
        for one in node.value:
            _refuse_duplicates(one, name)
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if str(key.value) in seen:
                raise Misconfigured("settings-duplicate", f"{name}:{key.start_mark.line + 1}", "stands there twice")
            seen.add(str(key.value))
            _refuse_duplicates(value, name)
