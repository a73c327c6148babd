"""The artifact store in a bucket."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from io import BytesIO
from itertools import islice

from minio.datatypes import Object

from deidstream.adapters.s3_client import PART_BYTES, S3Address, S3Bucket, guarded
from deidstream.adapters.s3_expiry import expire, expiry
from deidstream.core.errors import Unsafe
from deidstream.ports import Artifact

__all__ = ["S3Artifacts"]

_PAGE = 500


class S3Artifacts:
    """Objects of a bucket, below the prefix of the address. Durable as the store's answer 200 says it is."""

    def __init__(self, address: S3Address) -> None:
        self._bucket = S3Bucket.open(address)

    def check(self) -> None:
        """Raises Misconfigured where the bucket cannot be used, Unavailable while it is away."""
        self._bucket.check()

    def put(self, key: str, data: bytes) -> None:
        """See ``ports.ArtifactStore``. An upload in parts appears when it is complete, or not at all."""
        bucket = self._bucket
        name = bucket.prefix + key
        guarded(lambda: bucket.client.put_object(bucket.name, name, BytesIO(data), len(data), part_size=PART_BYTES))

    def get(self, key: str) -> bytes:
        """See ``ports.ArtifactStore``."""
        found = guarded(lambda: self._read(self._bucket.prefix + key))
        if found is None:
            raise Unsafe("artifact-missing", "artifacts")
        return found

    def delete(self, key: str) -> None:
        """See ``ports.ArtifactStore``."""
        bucket = self._bucket
        guarded(lambda: bucket.client.remove_object(bucket.name, bucket.prefix + key))

    def list(self, prefix: str = "") -> Iterator[Artifact]:
        """See ``ports.ArtifactStore``. Page after page; an object that comes meanwhile may or may not be in it."""
        bucket = self._bucket
        objects = bucket.client.list_objects(bucket.name, bucket.prefix + prefix, recursive=True)
        while page := guarded(lambda: list(islice(objects, _PAGE))):
            for one in page:
                if not one.is_dir:
                    yield self._shown(one)

    def expire(self, days: Mapping[str, int]) -> None:
        """From now on, what lies below each of these first steps is deleted so many days after it was put."""
        expire(self._bucket, days)

    def expiry(self) -> dict[str, int]:
        """What was told so."""
        return expiry(self._bucket)

    def _read(self, name: str) -> bytes:
        answer = self._bucket.client.get_object(self._bucket.name, name)
        try:
            return answer.read()
        finally:
            answer.close()
            answer.release_conn()

    def _shown(self, one: Object) -> Artifact:
        key = (one.object_name or "").removeprefix(self._bucket.prefix)
        return Artifact(key, one.size or 0, one.last_modified.timestamp() if one.last_modified else 0.0)
