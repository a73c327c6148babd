"""The main kinds of faults once, shorter than ``make chaos``; and the proof that the suite would notice a broken promise."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.kafka import run

pytestmark = pytest.mark.full

SABOTAGE = Path(__file__).parent / "sabotage"


@pytest.mark.parametrize("kind", ["stages", "broker", "pauses", "one-of-three"])
def test_whatever_strikes_every_acknowledged_message_is_released_once_in_order_and_sealed(kind: str) -> None:
    result = run(kind, 1, 400)
    assert result.good, result
    assert result.faults.total()


@pytest.mark.parametrize(("how", "seen"), [("lose", "lost"), ("double", "doubled"), ("disclose", "leaks")])
def test_the_suite_notices_a_broken_promise(how: str, seen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(SABOTAGE))
    monkeypatch.setenv("SABOTAGE", how)
    assert getattr(run("replicas", 1, 150, rate=5.0), seen)
