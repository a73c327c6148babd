"""What errors of PostgreSQL mean to us: wait and try again, or mend the deployment.

The server's words are read and never passed on: they may quote a statement or a value. Codes are those of its manual, appendix A.
"""

from __future__ import annotations

import psycopg

from deidstream.core.errors import DeidstreamError, Misconfigured, Unavailable

__all__ = ["NOT_MIGRATED", "translated"]

NOT_MIGRATED = ("database-not-migrated", "run: deidstream database upgrade")
_LOGIN = ("database-login", "the server refuses user or password: see deployment.database and the server's pg_hba.conf")
_MISSING = ("database-missing", "the server has no such database: create it, or mend deployment.database")
_TLS = ("database-tls", "no TLS that both sides trust: see sslmode and sslrootcert in deployment.database")
_OPTION = ("database-url", "deployment.database has an option that libpq does not know")
_PRIVILEGE = ("database-privilege", "the user must be granted SELECT, INSERT, UPDATE, DELETE on the tables")
_REFUSED = ("database-refused", "is this database deidstream's own?")

_WRONG = {
    "28": _LOGIN,
    "3D": _MISSING,
    "3F": NOT_MIGRATED,
    "42501": _PRIVILEGE,
    "42703": NOT_MIGRATED,
    "42P01": NOT_MIGRATED,
    "42": _REFUSED,
}
"""By code or class of codes. Whatever is not here may pass: 08, 53, 57 (away), 40, 55 (others in the way), 25006 (a standby)."""

_SAID = (
    ("authentication failed", _LOGIN),
    ("no password supplied", _LOGIN),
    ("pg_hba.conf", _LOGIN),
    ("not permitted to log in", _LOGIN),
    ("permission denied for database", _LOGIN),
    ('FATAL:  role "', _LOGIN),
    ('FATAL:  database "', _MISSING),
    ("does not support SSL", _TLS),
    ("certificate verify failed", _TLS),
    ("root certificate file", _TLS),
)
"""While it connects, libpq gives no code. A server that speaks another language than English counts as away then."""
_BUSY = ("40", "55")
_FAILED = ("22", "23", "XX")


def translated(error: BaseException | None) -> DeidstreamError:
    """``error`` of psycopg as one of ours: constants and a code, nothing of its text."""
    state = (error.sqlstate if isinstance(error, psycopg.Error) else None) or ""
    place = state or type(error).__name__
    wrong = _WRONG.get(state) or _WRONG.get(state[:2]) or (None if state else _said(error))
    if wrong:
        code, hint = wrong
        return Misconfigured(code, place, hint)
    if state[:2] in _BUSY:
        return Unavailable("database-busy", place)
    if state[:2] in _FAILED:
        return Unavailable("database-failed", place)
    return Unavailable("database-away", place, "the server of deployment.database does not answer, or not to us")


def _said(error: BaseException | None) -> tuple[str, str] | None:
    if isinstance(error, psycopg.ProgrammingError) and "invalid" in str(error):
        return _OPTION
    words = str(error)
    return next((meaning for phrase, meaning in _SAID if phrase in words), None)
