"""What SQLite does not wait for by itself: its ``busy_timeout`` says nothing of a change to WAL, and sleeps long in between."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

__all__ = ["patiently", "set_pragmas"]

_PATIENCE = 15.0
"""Seconds to wait for another process's transaction."""

T = TypeVar("T")


def patiently(action: Callable[[], T]) -> T:
    """Runs one statement; while another process holds the lock, tries again after about a millisecond."""
    until = 0.0
    while True:
        try:
            return action()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise
            now = time.monotonic()
            until = until or now + _PATIENCE
            if now > until:
                raise
            time.sleep(random.uniform(0.0003, 0.0015))


def set_pragmas(connection: sqlite3.Connection, *pragmas: str) -> None:
    """Sets ``pragmas``; others may open the same new file at this moment, and only one of them may turn it to WAL."""
    for pragma in pragmas:
        patiently(partial(_set, connection, pragma))


def _set(connection: sqlite3.Connection, pragma: str) -> None:
    connection.execute(f"PRAGMA {pragma}").fetchall()
