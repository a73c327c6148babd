"""Names between processes on several machines: advisory locks of a PostgreSQL session, which end with it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from zlib import crc32

from sqlalchemy import Connection, Engine, text

from deidstream.adapters.sql_engine import translating
from deidstream.core.errors import DeidstreamError, Unavailable

__all__ = ["SqlLocks"]

_NAMES = 0x64656965
"""Tells these locks apart from turns (``sql_engine``) and from those of others in the same database."""
_TAKE = text("SELECT pg_try_advisory_lock(:names, :name)")
_FREE = text("SELECT pg_advisory_unlock(:names, :name)")
_FREE_ALL = text("SELECT pg_advisory_unlock_all()")
_PING = text("SELECT 1")
_HELD = text(
    "SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND classid = :names AND objsubid = 2 AND granted"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


class SqlLocks:
    """See ``ports.Locks``. ``engine``: of a PostgreSQL database, of which it keeps one connection."""

    notice = 5.0
    """A server that restarts has let go of all at once; who had a name asks the server every second, and learns it then."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None
        self._ours: set[str] = set()

    def hold(self, names: Collection[str]) -> frozenset[str]:
        """See ``ports.Locks``."""
        with self._connected() as connection:
            connection.execute(_PING)  # also when there is nothing to do: the session may be gone
            for name in sorted(self._ours - set(names)):
                connection.execute(_FREE, _key(name))
                self._ours.discard(name)
            for name in sorted(set(names) - self._ours):
                if connection.scalar(_TAKE, _key(name)):
                    self._ours.add(name)
            return frozenset(self._ours)

    def held(self, names: Collection[str]) -> frozenset[str]:
        """See ``ports.Locks``."""
        with self._connected() as connection:
            keys = set(connection.scalars(_HELD, {"names": _NAMES}))
        return frozenset(name for name in names if _key(name)["name"] in keys)

    def close(self) -> None:
        """See ``ports.Locks``."""
        if self._connection is not None:
            with suppress(Unavailable), self._connected() as connection:
                connection.execute(_FREE_ALL)  # now; of a session that ends the server learns a little later
        self._drop()

    def _drop(self) -> None:
        """Ends the session, and with it what it has locked."""
        self._ours.clear()
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()
            connection.close()

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        """The session. After an error it is another one, which has nothing."""
        try:
            with translating(self._engine):
                if self._connection is None:
                    self._connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
                yield self._connection
        except DeidstreamError:
            self._drop()
            raise


def _key(name: str) -> dict[str, int]:
    return {"names": _NAMES, "name": crc32(name.encode()) >> 1}
