"""Adapters by what the configuration names: a URL, a folder."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deidstream.adapters.artifacts_files import FileArtifacts
from deidstream.adapters.artifacts_memory import MemoryArtifacts
from deidstream.adapters.file_keys import FileKeyRing
from deidstream.adapters.file_locks import FileLocks
from deidstream.adapters.kept_keys import KeptKeyRing
from deidstream.adapters.memory_bus import MemoryBusFactory
from deidstream.adapters.provided_keys import ProvidedKeyRing
from deidstream.adapters.sqlite_bus import SqliteBusFactory
from deidstream.core.errors import Misconfigured, Unavailable
from deidstream.ports import ArtifactStore, BusFactory, Locks

if TYPE_CHECKING:  # only who keeps keys there loads them
    from deidstream.adapters.aws_kms import KmsAddress
    from deidstream.adapters.vault_http import VaultAddress
    from deidstream.adapters.vault_session import VaultLogin

__all__ = ["KAFKA", "Foldered", "Vaulted", "open_artifacts", "open_bus", "open_keys", "open_locks", "prepare"]

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


@dataclass(frozen=True, slots=True)
class Vaulted:
    """Keys in Vault: where it is, who asks, and below which path of which store they lie."""

    address: VaultAddress
    login: VaultLogin
    mount: str
    path: str


@dataclass(frozen=True, slots=True)
class Foldered:
    """Keys in a folder. ``provided``: the platform fills it, and none is made whoever asks for it. ``kms``: who wraps them."""

    folder: Path
    provided: bool = False
    kms: KmsAddress | None = None


def open_keys(
    place: Foldered | Vaulted, purposes: Collection[str] | None = None, create: bool = False, stay: bool = False
) -> KeptKeyRing:
    """The key ring there. ``create``: purposes that it lacks are made. ``stay``: the process runs on, and its lease is renewed."""
    if isinstance(place, Vaulted):
        return _vault_keys(place, purposes, create, stay)
    wrapping = None
    if place.kms is not None:
        from deidstream.adapters.aws_kms import AwsKms  # half a second that nobody else should pay for

        wrapping = AwsKms(place.kms)
    if place.provided:
        return ProvidedKeyRing(place.folder, purposes, wrapping)
    return FileKeyRing(place.folder, purposes, create, wrapping)


def _vault_keys(place: Vaulted, purposes: Collection[str] | None, create: bool, stay: bool) -> KeptKeyRing:
    from deidstream.adapters.vault_http import VaultHttp
    from deidstream.adapters.vault_keys import VaultKeyRing
    from deidstream.adapters.vault_kv import VaultKv
    from deidstream.adapters.vault_session import VaultSession

    http = VaultHttp(place.address)
    session = VaultSession(http, place.login)
    ring = VaultKeyRing(VaultKv(http, session, place.mount, place.path), purposes, create)
    if stay:
        session.keep()
    return ring


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
