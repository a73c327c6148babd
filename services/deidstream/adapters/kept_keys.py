"""What all places where keys are kept have in common: who may have a new key, and when one is made."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Collection

from deidstream.adapters.memory_keys import KEY_ID, Key, MemoryKeyRing, new_key
from deidstream.core.errors import Misconfigured

__all__ = ["KeptKeyRing"]

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


class KeptKeyRing(MemoryKeyRing):
    """A key ring that reads a purpose from where it is kept when it is first asked for it, and again when it misses a key.

    With ``purposes`` it gives no other and reads no other. A purpose that is not there is made where ``create`` says so.
    """

    def __init__(self, purposes: Collection[str] | None, create: bool) -> None:
        super().__init__(purposes=purposes)
        self._may_create = create

    def rotate(self, purpose: str) -> str:
        """Adds a key that seals from now on; the older ones still open. Returns its id. Raises Misconfigured where pinned."""
        reason = _PINNED.get(purpose.partition(".")[0])
        if reason is not None:
            raise Misconfigured("key-pinned", purpose, reason)
        self._ring(purpose)
        key = new_key()
        self._keys[purpose] = self._extended(purpose, key)
        return key.id

    def renew(self, purposes: Collection[str], older_than: float, now: float) -> tuple[str, ...]:
        """Rotates those of ``purposes`` whose newest key is ``older_than`` seconds old, where a process may; returns which.

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
        self._lose(purpose, key_id)

    def adopt(self, purpose: str, other: MemoryKeyRing) -> bool:
        """Keeps the keys that ``other`` has here too; False where they are here. Raises Misconfigured where other ones are."""
        new = self._kept(purpose) is None
        if new:
            self._keep(purpose, other.all_of(purpose))
        if self.ids(purpose) != other.ids(purpose):
            raise Misconfigured("key-there", purpose, "other keys of that purpose are there, and stay")
        return new

    @abstractmethod
    def inventory(self) -> dict[str, tuple[tuple[str, float], ...]]:
        """Every purpose that is kept there, with the id of each key and when it was made (epoch seconds), oldest first."""

    def _all(self, purposes: Collection[str] | None) -> None:
        """Reads ``purposes``, all but those of projects, which come with their project."""
        for purpose in sorted(purposes or ()):
            if not purpose.endswith(".*"):
                self._ring(purpose)

    def _create(self, purpose: str) -> tuple[Key, ...]:
        if not _PURPOSE.match(purpose):
            raise Misconfigured("key-purpose", "keys", "a purpose is a lower-case word, or word.project")
        there = self._kept(purpose)
        if there is None and self._may_create:
            self._keep(purpose, (new_key(),))
            there = self._kept(purpose)
        if there is None:
            raise Misconfigured("key-missing", purpose, f"no {self._name(purpose)} there; restore it from your backup")
        return there

    def _reload(self, purpose: str) -> tuple[Key, ...]:
        there = self._kept(purpose)
        if there is not None:  # what was taken away opens what it sealed for as long as this process lives
            self._keys[purpose] = there
        return self._keys[purpose]

    @abstractmethod
    def _name(self, purpose: str) -> str:
        """What ``purpose`` is called there."""

    @abstractmethod
    def _kept(self, purpose: str) -> tuple[Key, ...] | None:
        """Its keys as they are there now; None where it has none."""

    @abstractmethod
    def _keep(self, purpose: str, keys: tuple[Key, ...]) -> None:
        """Puts ``keys`` there, complete and durable. Where another process was first, its keys stay."""

    @abstractmethod
    def _extended(self, purpose: str, key: Key) -> tuple[Key, ...]:
        """Adds ``key`` to what is there at this moment; returns all."""

    @abstractmethod
    def _lose(self, purpose: str, key_id: str) -> None:
        """Notes that the key will not come back."""
