"""Taking elements out of JSON so that what is left is JSON, and FHIR: no dangling comma, nothing empty, arrays in step.

FHIR forbids empty objects and arrays (R4 2.6.2); an extension needs a value and a narrative its text. The arrays ``given`` and
``_given`` correspond item by item, so an item whose companion stays becomes ``null``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from deidstream.core.document import Splice
from deidstream.core.errors import Unsafe
from deidstream.formats.fhir.lexer import Array, Node, Object, Scalar

__all__ = ["find", "removals"]

_STEP = re.compile(r"\.ofType\([A-Za-z]+\)|\.(\?[0-9]+|[^.\[\]]+)|\[([0-9]+)\]")
_CARRIERS = (
    ("extension", frozenset({"id", "url"})),
    ("modifierExtension", frozenset({"id", "url"})),
    ("text", frozenset({"id", "status"})),
)
"""Objects that mean nothing once only these members are left."""


def removals(root: Object, paths: Sequence[str]) -> list[Splice]:
    """The splices that remove what stands at ``paths``, and whatever that leaves empty. Raises Unsafe for an unknown path."""
    members: dict[int, list[Node]] = {}
    marked = {id(_found(root, path, members)) for path in paths}
    plan = _Plan(marked)
    if plan.goes(root, ""):
        raise Unsafe("cannot-remove-all")
    return plan.splices


class _Plan:
    """Decides bottom-up what goes, then writes splices for the topmost of what goes."""

    def __init__(self, marked: set[int]) -> None:
        self._marked = marked
        self.splices: list[Splice] = []

    def goes(self, node: Node, name: str) -> bool:
        """Whether ``node`` goes as a whole; where it stays, the splices for what goes inside it are noted."""
        if id(node) in self._marked:
            return True
        if isinstance(node, Scalar):
            return False
        mark = len(self.splices)
        stays = self._array(node, name) if isinstance(node, Array) else self._object(node, name)
        if not stays:
            del self.splices[mark:]
        return not stays

    def _array(self, array: Array, name: str) -> bool:
        gone = [self.goes(item, name) for item in array.items]
        self._cut(array.items, gone)
        return not gone or not all(gone)

    def _object(self, node: Object, name: str) -> bool:
        members = node.members
        gone: dict[str, bool] = {}
        for key, child in members.items():
            if key in gone:
                continue
            companion = members.get("_" + key)
            if isinstance(child, Array) and isinstance(companion, Array):
                gone[key], gone["_" + key] = self._pair(child, companion)
            else:
                gone[key] = self.goes(child, key)
        if not any(gone.values()):
            return True
        left = {key for key, is_gone in gone.items() if not is_gone}
        if not left or any(name == carrier and left <= rest for carrier, rest in _CARRIERS):
            return False
        self._cut(list(members.values()), [gone[key] for key in members])
        return True

    def _pair(self, values: Array, companions: Array) -> tuple[bool, bool]:
        """An array of primitives and the array of its companions, whose items go together or become null."""
        size = max(len(values.items), len(companions.items))
        taken = [self._taken(array) for array in (values, companions)]
        if not any(map(any, taken)):
            return False, False
        gone = [
            [number >= len(array.items) or of_array[number] or _is_null(array.items[number]) for number in range(size)]
            for array, of_array in zip((values, companions), taken, strict=True)
        ]
        both = [value and companion for value, companion in zip(*gone, strict=True)]
        for array, of_array, is_gone in zip((values, companions), taken, gone, strict=True):
            if all(is_gone):
                continue
            for number, item in enumerate(array.items):
                if of_array[number] and not both[number]:
                    self.splices.append(Splice(item.key_start, item.stop, b"null"))
            self._cut(array.items, both[: len(array.items)])
        return all(gone[0]), all(gone[1])

    def _taken(self, array: Array) -> list[bool]:
        if id(array) in self._marked:
            return [True] * len(array.items)
        return [self.goes(item, "") for item in array.items]

    def _cut(self, nodes: Sequence[Node], gone: Sequence[bool]) -> None:
        """Each run of what goes takes the comma before it, or behind it where nothing before it stays."""
        for first, last in _runs(gone):
            if first:
                self.splices.append(Splice(nodes[first - 1].stop, nodes[last].stop, b""))
            elif last + 1 < len(nodes):
                self.splices.append(Splice(nodes[0].key_start, nodes[last + 1].key_start, b""))


def _is_null(node: Node) -> bool:
    return isinstance(node, Scalar) and node.kind == "n"


def _runs(gone: Sequence[bool]) -> Iterator[tuple[int, int]]:
    first = -1
    for number, is_gone in enumerate(gone):
        if is_gone and first < 0:
            first = number
        elif not is_gone and first >= 0:
            yield first, number - 1
            first = -1
    if first >= 0:
        yield first, len(gone) - 1


def find(root: Object, path: str) -> Node:
    """What stands at a locator. Raises Unsafe where nothing does."""
    return _found(root, path, {})


def _found(root: Object, path: str, members: dict[int, list[Node]]) -> Node:
    """``members`` remembers the values of objects whose properties are named by their ordinals."""
    node: Node = root
    position = len(path) if "." not in path else path.index(".")
    while position < len(path):
        step = _STEP.match(path, position)
        found = _step(node, step[1], step[2], members) if step is not None else None
        if step is None or found is None:
            raise Unsafe("no-such-locator", path)
        node = found
        position = step.end()
    return node


def _step(node: Node, name: str | None, number: str | None, members: dict[int, list[Node]]) -> Node | None:
    if number is not None:
        return _at(node.items, int(number)) if isinstance(node, Array) else None
    if name is None:
        return node  # ofType
    if not isinstance(node, Object):
        return None
    if not name.startswith("?"):
        return node.members.get(name)
    if id(node) not in members:
        members[id(node)] = list(node.members.values())
    return _at(members[id(node)], int(name[1:]))


def _at(nodes: Sequence[Node], number: int) -> Node | None:
    return nodes[number] if number < len(nodes) else None
