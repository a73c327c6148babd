"""The keys of one purpose as they are kept, the same in a file, a Secret of Kubernetes and Vault.

``{"purpose": ..., "keys": [{"id": ..., "created": ..., "key": base64}, ...]}``, oldest first. Where a key management service wraps
them, ``wrapped`` is in the place of ``key``: what the service made of it.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from deidstream.adapters.memory_keys import KEY_BYTES, Key
from deidstream.core.errors import Misconfigured
from deidstream.ports import KeyWrapping

__all__ = ["document", "keys_from", "keys_of"]


@dataclass(frozen=True, slots=True)
class _Entry:
    id: str
    created: float
    bytes: bytes = field(repr=False)
    wrapped: bool = False


def document(purpose: str, keys: Sequence[Key], wrapping: KeyWrapping | None = None) -> dict[str, object]:
    """The object for ``keys``. Raises what ``wrapping`` raises."""
    entries = []
    for key in keys:
        name, data = ("wrapped", wrapping.wrap(purpose, key.id, key.secret)) if wrapping else ("key", key.secret)
        entries.append({"id": key.id, "created": key.created, name: base64.b64encode(data).decode()})
    return {"purpose": purpose, "keys": entries}


def keys_from(
    data: bytes, purpose: str, wrapping: KeyWrapping | None = None, known: Iterable[Key] = ()
) -> tuple[Key, ...]:
    """The keys in the bytes of a file; see ``keys_of``."""
    try:
        content = json.loads(data)
    except ValueError:
        raise _damaged(purpose) from None
    return keys_of(content, purpose, wrapping, known)


def keys_of(
    content: object, purpose: str, wrapping: KeyWrapping | None = None, known: Iterable[Key] = ()
) -> tuple[Key, ...]:
    """The keys in an object. Those that are ``known`` are not unwrapped again.

    Raises Misconfigured: ``key-file-damaged`` for whatever else stands there, ``key-wrapped`` without ``wrapping``, and with it
    ``key-not-wrapped`` where a key lies in the clear. Raises what ``wrapping`` raises.
    """
    there = {key.id: key for key in known}
    keys = tuple(there.get(one.id) or _opened(one, purpose, wrapping) for one in _entries(content, purpose))
    if not keys or any(len(key.secret) != KEY_BYTES for key in keys):
        raise _damaged(purpose)
    return keys


def _entries(content: object, purpose: str) -> list[_Entry]:
    try:
        if not isinstance(content, dict) or content["purpose"] != purpose:
            raise _damaged(purpose)
        return [_entry(one) for one in content["keys"]]
    except (ValueError, KeyError, TypeError, binascii.Error):
        raise _damaged(purpose) from None


def _entry(one: dict[str, object]) -> _Entry:
    wrapped = "wrapped" in one
    data = base64.b64decode(str(one["wrapped" if wrapped else "key"]), validate=True)
    return _Entry(str(one["id"]), float(str(one["created"])), data, wrapped)


def _opened(one: _Entry, purpose: str, wrapping: KeyWrapping | None) -> Key:
    if wrapping is None:
        if one.wrapped:
            raise Misconfigured(
                "key-wrapped", purpose, "a key management service wrapped it: name it in deployment.kms"
            )
        return Key(one.id, one.bytes, one.created)
    if not one.wrapped:
        hint = (
            "deployment.kms is set and this key lies in the clear: deidstream keys import FOLDER wraps what FOLDER has"
        )
        raise Misconfigured("key-not-wrapped", purpose, hint)
    return Key(one.id, wrapping.unwrap(purpose, one.id, one.bytes), one.created)


def _damaged(purpose: str) -> Misconfigured:
    return Misconfigured("key-file-damaged", purpose, "restore it from your backup; without it nothing sealed opens")
