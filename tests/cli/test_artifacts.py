"""Retention of artifacts: what the settings allow, and the collection of orphans in a folder."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from deidstream.adapters.file_keys import FileKeyRing
from deidstream.cli.retention import days_of, least_days
from deidstream.core.errors import Misconfigured
from deidstream.stream.settings import Settings

from tests.cli.command import configured, run

_DAY = 86_400


@pytest.fixture
def config(tmp_path: Path) -> Path:
    config = configured(tmp_path)
    state = f"state: '{tmp_path / 'state'}'"
    config.write_text(config.read_text().replace(state, f"{state}, artifacts: 'file://{tmp_path / 'artifacts'}'"))
    FileKeyRing(tmp_path / "state/keys", {"audit"})
    return config


def test_the_defaults_outlive_lag_and_holds() -> None:
    assert days_of(Settings({})) == {"raw": 90, "cases": 90, "releases": 90}
    assert least_days(Settings({})) == {"raw": 1.0, "cases": 3 + 30 + 30 + 7, "releases": 1 + 7}


@pytest.mark.parametrize(
    ("tree", "area"),
    [
        ({"deployment": {"artifacts_days": {"cases": 69}}}, "cases"),
        ({"deployment": {"artifacts_days": {"releases": 7}}}, "releases"),
        ({"resolver": {"projects": [{"name": "p"}], "review_days": 60}}, "cases"),
        ({"writer": {"review_days": 60}}, "cases"),
        ({"deployment": {"artifacts_days": {"raw": 30}}, "ingest": {"raw_log": True}}, "raw"),
        ({"deployment": {"retained_days": 91}}, "cases"),
        ({"deployment": {"bus": "kafka://h:1", "kafka": {"inbox_days": 30}}}, "cases"),
        ({"deployment": {"bus": "kafka://h:1", "kafka": {"release_days": 91}}}, "releases"),
        ({"deployment": {"bus": "kafka://h:1", "kafka": {"raw_days": 91}}, "ingest": {"raw_log": True}}, "raw"),
    ],
)
def test_days_that_something_may_outlive_are_refused(tree: dict[str, object], area: str) -> None:
    with pytest.raises(Misconfigured, match=rf"artifacts-days: deployment\.artifacts_days\.{area}: at least"):
        days_of(Settings(tree))


def test_without_a_store_there_is_nothing_to_do(tmp_path: Path) -> None:
    config = configured(tmp_path)
    FileKeyRing(tmp_path / "state/keys", {"audit"})
    ran = run("artifacts", "collect", "--older-than", "7", "--config", config)
    assert (ran.code, "no-artifact-store" in ran.err) == (2, True)


def test_a_folder_does_not_expire_by_itself(config: Path) -> None:
    for command in ("apply", "check"):
        ran = run("artifacts", command, "--config", config)
        assert (ran.code, "no-expiry" in ran.err) == (2, True)


def test_orphans_are_counted_and_deleted_only_when_asked(config: Path, tmp_path: Path) -> None:
    old = tmp_path / "artifacts/cases/c1/source-1"
    fresh = tmp_path / "artifacts/cases/c2/source-1"
    for path in (old, fresh):
        path.parent.mkdir(parents=True)
        path.write_bytes(b"12345")
    os.utime(old, (0, time.time() - 8 * _DAY))
    ran = run("artifacts", "collect", "--older-than", "7", "--config", config)
    assert (ran.code, ran.out.strip()) == (0, "1 orphans, 5 bytes: --delete deletes them")
    assert old.exists()
    ran = run("artifacts", "collect", "--older-than", "7", "--delete", "--config", config)
    assert (ran.code, old.exists(), fresh.exists()) == (0, False, True)
    assert "artifacts.collected" in run("audit", "show", "--config", config).out


def test_what_was_stored_a_moment_ago_may_be_about_to_be_named(config: Path) -> None:
    assert run("artifacts", "collect", "--older-than", "0.5", "--config", config).code == 2
