"""Imported pseudonyms at rest: one sealed file a project in the state folder, written by ``import-identities``."""

from __future__ import annotations

import base64
import json
import os
import secrets
from pathlib import Path

from deidstream.core.errors import Misconfigured, Unavailable, Unsafe
from deidstream.ports import KeyRing, Sealed

__all__ = ["NAME", "read", "write"]

NAME = "imported"
"""The folder below the state folder, and what a fault in such a file is named by."""
_PURPOSE = "identity"


def write(state: Path, project: str, text: str, keys: KeyRing) -> Path:
    """Seals ``text`` in place of what was imported for ``project`` before; the file is whole or not there, and 0600.

    Raises Misconfigured when it cannot be written.
    """
    sealed = keys.seal(_PURPOSE, text.encode("utf-8"), _bound(project))
    content = {
        "key_id": sealed.key_id,
        "nonce": base64.b64encode(sealed.nonce).decode(),
        "ciphertext": base64.b64encode(sealed.ciphertext).decode(),
    }
    target = _file(state, project)
    beside = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            json.dump(content, stream)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(beside, target)
    except OSError as error:
        raise Misconfigured("import-not-written", NAME, f"errno {error.errno}") from None
    return target


def read(state: Path, project: str, keys: KeyRing) -> str | None:
    """What was imported for ``project``, None where nothing was. Raises Misconfigured when the file is damaged."""
    try:
        content = json.loads(_file(state, project).read_bytes())
        sealed = Sealed(
            str(content["key_id"]), base64.b64decode(content["nonce"]), base64.b64decode(content["ciphertext"])
        )
        return keys.open(_PURPOSE, sealed, _bound(project)).decode("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, Unavailable, Unsafe):
        hint = "cannot be opened with this key ring; import the file again"
        raise Misconfigured("import-damaged", f"{NAME}/{project}", hint) from None


def _file(state: Path, project: str) -> Path:
    return state / NAME / f"{project}.sealed"


def _bound(project: str) -> bytes:
    return f"imported.{project}".encode()
