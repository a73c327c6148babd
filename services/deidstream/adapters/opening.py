"""Adapters by what the configuration names: a URL, a folder."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path

from deidstream.adapters.artifacts_files import FileArtifacts
from deidstream.adapters.artifacts_memory import MemoryArtifacts
from deidstream.adapters.file_keys import FileKeyRing
from deidstream.adapters.file_locks import FileLocks
from deidstream.adapters.memory_bus import MemoryBusFactory
from deidstream.adapters.provided_keys import ProvidedKeyRing
from deidstream.adapters.sqlite_bus import SqliteBusFactory
from deidstream.core.errors import Misconfigured, Unavailable
from deidstream.ports import ArtifactStore, BusFactory, Locks

__all__ = ["KAFKA", "open_artifacts", "open_bus", "open_keys", "open_locks", "prepare"]

_SQLITE = "sqlite:///"
_FOLDER = "file://"
KAFKA = "kafka://"


def open_bus(url: str, security: Mapping[str, str] | None = None) -> BusFactory:
    """``sqlite:///PATH``, ``memory:`` or ``kafka://HOST:PORT[,HOST:PORT...][/PREFIX]``. Raises Misconfigured for any other.

    ``security``: librdkafka's settings for TLS and SASL.
    """
    if url.startswith(_SQLITE):
        return SqliteBusFactory(Path(url.removeprefix(_SQLITE)))
    if url == "memory:":
        return MemoryBusFactory()
    if url.startswith(KAFKA):
        # Only who uses it loads it: librdkafka takes 10 MB.
        from deidstream.adapters.kafka_bus import KafkaBusFactory
        from deidstream.adapters.kafka_client import Cluster

        return KafkaBusFactory(Cluster.at(url.removeprefix(KAFKA), security or {}))
    raise Misconfigured("bus-url", "deployment.bus", "give kafka://HOST:PORT[,HOST:PORT][/PREFIX], or leave it empty")


def open_artifacts(url: str, access_key: str = "", secret_key: str = "", ca: Path | None = None) -> ArtifactStore:
    """``s3://BUCKET/PREFIX?endpoint=https://HOST:PORT``, ``file:///FOLDER`` or ``memory:``.

    Raises Misconfigured for any other, and where the bucket refuses us. One that is away is waited for when it is needed.
    """
    if url.startswith("s3://"):
        from deidstream.adapters.s3_artifacts import S3Artifacts  # half a second that nobody else should pay for
        from deidstream.adapters.s3_client import S3Address

        store = S3Artifacts(S3Address(url, access_key, secret_key, ca))
        with suppress(Unavailable):
            store.check()
        return store
    if url.startswith(_FOLDER):
        return FileArtifacts(Path(url.removeprefix(_FOLDER)))
    if url == "memory:":
        return MemoryArtifacts()
    raise Misconfigured(
        "artifacts-url", "artifacts", "give s3://BUCKET/PREFIX?endpoint=https://HOST:PORT or file:///FOLDER"
    )


def open_keys(
    folder: Path, provided: bool, purposes: Collection[str] | None = None, create: bool = False
) -> FileKeyRing:
    """The key ring in ``folder``. ``provided``: the platform fills it, and none is made whatever ``create`` says."""
    return ProvidedKeyRing(folder, purposes) if provided else FileKeyRing(folder, purposes, create)


def open_locks(database: str, state: Path) -> Locks:
    """Of the server at ``database``, if one is named, else of this machine, in ``state``."""
    if not database.startswith("postgres"):
        return FileLocks(state / "shares")
    from deidstream.adapters.sql_engine import open_engine  # only who has a server loads it
    from deidstream.adapters.sql_locks import SqlLocks

    return SqlLocks(open_engine(database))


def prepare(state: Path) -> None:
    """Makes the state folder, for its owner alone. Raises Misconfigured where that cannot be."""
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Misconfigured("state-folder", str(state), f"cannot be made (errno {error.errno})") from None
