"""Settings from the environment: ``DEIDSTREAM_<SECTION>__<SETTING>``, each read as the type of its own field asks.

A password is the text that stands there, whatever it looks like (digits, ``on``, ``a: b``); a number, a switch, a list or a mapping
is what it means. Only what has a type that no text satisfies is read as YAML.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, TypeAdapter, ValidationError

__all__ = ["Tree", "overridden", "typed"]

_PREFIX = "DEIDSTREAM_"
_NOTHING = ("", "null")
"""What says None where a setting may be that."""

Tree = dict[str, Any]  # what YAML gives; pydantic decides what it may be


class _Given(str):
    """A value of the environment, whose type is not known yet."""

    __slots__ = ()


def overridden(tree: Tree, environ: Mapping[str, str]) -> Tree:
    """``tree`` with what ``environ`` sets in the place of what stands there."""
    merged = deepcopy(tree)
    for name, value in sorted(environ.items()):
        if not name.startswith(_PREFIX) or "__" not in name:
            continue
        *parents, last = name.removeprefix(_PREFIX).lower().split("__")
        place = merged
        for parent in parents:
            following = place.get(parent)
            place[parent] = place = following if isinstance(following, dict) else {}
        place[last] = _Given(value)
    return merged


def typed(value: Any, kind: Any) -> Any:  # Any: what YAML gives; kinds are what annotations say
    """``value`` of a section or in it, with what came from the environment as ``kind`` asks."""
    if isinstance(value, _Given):
        return _of_type(str(value), kind)
    if isinstance(value, dict):
        return {key: typed(one, _member(kind, key)) for key, one in value.items()}
    return value


def _of_type(text: str, kind: Any) -> Any:
    kinds = _alternatives(kind)
    if type(None) in kinds and text.strip() in _NOTHING:
        return None
    for one in kinds:
        try:
            TypeAdapter(one).validate_python(text)
        except (ValidationError, ValueError):
            continue
        return text
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return text


def _member(kind: Any, key: object) -> Any:
    """The type of what stands under ``key`` in a value of ``kind``; None: nobody says."""
    for one in _alternatives(kind):
        if isinstance(one, type) and issubclass(one, BaseModel) and key in one.model_fields:
            return one.model_fields[str(key)].annotation
        if isinstance(origin := get_origin(one), type) and issubclass(origin, Mapping):
            return get_args(one)[1]
    return None


def _alternatives(kind: Any) -> tuple[Any, ...]:
    """The types that ``kind`` allows; none where nobody says."""
    origin = get_origin(kind)
    if origin is Annotated:
        return _alternatives(get_args(kind)[0])
    if origin in (Union, UnionType):
        return tuple(inner for one in get_args(kind) for inner in _alternatives(one))
    return () if kind is None or kind is Any else (kind,)
