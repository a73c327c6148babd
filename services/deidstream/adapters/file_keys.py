"""Keys in a folder: one file a purpose, readable by their owner alone.

``<folder>/<purpose>.json`` is ``{"purpose": ..., "keys": [{"id": ..., "created": ..., "key": base64}, ...]}``, oldest first.
Purposes are generated independently of each other. A file is made complete beside its place and then linked there, so that
of several processes that start at once exactly one wins and no reader ever sees half a file.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import json
import os
import re
import secrets
import stat
from collections.abc import Collection
from pathlib import Path

from deidstream.adapters.memory_keys import KEY_BYTES, KEY_ID, Key, MemoryKeyRing, new_key
from deidstream.core.errors import Misconfigured, Unavailable

__all__ = ["FileKeyRing", "keys_from"]

_PURPOSE = re.compile(r"[a-z][a-z0-9_-]*(\.[A-Za-z0-9][A-Za-z0-9_-]*)?\Z")
_PINNED = {
    "lookup": "every keyed hash of the identity store must be made again with it; re-hash instead",
    "subject": "subject ids are derived from it and pinned",
    "id": "a message that is sent again would become another case",
    "surrogate": "the same person would get another pseudonym within the project",
    "token": "tokens already given out could not be reversed",
    "audit": "the chain is verified with it; start a new instance instead",
}
"""Purposes whose keys may not be replaced freely, and why."""


class FileKeyRing(MemoryKeyRing):
    """The key ring of a process, over a folder. With ``purposes``, it gives no other and reads no other file.

    Raises Misconfigured, with what to do, when the folder or a file is open to others or owned by somebody else.
    """

    def __init__(self, path: Path | str, purposes: Collection[str] | None = None, create: bool = True) -> None:
        super().__init__(purposes=purposes)
        self._path = Path(path)
        self._may_create = create
        self._open_folder()
        for purpose in sorted(purposes or ()):
            if not purpose.endswith(".*"):
                self._ring(purpose)

    def rotate(self, purpose: str) -> str:
        """Adds a key that seals from now on; the older ones still open. Returns its id. Raises Misconfigured where pinned."""
        reason = _PINNED.get(purpose.partition(".")[0])
        if reason is not None:
            raise Misconfigured("key-pinned", purpose, reason)
        self._ring(purpose)
        with _Locked(self._path):
            key = new_key()
            keys = (*self._read(purpose), key)
            os.replace(self._write_beside(purpose, keys), self._file(purpose))
            _sync(self._path)
        self._keys[purpose] = keys
        return key.id

    def renew(self, purposes: Collection[str], older_than: float, now: float) -> tuple[str, ...]:
        """Rotates those of ``purposes`` whose newest key was made ``older_than`` seconds ago or longer; returns which.

        With random 96-bit nonces one key may seal 2**32 times (NIST SP 800-38D, 8.3): at 500 seals a second, 99 days.
        """
        old = tuple(purpose for purpose in purposes if now - self._ring(purpose)[-1].created >= older_than)
        for purpose in old:
            self.rotate(purpose)
        return old

    def give_up(self, purpose: str, key_id: str) -> None:
        """What that key sealed will not open any more, and waits for it no longer. Raises Misconfigured where it is there."""
        if not KEY_ID.fullmatch(key_id):
            raise Misconfigured("key-id", purpose, "give its 16 hexadecimal digits, as the log names it: PURPOSE/ID")
        if key_id in self.ids(purpose):
            raise Misconfigured("key-there", purpose, "what it sealed opens: there is nothing to give up")
        with _Locked(self._path), self._losses.open("a", encoding="ascii") as stream:
            stream.write(f"{purpose} {key_id}\n")
            stream.flush()
            os.fsync(stream.fileno())
        _sync(self._path)

    def _given_up(self, purpose: str) -> Collection[str]:
        if not self._losses.exists():
            return ()
        lines = (line.split() for line in self._losses.read_text(encoding="ascii").splitlines())
        return {found[1] for found in lines if len(found) == 2 and found[0] == purpose}

    @property
    def _losses(self) -> Path:
        return self._path / "given-up"

    def inventory(self) -> dict[str, tuple[tuple[str, float], ...]]:
        """Every purpose that has a file, with the id of each key and when it was made (epoch seconds), oldest first."""
        purposes = [file.stem for file in self._path.glob("*.json") if not file.name.startswith(".")]
        return {purpose: tuple((key.id, key.created) for key in self._read(purpose)) for purpose in purposes}

    def _create(self, purpose: str) -> tuple[Key, ...]:
        if not _PURPOSE.match(purpose):
            raise Misconfigured("key-purpose", "keys", "a purpose is a lower-case word, or word.project")
        file = self._file(purpose)
        if not file.exists():
            if not self._may_create:
                raise Misconfigured(
                    "key-missing", purpose, f"no {file.name} in the key ring; restore it from your backup"
                )
            self._generate(purpose)
        return self._read(purpose)

    def _reload(self, purpose: str) -> tuple[Key, ...]:
        keys = self._keys[purpose] = self._read(purpose)
        return keys

    def _generate(self, purpose: str) -> None:
        beside = self._write_beside(purpose, (new_key(),))
        try:
            os.link(beside, self._file(purpose))
        except FileExistsError:
            pass  # another process was first: its key counts
        finally:
            beside.unlink()
        _sync(self._path)

    def _write_beside(self, purpose: str, keys: tuple[Key, ...]) -> Path:
        beside = self._path / f".{purpose}.{secrets.token_hex(8)}"
        content = {
            "purpose": purpose,
            "keys": [
                {"id": key.id, "created": key.created, "key": base64.b64encode(key.secret).decode()} for key in keys
            ],
        }
        try:
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as stream:
                json.dump(content, stream)
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            raise Unavailable("keys-not-writable", purpose) from error
        return beside

    def _read(self, purpose: str) -> tuple[Key, ...]:
        file = self._file(purpose)
        try:
            descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW)
        except OSError:
            raise Misconfigured(
                "key-unreadable", purpose, f"{file.name} must be a file that this user can read"
            ) from None
        with os.fdopen(descriptor, "rb") as stream:
            _check_private(os.fstat(stream.fileno()), file, "600")
            return keys_from(stream.read(), purpose)

    def _open_folder(self) -> None:
        try:
            self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
            state = self._path.stat()
        except OSError:
            raise Misconfigured("key-folder", "keys", f"{self._path} must be a folder that this user owns") from None
        _check_private(state, self._path, "700")

    def _file(self, purpose: str) -> Path:
        return self._path / f"{purpose}.json"


class _Locked:
    """Rotation by one process at a time."""

    def __init__(self, folder: Path) -> None:
        self._descriptor = os.open(folder, os.O_RDONLY)

    def __enter__(self) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)


def _check_private(state: os.stat_result, path: Path, mode: str) -> None:
    if state.st_uid != os.geteuid():
        raise Misconfigured("key-owner", str(path), "keys must belong to the user that runs deidstream: chown it")
    if stat.S_IMODE(state.st_mode) & 0o077:
        raise Misconfigured("key-permissions", str(path), f"others can read the keys: chmod {mode}, then rotate them")


def keys_from(data: bytes, purpose: str) -> tuple[Key, ...]:
    """The keys in a file's bytes. Raises Misconfigured (``key-file-damaged``) for whatever else stands there."""
    try:
        content = json.loads(data)
        keys = tuple(
            Key(str(one["id"]), base64.b64decode(one["key"], validate=True), float(one["created"]))
            for one in content["keys"]
        )
        sound = content["purpose"] == purpose and bool(keys) and all(len(key.secret) == KEY_BYTES for key in keys)
    except (ValueError, KeyError, TypeError, binascii.Error):
        sound = False
    if not sound:
        raise Misconfigured("key-file-damaged", purpose, "restore it from your backup; without it nothing sealed opens")
    return keys


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
