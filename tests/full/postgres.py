"""A real PostgreSQL, as a process of ours: in a folder of its own, on loopback, ended by its process id."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg
from deidstream.adapters import sql_migration
from deidstream.adapters.sql_engine import open_engine
from deidstream.cli.demo.ports import free_row

from tests.full.java import CACHE, absent, wait_for

PASSWORD = "Xyzzy-Plugh-1977"
_SETTINGS = ("listen_addresses=127.0.0.1", "max_connections=60", "shared_buffers=32MB", "fsync=off", "jit=off")


@dataclass(slots=True)
class Postgres:
    """One server. ``folder`` belongs to the user that it runs as."""

    folder: Path
    binaries: Path
    port: int
    process: subprocess.Popen[bytes] | None = None
    _names: count[int] = field(default_factory=count)
    _emptied: str = ""

    def start(self) -> None:
        """Until it answers."""
        settings = [part for setting in _SETTINGS for part in ("-c", setting)]
        command = [self.binaries / "postgres", "-D", self.folder / "data", "-k", self.folder, "-p", str(self.port)]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*_as_user(), *command, *settings],
                cwd=self.folder,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        wait_for(self._answers, "PostgreSQL answers", 30)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """At once, breaking every connection; by SIGQUIT without tidying up."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(how)
            self.process.wait(30)
            self.process = None

    def restart(self) -> None:
        """Stops it and starts it again."""
        self.stop()
        self.start()

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Neither answers nor goes away, with all its processes."""
        assert self.process is not None
        stopped = [*_children(self.process.pid), self.process.pid]
        for process in stopped:
            os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            for process in stopped:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGCONT)

    def url(self, database: str, password: str = PASSWORD) -> str:
        """As it stands in ``deployment.database``."""
        return f"postgresql://deidstream:{password}@127.0.0.1:{self.port}/{database}"

    def new(self, template: str = "template0") -> str:
        """The URL of a new database: an empty one, or a copy of ``template``."""
        name = f"test{next(self._names)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def migrated(self) -> str:
        """The URL of a new database with all tables."""
        if not self.run("SELECT 1 FROM pg_database WHERE datname = 'migrated'"):
            self.run("CREATE DATABASE migrated TEMPLATE template0")
            engine = open_engine(self.url("migrated"))
            sql_migration.upgrade(engine)
            engine.dispose()
        return self.new("migrated")

    def emptied(self) -> str:
        """The URL of a database with all tables and nothing in them: the same one each time, which costs less than a new one."""
        if not self._emptied:
            self._emptied = self.migrated()
        tables = ", ".join(name for metadata in sql_migration.TABLES for name in metadata.tables)
        self.run(f"TRUNCATE {tables}", self._emptied.rpartition("/")[2])
        return self._emptied

    def run(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """One statement, as its superuser."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.folder / "log").read_text()[-4000:]
        with suppress(psycopg.OperationalError):
            return bool(self.run("SELECT 1"))
        return False


@contextmanager
def serving() -> Iterator[Postgres]:
    """A new, empty server. Skips where there is no PostgreSQL."""
    binaries = _binaries()
    folder = Path(tempfile.mkdtemp(prefix="deidstream-postgres-"))
    try:
        password = folder / "password"
        password.write_text(PASSWORD)
        if os.geteuid() == 0:
            owner = pwd.getpwnam(_user())
            for path in (folder, password):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        command = [
            binaries / "initdb",
            "-D",
            folder / "data",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
            "-U",
            "deidstream",
        ]
        done = subprocess.run(
            [*_as_user(), *command, "-A", "scram-sha-256", f"--pwfile={password}"],
            cwd=folder,
            env=_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        with _running(folder, binaries) as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _running(folder: Path, binaries: Path) -> Iterator[Postgres]:
    server = Postgres(folder, binaries, free_row(1)[0])
    try:
        server.start()
        yield server
    finally:
        server.stop(signal.SIGQUIT)


@contextmanager
def standby(primary: Postgres) -> Iterator[Postgres]:
    """A second server that follows ``primary`` by streaming replication, asynchronously, until it is promoted."""
    folder = Path(tempfile.mkdtemp(prefix="deidstream-standby-"))
    try:
        _copied(primary, folder / "data")
        where = f"host=127.0.0.1 port={primary.port} user=deidstream password={PASSWORD}"
        with (folder / "data/postgresql.auto.conf").open("a") as settings:
            settings.write(f"primary_conninfo = '{where}'\n")
        (folder / "data/standby.signal").touch()
        if os.geteuid() == 0:
            owner = pwd.getpwnam(_user())
            for path in (folder, *folder.rglob("*")):
                os.chown(path, owner.pw_uid, owner.pw_gid, follow_symlinks=False)
        with _running(folder, primary.binaries) as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _copied(primary: Postgres, target: Path) -> None:
    """The files of ``primary`` while it works, and what says from where on its log must be read."""
    with psycopg.connect(primary.url("postgres"), autocommit=True) as connection:
        connection.execute("SELECT pg_backup_start('standby', true)")
        source = primary.folder / "data"
        target.mkdir()
        for path in sorted(source.rglob("*")):
            place = target / path.relative_to(source)
            if path.is_dir():
                place.mkdir(parents=True, exist_ok=True)
            elif path.name not in ("postmaster.pid", "postmaster.opts") and path.parent.name != "pg_wal":
                with suppress(FileNotFoundError):  # gone meanwhile: its log knows
                    shutil.copy(path, place)
        row = connection.execute("SELECT labelfile FROM pg_backup_stop()").fetchone()
    assert row is not None
    (target / "backup_label").write_text(str(row[0]))
    target.chmod(0o700)


def _binaries() -> Path:
    """The newest of the system's or of what ``tests/full/prepare`` has unpacked."""
    for root in (Path("/"), CACHE / "postgresql"):
        found = sorted(root.glob("usr/lib/postgresql/*/bin/postgres"))
        if found:
            return found[-1].parent
    found_elsewhere = shutil.which("postgres")
    if found_elsewhere is None:
        absent("no PostgreSQL")
    return Path(str(found_elsewhere)).parent


def _environment() -> dict[str, str]:
    libraries = ":".join(str(path) for path in (CACHE / "postgresql/usr/lib").glob("*-linux-gnu"))
    return {"PATH": os.environ["PATH"], "LC_ALL": "C", "LD_LIBRARY_PATH": libraries}


def _user() -> str:
    """PostgreSQL refuses to run as root."""
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _as_user() -> list[str]:
    if os.geteuid():
        return []
    entry = pwd.getpwnam(_user())
    return ["setpriv", f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups", "--"]


def _children(parent: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]
