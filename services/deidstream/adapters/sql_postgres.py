"""An engine for PostgreSQL: psycopg 3, a small pool, and limits on every kind of waiting.

A connection is looked at before it is given out: after a restart of the server the pool is renewed, and only who was in the middle
of a transaction notices, by Unavailable, and does it again. libpq waits for an answer for as long as the kernel of the other side
confirms what it got, which it also does for a process that is stopped: hence a time limit of our own.
"""

from __future__ import annotations

from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from sqlalchemy import URL, Engine, create_engine, event

from deidstream.adapters.sql_limits import Limits

__all__ = ["postgres_engine"]

_RV = TypeVar("_RV")
_LOOK = 0.1


def postgres_engine(url: URL, limits: Limits) -> Engine:
    """An engine for the server that ``url`` names; what its query says goes to libpq (``sslmode``, ``passfile`` ...)."""
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_size=limits.kept,
        max_overflow=limits.most - limits.kept,
        pool_timeout=limits.answer,
        pool_pre_ping=True,
        pool_use_lifo=True,
        hide_parameters=True,
        connect_args=_arguments(url, limits),
    )

    @event.listens_for(engine, "do_connect")
    def connect(_: object, __: object, arguments: list[Any], named: dict[str, Any]) -> _PatientConnection:
        made = _PatientConnection.connect(*arguments, **named)
        made.patience = limits.answer
        return made

    return engine


def _arguments(url: URL, limits: Limits) -> dict[str, Any]:
    milliseconds = {
        "lock_timeout": limits.lock,
        "statement_timeout": limits.statement,
        "idle_in_transaction_session_timeout": limits.idle,
    }
    ours = " ".join(f"-c {name}={round(1000 * seconds)}" for name, seconds in milliseconds.items())
    given = url.query.get("options", "")
    theirs = given if isinstance(given, str) else " ".join(given)
    # Of two settings of one name the server takes the last: the operator's.
    arguments = {"connect_timeout": limits.connect, "application_name": "deidstream"}
    return {name: value for name, value in arguments.items() if name not in url.query} | {
        "options": f"{ours} {theirs}".strip()
    }


class _PatientConnection(psycopg.Connection[Any]):
    """Closes itself when the server has not answered for ``patience`` seconds."""

    patience = 25.0

    def wait(self, gen: PQGen[_RV], interval: float = _LOOK, timeout: float | None = None) -> _RV:
        """As psycopg's, and never without a limit."""
        try:
            return super().wait(gen, interval, self.patience if timeout is None else timeout)
        except psycopg.errors._WaitTimeout:  # psycopg has no public name for it
            # Whatever the server still says to it, this connection can be of no more use.
            self.pgconn.finish()
            raise psycopg.errors.ConnectionTimeout("no answer") from None
