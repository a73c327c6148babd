"""Tables in PostgreSQL: made by migrations alone, the same as what the stores use, and checked before anything is done."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from deidstream.adapters import sql_migration, sql_schema
from deidstream.adapters.memory_keys import MemoryKeyRing
from deidstream.adapters.sql_archive import SqlCaseArchive
from deidstream.adapters.sql_engine import open_engine
from deidstream.adapters.sql_hold import SqlHold
from deidstream.adapters.sql_identity import SqlIdentityStore
from deidstream.adapters.sql_ledger import ledger_engine
from deidstream.adapters.sql_schema import REVISIONS
from deidstream.adapters.sqlite_ledger import open_acceptance
from deidstream.core.errors import Misconfigured

from tests.adapters.identity.contract import Clock
from tests.cli.command import Ran, run
from tests.full.postgres import PASSWORD, Postgres

pytestmark = pytest.mark.full

STORES: dict[str, Callable[[str], object]] = {
    "identity": lambda url: SqlIdentityStore(url, MemoryKeyRing(), Clock()),
    "hold": SqlHold,
    "archive": SqlCaseArchive,
    "delivery": ledger_engine,
    "acceptance": lambda url: open_acceptance(url, "ingest"),
}


def command(folder: Path, name: str, url: str) -> Ran:
    config = folder / "deidstream.yaml"
    config.write_text(yaml.safe_dump({"deployment": {"state": str(folder / "state"), "database": url}}))
    return run("database", name, "--config", config)


def test_migrations_and_tables_agree(database: str) -> None:
    with open_engine(database).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, sql_migration.TABLES) == []


def test_the_revisions_that_the_stores_know_are_those_of_the_migrations() -> None:
    config = Config()
    config.set_main_option("script_location", "deidstream:migrations")
    scripts = ScriptDirectory.from_config(config).walk_revisions()
    assert tuple(script.revision for script in scripts)[::-1] == REVISIONS


def test_upgrade_makes_the_tables_once_and_check_agrees(postgres: Postgres, tmp_path: Path) -> None:
    url = postgres.new()
    before = command(tmp_path, "check", url)
    assert (before.code, "run: deidstream database upgrade" in before.err) == (2, True)
    for _ in range(2):
        assert command(tmp_path, "upgrade", url).out == f"database: revision {REVISIONS[-1]}\n"
    assert command(tmp_path, "check", url).out == f"database: revision {REVISIONS[-1]}, good\n"


def test_the_password_may_stand_in_a_file_and_the_url_in_the_environment(
    postgres: Postgres, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passfile = tmp_path / "pgpass"
    passfile.write_text(f"127.0.0.1:{postgres.port}:*:deidstream:{PASSWORD}\n")
    passfile.chmod(0o600)
    url = f"{database.replace(':' + PASSWORD, '')}?passfile={passfile}"
    assert command(tmp_path, "check", url).code == 0
    monkeypatch.setenv("DEIDSTREAM_DEPLOYMENT__DATABASE", database)
    assert "revision" in command(tmp_path, "check", "").out


def test_two_that_upgrade_at_once_take_turns(postgres: Postgres) -> None:
    url = postgres.new()
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda _: sql_migration.upgrade(open_engine(url)), range(2)))
    assert found == [REVISIONS[-1]] * 2


@pytest.mark.parametrize("store", STORES)
def test_a_store_makes_no_tables_by_itself(postgres: Postgres, store: str) -> None:
    url = postgres.new()
    with pytest.raises(Misconfigured) as caught:
        STORES[store](url)
    assert (caught.value.code, caught.value.hint) == ("database-not-migrated", "run: deidstream database upgrade")
    assert postgres.run("SELECT 1 FROM pg_tables WHERE schemaname = 'public'", url.rpartition("/")[2]) == []


@pytest.mark.parametrize("store", STORES)
def test_a_store_refuses_a_database_of_a_newer_version(postgres: Postgres, database: str, store: str) -> None:
    postgres.run("UPDATE alembic_version SET version_num = '9999'", database.rpartition("/")[2])
    with pytest.raises(Misconfigured) as caught:
        STORES[store](database)
    assert caught.value.code == "database-newer"


def test_upgrade_leaves_a_database_of_a_newer_version_alone(postgres: Postgres, database: str, tmp_path: Path) -> None:
    name = database.rpartition("/")[2]
    postgres.run("UPDATE alembic_version SET version_num = '9999'", name)
    ran = command(tmp_path, "upgrade", database)
    assert ran.code == 2
    assert ran.err.startswith("deidstream: database-newer")
    assert postgres.run("SELECT version_num FROM alembic_version", name) == [("9999",)]


def test_upgrade_says_which_right_is_missing_and_changes_nothing(postgres: Postgres, tmp_path: Path) -> None:
    url = postgres.new()
    postgres.run(f"CREATE ROLE guest LOGIN PASSWORD '{PASSWORD}'")
    ran = command(tmp_path, "upgrade", url.replace("deidstream:", "guest:", 1))
    assert ran.code == 2
    assert ran.err.startswith("deidstream: database-privilege")
    assert postgres.run("SELECT 1 FROM pg_tables WHERE schemaname = 'public'", url.rpartition("/")[2]) == []


def test_a_user_who_may_only_read_and_write_is_enough_for_the_stores(postgres: Postgres, database: str) -> None:
    name = database.rpartition("/")[2]
    postgres.run(f"CREATE ROLE worker LOGIN PASSWORD '{PASSWORD}'")
    postgres.run("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO worker", name)
    postgres.run("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO worker", name)
    for store in STORES.values():
        store(database.replace("deidstream:", "worker:", 1))


@pytest.mark.parametrize("minutes", [-5, 5])
def test_a_machine_with_another_time_than_the_server_does_not_start(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, minutes: int
) -> None:
    """Leases and deadlines are shared by processes that go by their own clocks."""
    really = time.time
    monkeypatch.setattr(sql_schema.time, "time", lambda: really() + 60 * minutes)
    for opened in STORES.values():
        with pytest.raises(Misconfigured, match="clock-skew") as raised:
            opened(database)
        assert "NTP" in raised.value.hint
    monkeypatch.setattr(sql_schema.time, "time", lambda: really() + minutes)
    SqlHold(database)
