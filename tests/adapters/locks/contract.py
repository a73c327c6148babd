"""What all locks promise: whoever asks for a name that another process has does not get it, and gets it once that one is gone."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable

from deidstream.ports import Locks

Open = Callable[[], Locks]
HOLDER = """
import sys
{made}
assert locks.hold({{"delivery.a", "delivery.b"}}) == {{"delivery.a", "delivery.b"}}
print("has them", flush=True)
sys.stdin.read()
"""


class LocksContract:
    """With the fixtures ``open_`` (other locks of the same place) and ``made`` (code that makes ``locks``)."""

    def test_a_name_is_with_one_at_a_time(self, open_: Open) -> None:
        one, two = open_(), open_()
        assert one.hold({"a", "b"}) == {"a", "b"}
        assert two.hold({"b", "c"}) == {"c"}
        assert one.hold({"a", "b"}) == {"a", "b"}
        for each in (one, two):
            assert each.held(["a", "b", "c", "d"]) == {"a", "b", "c"}

    def test_what_is_not_wanted_any_more_is_free(self, open_: Open) -> None:
        one, two = open_(), open_()
        one.hold({"a", "b"})
        assert one.hold({"b"}) == {"b"}
        assert two.hold({"a", "b"}) == {"a"}
        one.close()
        assert two.hold({"a", "b"}) == {"a", "b"}
        assert one.hold({"a"}) == frozenset()

    def test_looking_takes_nothing(self, open_: Open) -> None:
        one, two, three = open_(), open_(), open_()
        one.hold({"a"})
        for _ in range(3):
            assert two.held({"a", "b"}) == {"a"}
        one.close()
        assert two.held({"a", "b"}) == frozenset()
        assert three.hold({"a", "b"}) == {"a", "b"}

    def test_names_of_a_process_that_was_killed_are_free(self, open_: Open, made: str) -> None:
        command = [sys.executable, "-c", HOLDER.format(made=made)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "has them\n"
            locks = open_()
            assert locks.hold({"delivery.a", "delivery.c"}) == {"delivery.c"}
            holder.send_signal(signal.SIGKILL)
            holder.wait()
            until = time.monotonic() + 10
            while "delivery.a" not in locks.hold({"delivery.a"}) and time.monotonic() < until:
                time.sleep(0.05)
            assert locks.held({"delivery.a", "delivery.b"}) == {"delivery.a"}
