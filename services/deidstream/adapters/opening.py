"""Adapters by what the configuration names: a URL, a folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from deidstream.adapters.memory_bus import MemoryBusFactory
from deidstream.adapters.sqlite_bus import SqliteBusFactory
from deidstream.core.errors import Misconfigured
from deidstream.ports import BusFactory

__all__ = ["KAFKA", "open_bus", "prepare"]

_SQLITE = "sqlite:///"
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


def prepare(state: Path) -> None:
    """Makes the state folder, for its owner alone. Raises Misconfigured where that cannot be."""
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Misconfigured("state-folder", str(state), f"cannot be made (errno {error.errno})") from None
