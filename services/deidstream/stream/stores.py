"""Stores that tell telemetry when they are asked: the name of the operation and how long it took, never what was asked."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence, Sized
from functools import wraps
from typing import Any, TypeVar, cast

from deidstream.ports import Artifact, ArtifactStore, Held
from deidstream.stream.telemetry import Access

__all__ = ["OPERATIONS", "observed", "observed_artifacts"]

OPERATIONS = {
    "identity": frozenset({"resolve", "merge", "move", "unmerge"}),
    "hold": frozenset({"put", "due", "lease", "group", "take"}),
    "acceptance": frozenset({"claim", "abandon", "resolve"}),
    "ledger": frozenset({"settled", "positions", "record"}),
}
"""Stores in SQL, and what of them is worth a span."""

Note = Callable[[Access], None]
_Store = TypeVar("_Store")


def observed(store: _Store, name: str, system: str, note: Note) -> _Store:
    """``store``, one of ``OPERATIONS``, in a database of kind ``system`` (``postgresql``, ``sqlite``)."""
    return cast(
        _Store, _ObservedShelf(store, name, system, note) if name == "hold" else _Observed(store, name, system, note)
    )


def observed_artifacts(store: ArtifactStore, note: Note) -> ArtifactStore:
    """``store``, each access noted for the case that its key names."""
    return _ObservedArtifacts(store, note)


class _Observed:
    """Everything goes to the store; what is worth a span goes by way of the clock."""

    def __init__(self, store: object, name: str, system: str, note: Note) -> None:
        self._store = store
        self._name = name
        self._system = system
        self._note = note

    def __getattr__(self, operation: str) -> Any:  # Any: whatever the store has under that name
        found = getattr(self._store, operation)
        return self._timed(operation, found) if operation in OPERATIONS[self._name] else found

    def _timed(self, operation: str, call: Callable[..., Any]) -> Callable[..., Any]:  # Any: as the store's own
        @wraps(call)
        def timed(*arguments: Any) -> Any:
            began = time.time()
            try:
                return call(*arguments)
            finally:
                self._noted(operation, began, arguments)

        return timed

    def _noted(self, operation: str, began: float, arguments: Sequence[object]) -> None:
        self._note(self._access(operation, began, arguments))

    def _access(self, operation: str, began: float, arguments: Sequence[object], case: str = "") -> Access:
        attributes: dict[str, str | int] = {
            "db.system.name": self._system,
            "db.collection.name": self._name,
            "db.operation.name": operation,
        }
        if arguments and isinstance(arguments[0], Sized) and not isinstance(arguments[0], str):
            attributes["db.operation.batch.size"] = len(arguments[0])
        return Access(f"{self._name}.{operation}", began, time.time(), attributes, case)


class _ObservedShelf(_Observed):
    """What a chain puts on the shelf it puts after its stages have reported, so each case has its own access."""

    def _noted(self, operation: str, began: float, arguments: Sequence[object]) -> None:
        held = cast(Sequence[Held], arguments[0]) if operation == "put" else ()
        for case in {item.id.partition(".")[0] for item in held if not item.stage.startswith("delivery.")} or {""}:
            self._note(self._access(operation, began, arguments, case))


class _ObservedArtifacts:
    def __init__(self, store: ArtifactStore, note: Note) -> None:
        self._store = store
        self._note = note

    def put(self, key: str, data: bytes) -> None:
        """See ``ports.ArtifactStore``."""
        began = time.time()
        self._store.put(key, data)
        self._noted("put", key, len(data), began)

    def get(self, key: str) -> bytes:
        """See ``ports.ArtifactStore``."""
        began = time.time()
        data = self._store.get(key)
        self._noted("get", key, len(data), began)
        return data

    def delete(self, key: str) -> None:
        """See ``ports.ArtifactStore``."""
        self._store.delete(key)

    def list(self, prefix: str = "") -> Iterator[Artifact]:
        """See ``ports.ArtifactStore``."""
        return self._store.list(prefix)

    def _noted(self, operation: str, key: str, size: int, began: float) -> None:
        _, _, rest = key.partition("/")
        attributes: dict[str, str | int] = {"deidstream.artifact": key, "deidstream.bytes": size}
        self._note(Access(f"artifacts.{operation}", began, time.time(), attributes, rest.partition("/")[0]))
