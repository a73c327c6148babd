"""When a model is asked again after it has failed."""

from __future__ import annotations

import pytest
from deidstream.adapters.breaker import Breaker
from deidstream.core.errors import Unavailable


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def is_open(breaker: Breaker) -> bool:
    """Whether a call is refused."""
    try:
        breaker.ask()
    except Unavailable as error:
        return str(error).startswith("model-away: there: ")
    return False


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker("there", failures=2, pause=1.0, longest=5.0, clock=clock)


def test_failures_in_a_row_open_it_and_an_answer_between_does_not(breaker: Breaker) -> None:
    for what in (breaker.failed, breaker.succeeded, breaker.failed):
        what()
        assert not is_open(breaker)
    breaker.failed()
    assert is_open(breaker)


def test_after_the_pause_one_may_try_while_the_others_wait(breaker: Breaker, clock: Clock) -> None:
    breaker.failed()
    breaker.failed()
    clock.now += 1.0
    assert [is_open(breaker) for _ in range(3)] == [False, True, True]
    breaker.succeeded()
    assert not is_open(breaker)


def test_each_that_fails_doubles_the_pause_up_to_the_longest(breaker: Breaker, clock: Clock) -> None:
    breaker.failed()
    for pause in (1.0, 2.0, 4.0, 5.0, 5.0):
        breaker.failed()
        clock.now += pause - 0.01
        assert is_open(breaker)
        clock.now += 0.02
        assert not is_open(breaker)


def test_who_tries_and_never_comes_back_does_not_close_the_way_for_ever(breaker: Breaker, clock: Clock) -> None:
    breaker.failed()
    breaker.failed()
    clock.now += 1.0
    assert not is_open(breaker)
    clock.now += 5.0
    assert not is_open(breaker)
