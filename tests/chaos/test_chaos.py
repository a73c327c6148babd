"""The main kinds of faults once, shorter than ``make chaos``; and the proof that the suite would notice a broken promise."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.kafka import KINDS, run
from tests.chaos.outages import mountable

pytestmark = pytest.mark.full

_MESSAGES = 200
_SHORT = ("broker", "instances", "disk", "store")
"""Those that are done soonest; ``make chaos`` has all kinds."""
SABOTAGE = Path(__file__).parent / "sabotage"


@pytest.mark.parametrize("kind", _SHORT)
def test_whatever_strikes_every_acknowledged_message_is_released_once_in_order_and_sealed(kind: str) -> None:
    if KINDS[kind][0].disk and not mountable():
        pytest.skip("no small disk can be mounted here")
    result = run(kind, 1, _MESSAGES)
    assert result.good, result
    assert result.faults.total()


@pytest.mark.parametrize(("how", "seen"), [("lose", "lost"), ("double", "doubled"), ("disclose", "leaks")])
def test_the_suite_notices_a_broken_promise(how: str, seen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(SABOTAGE))
    monkeypatch.setenv("SABOTAGE", how)
    # A process may die while it has nothing in its hands.
    assert any(getattr(run("replicas", seed, 100, rate=6.0, quiet=12.0), seen) for seed in (1, 2, 3))
