"""Adapters by what the configuration names: a URL, a folder."""

from __future__ import annotations

from pathlib import Path

from deidstream.adapters.memory_bus import MemoryBusFactory
from deidstream.adapters.sqlite_bus import SqliteBusFactory
from deidstream.core.errors import Misconfigured
from deidstream.ports import BusFactory

__all__ = ["open_bus", "prepare"]

_SQLITE = "sqlite:///"


def open_bus(url: str) -> BusFactory:
    """``sqlite:///PATH`` or ``memory:``. Raises Misconfigured for any other."""
    if url.startswith(_SQLITE):
        return SqliteBusFactory(Path(url.removeprefix(_SQLITE)))
    if url == "memory:":
        return MemoryBusFactory()
    raise Misconfigured("bus-url", "deployment.bus", "give sqlite:///PATH, or leave it empty")


def prepare(state: Path) -> None:
    """Makes the state folder, for its owner alone. Raises Misconfigured where that cannot be."""
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Misconfigured("state-folder", str(state), f"cannot be made (errno {error.errno})") from None
