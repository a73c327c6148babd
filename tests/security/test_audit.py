"""What pip-audit says, and what it cannot say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools import audit

CLEAN = {"dependencies": [{"name": "idna", "version": "3.10", "vulns": []}]}
HOLE = {
    "dependencies": [{"name": "idna", "version": "3.6", "vulns": [{"id": "PYSEC-2024-60", "fix_versions": ["3.7"]}]}]
}


def _pip_audit(folder: Path, said: str, code: int, error: str = "") -> str:
    program = folder / "pip-audit"
    program.write_text(f"#!/bin/sh\ncat <<'END'\n{said}\nEND\necho '{error}' >&2\nexit {code}\n")
    program.chmod(0o755)
    return str(program)


@pytest.fixture(autouse=True)
def _one_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "locks", lambda: ["requirements.lock"])


def test_nothing_known_is_a_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert audit.main(_pip_audit(tmp_path, json.dumps(CLEAN), 0)) == 0
    assert "requirements.lock: no known vulnerabilities" in capsys.readouterr().out


def test_a_hole_is_named_with_what_mends_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert audit.main(_pip_audit(tmp_path, json.dumps(HOLE), 1)) == 1
    assert "idna 3.6: PYSEC-2024-60, mended in 3.7" in capsys.readouterr().out


def test_one_that_is_accepted_with_a_reason_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "ACCEPTED", {"PYSEC-2024-60": "we encode no names of hosts"})
    assert audit.main(_pip_audit(tmp_path, json.dumps(HOLE), 1)) == 0


def test_a_service_that_cannot_be_reached_is_said_and_is_no_pass(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    silent = _pip_audit(tmp_path, "", 1, "connection refused")
    assert audit.main(silent) == 0
    said = capsys.readouterr().out
    assert said.startswith("SKIPPED")
    assert "nothing is known" in said
    assert "no known vulnerabilities" not in said
    assert audit.main(silent, "--strict") == 2


def test_every_lock_file_is_asked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert {"requirements.lock", "docker/light.lock", "docs/requirements.lock", "tools/audit.lock"} <= set(
        audit.locks()
    )
