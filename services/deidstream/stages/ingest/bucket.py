"""The bucket watch: objects become cases, and are moved aside when they are durable. An object is there whole or not at all."""

from __future__ import annotations

from pathlib import PurePosixPath

from deidstream.core.errors import Malformed, Unavailable, Unsafe
from deidstream.ports import Artifact, ArtifactStore, Intake
from deidstream.stages.ingest.config import BucketSource
from deidstream.stages.ingest.service import Admission
from deidstream.stages.ingest.watch import Look, Watch, is_for_us

__all__ = ["BucketWatch"]


class BucketWatch(Watch):
    """Watches what lies below the prefix of one store."""

    def __init__(self, settings: BucketSource, store: ArtifactStore, admission: Admission, intake: Intake) -> None:
        super().__init__(settings, admission, intake)
        self._settings = settings
        self._store = store
        self._apart = (f"{settings.done}/", f"{settings.bad}/")

    def look(self) -> Look:
        """Takes every object, by name. Raises Misconfigured or Unavailable when the bucket cannot be read or written."""
        look = Look()
        # All names first: what is moved meanwhile would make a listing in pages skip some.
        for found in [one for one in self._store.list() if self._is_for_us(one.key)]:
            self._take(found, look)
        return look

    def _is_for_us(self, key: str) -> bool:
        """Not what we have put aside, nor hidden, nor unfinished, nor an empty folder as some consoles make them."""
        return not key.startswith(self._apart) and not key.endswith("/") and is_for_us(key.rpartition("/")[2])

    def _take(self, found: Artifact, look: Look) -> None:
        if found.size > self._settings.max_file_bytes:
            self._put_aside(found.key, None, Malformed("file-too-large", "file"), look)
            return
        try:
            content = self._store.get(found.key)
        except Unsafe:
            return  # somebody took it away in the meantime
        try:
            self._hand_in(found.key, content)
        except Malformed as error:
            self._put_aside(found.key, content, error, look)
        except Unavailable:
            look.waiting += 1
        else:
            self._move(found.key, content, self._settings.done)
            look.taken += 1

    def _put_aside(self, key: str, content: bytes | None, error: Malformed, look: Look) -> None:
        """Into ``bad``, with a note that names rule and place and nothing else. What is too large stays where it is, noted."""
        note = f"{error.code}\n{error.place}\n".encode("ascii")
        if content is None:
            if not self._has(f"{self._settings.bad}/{key}.reason"):
                self._store.put(f"{self._settings.bad}/{key}.reason", note)
                look.put_aside += 1
            return
        self._store.put(self._move(key, content, self._settings.bad) + ".reason", note)
        look.put_aside += 1

    def _move(self, key: str, content: bytes, folder: str) -> str:
        """Below ``folder``, then away from where it was: killed in between, it is taken again as the same case."""
        target = self._free(f"{folder}/{key}")
        self._store.put(target, content)
        self._store.delete(key)
        return target

    def _free(self, target: str) -> str:
        """An object that lies there already keeps its name, the new one gets a number."""
        path, number, name = PurePosixPath(target), 1, target
        while self._has(name):
            number += 1
            name = str(path.with_name(f"{path.stem}.{number}{path.suffix}"))
        return name

    def _has(self, key: str) -> bool:
        return any(one.key == key for one in self._store.list(key))
