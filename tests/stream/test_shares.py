"""Who of several processes does what only one may do: everything is done, by one, and by another when that one is gone."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from deidstream.adapters.file_locks import FileLocks
from deidstream.core.errors import Unavailable
from deidstream.stream.shares import Shares

NAMES = ("a", "b", "c", "d", "e")


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Locks(FileLocks):
    """As of a server that may be away."""

    away = False

    def hold(self, names: Collection[str]) -> frozenset[str]:
        if self.away:
            super().hold(())
            raise Unavailable("database-away", "test")
        return super().hold(names)


class Site:
    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self.stack = stack
        self.time = Time()

    def process(self, number: int, notice: float = 0.0) -> tuple[Shares, Locks]:
        locks = Locks(self.folder)
        locks.notice = notice
        return self.stack.enter_context(closing(Shares(locks, "delivery", number, self.time))), locks


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with ExitStack() as stack:
        yield Site(tmp_path / "shares", stack)


def test_one_alone_has_all(site: Site) -> None:
    shares, _ = site.process(3)
    assert shares.look(NAMES) == set(NAMES)


def test_all_is_divided_evenly_and_nothing_is_with_two(site: Site) -> None:
    processes = [site.process(number)[0] for number in (1, 2, 4)]
    for _ in range(2):
        parts = [one.look(NAMES) for one in processes]
    assert sorted(name for part in parts for name in part) == sorted(NAMES)
    assert sorted(map(len, parts)) == [1, 2, 2]


def test_nobody_begins_with_what_another_has_not_finished(site: Site) -> None:
    first, _ = site.process(1)
    busy = first.look(NAMES)
    second, _ = site.process(2)
    assert second.look(NAMES) == frozenset()
    kept = first.look(NAMES, busy)
    assert len(kept) == 3
    assert second.look(NAMES) == frozenset()
    assert first.look(NAMES, kept) == kept
    assert second.look(NAMES) == set(NAMES) - kept


def test_what_one_had_that_is_gone_goes_to_the_others(site: Site) -> None:
    first, locks = site.process(1)
    second, _ = site.process(2)
    for one in (first, second, first, second):
        one.look(NAMES)
    locks.close()
    assert second.look(NAMES) == set(NAMES)


def test_two_of_one_name_do_not_both_work(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    one, _ = site.process(1)
    twin, _ = site.process(1)
    assert one.look(NAMES) == set(NAMES)
    for _ in range(3):
        assert twin.look(NAMES) == frozenset()
    assert [record.msg for record in caplog.records].count("shares.none") <= 1
    one.close()
    assert twin.look(NAMES) == set(NAMES)


def test_who_cannot_ask_has_nothing_and_waits_before_it_relies_on_it_again(site: Site) -> None:
    shares, locks = site.process(1, notice=5.0)
    assert shares.look(NAMES) == frozenset()
    site.time.now = 5.0
    assert shares.look(NAMES) == set(NAMES)
    locks.away = True
    assert shares.look(NAMES, NAMES) == frozenset()
    locks.away = False
    assert shares.look(NAMES, NAMES) == frozenset()
    site.time.now = 9.0
    assert shares.look(NAMES, NAMES) == frozenset()
    site.time.now = 10.0
    assert shares.look(NAMES, NAMES) == set(NAMES)
