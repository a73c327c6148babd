"""``deidstream database reconcile`` where there is nothing to reconcile, and what it asks for; tests/full has a second site."""

from __future__ import annotations

from pathlib import Path

import pytest
from deidstream.adapters.file_keys import FileKeyRing

from tests.cli.command import configured, run


@pytest.mark.parametrize(("since", "code"), [("yesterday", "no-time"), ("2026-03-02T10:00", "no-time-zone")])
def test_a_time_has_to_be_one_and_to_have_its_zone(tmp_path: Path, since: str, code: str) -> None:
    ran = run("database", "reconcile", "--since", since, "--config", configured(tmp_path))
    assert (ran.code, f"{code}: --since" in ran.err) == (2, True)


def test_ledgers_in_files_are_of_the_same_moment_as_their_bus(tmp_path: Path) -> None:
    FileKeyRing(tmp_path / "state/keys", {"audit"})
    ran = run("database", "reconcile", "--since", "2026-03-02T10:00Z", "--config", configured(tmp_path))
    assert (ran.code, "nothing is to be done" in " ".join(ran.out.split())) == (0, True)


def test_where_there_is_no_deployment_nothing_is_made(tmp_path: Path) -> None:
    ran = run("database", "reconcile", "--since", "2026-03-02T10:00Z", "--config", configured(tmp_path))
    assert (ran.code, "no-such-deployment" in ran.err) == (2, True)
    assert not (tmp_path / "state").exists()
