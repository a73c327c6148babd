"""How databases are opened and what their errors become, as far as that needs no server."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from deidstream.adapters.sql_engine import open_engine, writing
from deidstream.adapters.sql_limits import Limits
from deidstream.adapters.sql_postgres_errors import translated
from deidstream.core.errors import Misconfigured, Unavailable

from tests.cli.command import configured, run

_WORDS = 'FATAL:  value "Quisenberry" in INSERT'


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("08006", "database-away"),  # the connection broke
        ("25006", "database-away"),  # a standby, which takes over in a moment
        ("40001", "database-busy"),  # could not be serialised
        ("40P01", "database-busy"),  # deadlock
        ("53300", "database-away"),  # too many connections
        ("55P03", "database-busy"),  # lock timeout
        ("57014", "database-away"),  # statement timeout
        ("57P01", "database-away"),  # it is shutting down
        ("57P03", "database-away"),  # it is starting
        ("22021", "database-failed"),  # a value that it does not take
        ("23505", "database-failed"),  # a key that is there
    ],
)
def test_what_may_pass_is_unavailable(state: str, code: str) -> None:
    found = translated(psycopg.errors.lookup(state)(_WORDS))
    assert (type(found), found.code, found.place) == (Unavailable, code, state)
    assert "Quisenberry" not in str(found)


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("28P01", "database-login"),  # wrong password
        ("3D000", "database-missing"),
        ("42501", "database-privilege"),
        ("42601", "database-refused"),  # syntax: another kind of server
        ("42P01", "database-not-migrated"),  # no such table
        ("42703", "database-not-migrated"),  # no such column
    ],
)
def test_what_must_be_mended_is_misconfigured_and_says_how(state: str, code: str) -> None:
    found = translated(psycopg.errors.lookup(state)(_WORDS))
    assert (type(found), found.code, found.place) == (Misconfigured, code, state)
    assert found.hint
    assert "Quisenberry" not in str(found)


@pytest.mark.parametrize(
    ("words", "kind", "code"),
    [
        ('failed: FATAL:  password authentication failed for user "x"', Misconfigured, "database-login"),
        ('failed: FATAL:  no pg_hba.conf entry for host "10.0.0.1"', Misconfigured, "database-login"),
        ('failed: FATAL:  role "x" does not exist', Misconfigured, "database-login"),
        ('failed: FATAL:  database "x" does not exist', Misconfigured, "database-missing"),
        ("failed: server does not support SSL, but SSL was required", Misconfigured, "database-tls"),
        ('failed: FATAL:  too many connections for role "x"', Unavailable, "database-away"),
        ("failed: FATAL:  sorry, too many clients already", Unavailable, "database-away"),
        ("failed: FATAL:  the database system is starting up", Unavailable, "database-away"),
        ("failed: Connection refused", Unavailable, "database-away"),
        ("failed to resolve host 'x'", Unavailable, "database-away"),
    ],
)
def test_while_it_connects_the_words_decide(words: str, kind: type, code: str) -> None:
    found = translated(psycopg.OperationalError(words))
    assert (type(found), found.code) == (kind, code)
    assert "x" not in found.place


@pytest.mark.parametrize("url", ["mysql://user:Xyzzy@host/x", "postgresql+asyncpg://user:Xyzzy@host/x", "Xyzzy", ""])
def test_another_kind_of_database_is_refused_without_its_url(url: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        open_engine(url)
    assert caught.value.code == "database-url"
    assert "Xyzzy" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_by_any_of_its_names_gets_one_driver_and_hides_its_password(scheme: str) -> None:
    engine = open_engine(f"{scheme}://user:Xyzzy@host/x?sslmode=verify-full")
    assert engine.driver == "psycopg"
    assert "Xyzzy" not in repr(engine) + str(engine.url)


def test_limits_that_contradict_one_another_are_refused() -> None:
    with pytest.raises(ValueError, match="contradict"):
        Limits(lock=30.0, statement=20.0)
    with pytest.raises(ValueError, match="contradict"):
        Limits(kept=9, most=8)


def test_an_error_of_sqlite_says_nothing_of_its_statement(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'x.db'}")
    with pytest.raises(Unavailable) as caught, writing(engine) as connection:
        connection.exec_driver_sql("INSERT INTO quisenberry VALUES (1)")
    assert "quisenberry" not in str(caught.value)


@pytest.mark.parametrize("command", ["upgrade", "check"])
def test_the_embedded_database_needs_no_upgrade(tmp_path: Path, command: str) -> None:
    ran = run("database", command, "--config", configured(tmp_path))
    assert (ran.code, ran.out.startswith("SQLite")) == (0, True)
