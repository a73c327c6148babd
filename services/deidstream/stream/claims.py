"""The claim check at work: large ciphertexts go to the artifact store while a batch is handled, and are there when it commits.

1. ``Lodging``, one for each commit, takes what the wire hands over and puts it in the background, several at a time.
2. ``settle`` waits until all of it is durable; only then may a record that names it be committed or put on the shelf.
3. ``Claims.fetch`` brings one back when a stage reads the section. A stage that does not carries the reference on.

The key is made of case id, kind and a hash of the ciphertext. Two sealings of the same content never have the same ciphertext,
so an object is never replaced by another: a case that is encoded again after a crash leaves an orphan, not a broken claim.
"""

from __future__ import annotations

import hashlib
import re
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor

from deidstream.core.errors import DeidstreamError, Unavailable, Unsafe
from deidstream.ports import ArtifactStore
from deidstream.wire import RELEASE, Fetch, Lodge

__all__ = ["CASES", "RAW", "RELEASES", "Claims", "Lodging"]

RAW, CASES, RELEASES = "raw", "cases", "releases"
"""First steps of the keys: what is kept for different times."""

_WORKERS = 4
_ON_THEIR_WAY = 32 << 20
_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")


class Claims:
    """The artifact store of a process, or none: then everything stays in the records."""

    def __init__(self, store: ArtifactStore | None = None) -> None:
        self._store = store
        self._pool = ThreadPoolExecutor(_WORKERS, "artifacts") if store is not None else None

    @property
    def fetch(self) -> Fetch | None:
        """Gets a ciphertext by its key; None where there is no store."""
        return self._fetch if self._store is not None else None

    def lodging(self, area: str = CASES) -> Lodging:
        """What one commit puts into the store; what belongs to cases goes to ``area``."""
        return Lodging(self._store, self._pool, area)

    def _fetch(self, key: str) -> bytes:
        assert self._store is not None
        try:
            return self._store.get(key)
        except Unsafe as error:
            raise Unsafe(error.code, key) from None  # our own keys are content-free


class Lodging:
    """The artifacts of one commit. Not thread-safe."""

    def __init__(self, store: ArtifactStore | None, pool: ThreadPoolExecutor | None, area: str) -> None:
        self._store = store
        self._pool = pool
        self._area = area
        self._pending: deque[tuple[str, bytes, Future[None]]] = deque()
        self._bytes = 0

    @property
    def lodge(self) -> Lodge | None:
        """What the wire hands large ciphertexts to; None where there is no store."""
        return self._lodge if self._store is not None else None

    def settle(self) -> None:
        """Returns when all is durable. Raises Unavailable when some is not; call again to try again."""
        failure: DeidstreamError | None = None
        for _ in range(len(self._pending)):
            key, sealed, done = self._pending.popleft()
            error = done.exception()
            if error is None:
                self._bytes -= len(sealed)
                continue
            if not isinstance(error, DeidstreamError):
                raise error
            failure = failure or error
            self._pending.append((key, sealed, done))
        if failure is not None:
            self._again()
            raise failure

    def _lodge(self, case_id: str, kind: str, sealed: bytes) -> str:
        while self._pending and self._bytes + len(sealed) > _ON_THEIR_WAY:
            self._wait_for_one()
        area = RELEASES if kind == RELEASE else self._area
        key = f"{area}/{_step(case_id)}/{kind}-{hashlib.sha256(sealed).hexdigest()[:32]}"
        self._start(key, sealed)
        self._bytes += len(sealed)
        return key

    def _wait_for_one(self) -> None:
        """Room in memory. What could not be put is no longer waited for here: the batch is done again later."""
        _, sealed, done = self._pending[0]
        done.result()
        self._pending.popleft()
        self._bytes -= len(sealed)

    def _start(self, key: str, sealed: bytes) -> None:
        if self._store is None or self._pool is None:
            raise Unavailable("artifacts-closed", "artifacts")
        self._pending.append((key, sealed, self._pool.submit(self._store.put, key, sealed)))

    def _again(self) -> None:
        failed = list(self._pending)
        self._pending.clear()
        for key, sealed, _ in failed:
            self._start(key, sealed)


def _step(case_id: str) -> str:
    """An id as it comes from a record, fit for a key."""
    return case_id if _PLAIN.match(case_id) else hashlib.sha256(case_id.encode("utf-8", "replace")).hexdigest()[:32]
