"""Records that trickle in, over a real bus."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from deidstream.adapters.memory_bus import MemoryBusFactory
from deidstream.ports import Bus, Output
from deidstream.stream.trickle import Trickle

Send = Callable[[str], None]


@pytest.fixture
def factory() -> MemoryBusFactory:
    return MemoryBusFactory()


@pytest.fixture
def bus(factory: MemoryBusFactory) -> Bus:
    return factory.open("g", ["t"], "one")


@pytest.fixture
def send(factory: MemoryBusFactory) -> Send:
    """Each letter is a record."""
    other = factory.open("sender", [], "other")
    return lambda names: other.commit([Output("t", "key", name.encode(), {}) for name in names])


def _texts(trickle: Trickle, limit: int = 10, enough: int = 4) -> list[str]:
    return [record.value.decode() for record in trickle.poll(limit, 5.0, enough)]


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], None]]:
    """What happens while something waits: one thing each time; waiting for nothing is an error."""
    happens: list[Callable[[], None]] = []
    monkeypatch.setattr("deidstream.stream.trickle.time.sleep", lambda seconds: happens.pop(0)())
    return happens


def test_the_first_after_a_rest_does_not_wait_and_what_follows_closely_waits_for_company(
    bus: Bus, send: Send, meanwhile: list[Callable[[], None]]
) -> None:
    trickle = Trickle(bus, 60.0)
    send("a")
    assert _texts(trickle) == ["a"]
    send("b")
    meanwhile.append(lambda: send("c"))
    assert _texts(trickle) == ["b", "c"]
    assert not meanwhile


def test_what_comes_after_a_rest_does_not_wait(bus: Bus, send: Send, meanwhile: list[Callable[[], None]]) -> None:
    trickle = Trickle(bus, 0.0)  # any time is a rest
    for name in "ab":
        send(name)
        assert _texts(trickle) == [name]


def test_nobody_waits_where_there_are_enough_and_no_more_come_than_are_wanted(
    bus: Bus, send: Send, meanwhile: list[Callable[[], None]]
) -> None:
    trickle = Trickle(bus, 60.0)
    send("abcde")
    assert _texts(trickle, limit=1, enough=4) == ["a"]
    assert _texts(trickle, limit=4, enough=2) == [*"bcde"]


def test_what_was_gathered_is_given_back_as_a_whole(bus: Bus, send: Send, meanwhile: list[Callable[[], None]]) -> None:
    trickle = Trickle(bus, 60.0)
    send("a")
    assert _texts(trickle) == ["a"]
    bus.commit([])
    send("b")
    meanwhile += [lambda: send("c"), lambda: None]
    assert _texts(trickle) == ["b", "c"]
    bus.abort()
    assert _texts(trickle) == ["b", "c"]
