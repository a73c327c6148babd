"""What goes wrong with a database server: each either passes by itself, or is said in one line that tells what to do."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import psycopg
import pytest
from deidstream.adapters.memory_keys import MemoryKeyRing
from deidstream.adapters.sql_engine import open_engine, reading, writing
from deidstream.adapters.sql_hold import SqlHold
from deidstream.adapters.sql_identity import SqlIdentityStore
from deidstream.adapters.sql_limits import Limits
from deidstream.cli.demo.ports import free_row
from deidstream.core.errors import DeidstreamError, Misconfigured, Unavailable
from deidstream.stream.deployment import Deployment
from sqlalchemy import text

from tests.adapters.hold.contract import held
from tests.adapters.identity.contract import Clock, mr, name, resolve, seen
from tests.full.java import wait_for
from tests.full.postgres import PASSWORD, Postgres
from tests.full.test_postgres_schema import command

pytestmark = pytest.mark.full

HURRIED = Limits(connect=2, lock=0.5, statement=1.0, answer=2.0, idle=2.0)
SECRETS = ("MRN7654321", "Quisenberry", PASSWORD, "FROM", "INTO", "relation", "FATAL")
ONE = text("SELECT 1")


def said_nothing(error: DeidstreamError) -> None:
    for secret in SECRETS:
        assert secret not in str(error)
        assert secret not in repr(error)
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None


def person(case: str):
    return seen(mr("MRN7654321"), case=case, known=name("Quisenberry", "Wilhelmina"))


def test_after_a_restart_the_pool_is_renewed_and_nothing_is_lost(postgres: Postgres, database: str) -> None:
    keys = MemoryKeyRing()
    store, shelf = SqlIdentityStore(database, keys, Clock()), SqlHold(database)
    (first,) = resolve(store, person("c1"))
    shelf.put([held("a")])
    postgres.restart()
    (second,) = resolve(store, person("c2"))
    assert (second.id, second.sequence, second.known) == (first.id, 2, first.known)
    assert [one.id for one in shelf.list()] == ["a"]


def test_while_the_server_is_down_everything_is_unavailable_and_then_goes_on(postgres: Postgres, database: str) -> None:
    store, shelf = SqlIdentityStore(database, MemoryKeyRing(), Clock()), SqlHold(database)
    resolve(store, person("c1"))
    shelf.put([held("a")])
    postgres.stop()
    try:
        for fails in (lambda: resolve(store, person("c2")), shelf.list, lambda: SqlHold(database)):
            with pytest.raises(Unavailable) as caught:
                fails()
            said_nothing(caught.value)
    finally:
        postgres.start()
    assert resolve(store, person("c2"))[0].sequence == 2


def test_restarts_in_the_middle_lose_nothing_and_stamp_nothing_twice(postgres: Postgres, database: str) -> None:
    store = SqlIdentityStore(database, MemoryKeyRing(), Clock())
    done = threading.Event()
    failures = []

    def work(worker: int) -> list[int]:
        sequences, turn = [], 0
        while not done.is_set() or turn < 50:
            try:
                sequences.append(resolve(store, person(f"{worker}-{turn}"))[0].sequence)
                turn += 1
            except Unavailable as error:
                failures.append(error)
                time.sleep(0.02)
        return sequences

    with ThreadPoolExecutor(3) as pool:
        working = [pool.submit(work, worker) for worker in range(3)]
        for _ in range(3):
            time.sleep(0.5)
            postgres.restart()
        done.set()
        found = [sequence for one in working for sequence in one.result()]
    assert sorted(found) == list(range(1, len(found) + 1))
    for error in failures:
        said_nothing(error)


def test_a_server_that_is_stopped_is_unavailable_within_the_limit_and_welcome_again(
    postgres: Postgres, database: str
) -> None:
    engine = open_engine(database, HURRIED)
    shelf = SqlHold(engine)
    shelf.put([held("a")])
    with postgres.stopped():
        for _ in range(2):
            began = time.monotonic()
            with pytest.raises(Unavailable):
                shelf.list()
            assert time.monotonic() - began < 3 * (HURRIED.answer + HURRIED.connect)
    assert [one.id for one in shelf.list()] == ["a"]


def test_a_server_that_stops_in_the_middle_of_a_transaction_is_unavailable(postgres: Postgres, database: str) -> None:
    engine = open_engine(database, HURRIED)

    def interrupted() -> None:
        with writing(engine) as connection:
            connection.execute(ONE)
            with postgres.stopped():
                connection.execute(ONE)

    with pytest.raises(Unavailable) as caught:
        interrupted()
    said_nothing(caught.value)
    with reading(engine) as connection:
        assert connection.scalar(ONE) == 1


def test_a_process_that_holds_its_turn_and_stops_delays_the_others_only_for_a_while(database: str) -> None:
    stuck, other = open_engine(database, HURRIED), open_engine(database, HURRIED)

    def take_turn(name: str) -> None:
        with writing(other, name):
            pass

    def stopped() -> None:
        with writing(stuck, "identity") as connection:
            with pytest.raises(Unavailable) as caught:
                take_turn("identity")
            assert caught.value.code == "database-busy"
            take_turn("acceptance")
            time.sleep(HURRIED.idle + 0.5)
            take_turn("identity")
            connection.execute(ONE)

    with pytest.raises(Unavailable):
        stopped()


def test_what_the_url_says_wins_over_our_limits(database: str) -> None:
    shown = []
    for url in (database, f"{database}?options=-c%20lock_timeout%3D7s&application_name=ours"):
        with reading(open_engine(url)) as connection:
            shown.append([connection.scalar(text(f"SHOW {one}")) for one in ("lock_timeout", "application_name")])
    assert shown == [["10s", "deidstream"], ["7s", "ours"]]


def test_a_deadlock_is_unavailable_for_one_and_nothing_for_the_other(database: str) -> None:
    patient = Limits(lock=20.0)
    shelf = SqlHold(database)
    shelf.put([held("a"), held("b")])
    both = threading.Barrier(2)

    def work(order: str) -> str:
        try:
            with writing(open_engine(database, patient)) as connection:
                for number, one in enumerate(order):
                    connection.execute(text("UPDATE held SET ordinal = 1 WHERE id = :id"), {"id": one})
                    if not number:
                        both.wait(10)
        except Unavailable as error:
            return f"{error.code} {error.place}"
        return "done"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(work, ("ab", "ba"))) == ["database-busy 40P01", "done"]


def test_more_threads_than_connections_wait_for_one_another(database: str) -> None:
    shelf = SqlHold(open_engine(database, Limits(kept=1, most=2)))
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda n: shelf.put([held(str(n))]), range(60)))
    assert len(shelf.list()) == 60


@pytest.mark.parametrize(
    ("change", "code", "told"),
    [
        (lambda url: url.replace(PASSWORD, "wrong-secret"), "database-login", "password"),
        (lambda url: url.replace(f":{PASSWORD}", ""), "database-login", "password"),
        (lambda url: url.replace("deidstream:", "nobody-here:", 1), "database-login", "user"),
        (lambda url: url + "-not-there", "database-missing", "create it"),
        (lambda url: url + "?sslmode=require", "database-tls", "sslmode"),
        (lambda url: url + "?no_such_option=1", "database-url", "option"),
        (lambda url: url.replace("postgresql", "mysql"), "database-url", "postgresql://"),
        (lambda _: f"postgresql://deidstream:{PASSWORD}@127.0.0.1:port/x", "database-url", "postgresql://"),
    ],
    ids=["password", "no password", "user", "database", "tls", "option", "kind", "no url"],
)
def test_what_is_wrong_with_the_url_is_misconfigured_and_says_what_to_do(
    database: str, tmp_path: Path, change, code: str, told: str
) -> None:
    url = change(database)
    with pytest.raises(Misconfigured) as caught:
        SqlHold(url)
    assert caught.value.code == code
    assert told in caught.value.hint
    said_nothing(caught.value)
    assert "wrong-secret" not in str(caught.value)
    ran = command(tmp_path, "check", url)
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert "wrong-secret" not in ran.err
    assert PASSWORD not in ran.err


def test_a_server_that_is_not_there_is_unavailable(database: str) -> None:
    for url in (
        database.replace("127.0.0.1", "no-such-host.invalid"),
        f"postgresql://deidstream@127.0.0.1:{free_row(1)[0]}/x",
    ):
        with pytest.raises(Unavailable) as caught:
            SqlHold(url)
        assert caught.value.code == "database-away"


def test_a_table_that_is_gone_or_forbidden_is_misconfigured_and_says_nothing_of_content(
    postgres: Postgres, database: str
) -> None:
    store = SqlIdentityStore(database, MemoryKeyRing(), Clock())
    database_name = database.rpartition("/")[2]
    postgres.run("ALTER TABLE sequence RENAME TO other", database_name)
    with pytest.raises(Misconfigured) as caught:
        resolve(store, person("c1"))
    assert caught.value.code == "database-not-migrated"
    said_nothing(caught.value)
    postgres.run(f"CREATE ROLE reader LOGIN PASSWORD '{PASSWORD}'")
    postgres.run("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader", database_name)
    with pytest.raises(Misconfigured) as caught:
        SqlHold(database.replace("deidstream:", "reader:", 1)).put([held("a")])
    assert caught.value.code == "database-privilege"
    said_nothing(caught.value)


def test_too_many_connections_pass(postgres: Postgres, database: str) -> None:
    with ExitStack() as taken:

        def take_all() -> None:
            for _ in range(100):
                taken.enter_context(closing(psycopg.connect(database)))

        with pytest.raises(psycopg.OperationalError):
            take_all()
        with pytest.raises(Unavailable):
            SqlHold(database)
    wait_for(lambda: _opens(database), "connections are free again", 10)


def test_the_password_stands_in_no_repr(database: str) -> None:
    deployment = Deployment(database=database)
    shown = (repr(deployment), str(deployment), repr(SqlHold(database)), repr(open_engine(database)))
    assert not any(PASSWORD in one for one in shown)


def _opens(database: str) -> bool:
    try:
        SqlHold(database).close()
    except Unavailable:
        return False
    return True
