"""The dashboards are what Grafana's own types say that dashboards are."""

from __future__ import annotations

import json
import subprocess
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from tests.full.java import CACHE, absent
from tools.make_dashboards import dashboards

pytestmark = pytest.mark.deploy

_HOW = (
    "--noEmit",
    "--strict",
    "--skipLibCheck",
    "--moduleResolution",
    "bundler",
    "--module",
    "esnext",
    "--target",
    "es2022",
)


def _typed(folder: Path, dashboard: dict[str, Any]) -> str:
    """What the TypeScript compiler says."""
    schema = CACHE / "deploy/grafana/node_modules"
    if not (schema / ".bin/tsc").exists():
        absent("no schema of Grafana (npm)")
    (folder / "node_modules").symlink_to(schema)
    code = (
        f'import type {{ Dashboard }} from "@grafana/schema";\nexport const it: Dashboard = {json.dumps(dashboard)};\n'
    )
    (folder / "dashboard.ts").write_text(code)
    command = [str(schema / ".bin/tsc"), *_HOW, "dashboard.ts"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False).stdout


@pytest.mark.parametrize("name", dashboards())
def test_each_is_a_dashboard(tmp_path: Path, name: str) -> None:
    assert _typed(tmp_path, dashboards()[name]) == ""


@pytest.mark.parametrize(
    ("key", "value"), [("titel", "Accepted"), ("gridPos", {"h": "8", "w": 8, "x": 0, "y": 0}), ("targets", "up")]
)
def test_one_with_a_mistake_would_not_be(tmp_path: Path, key: str, value: object) -> None:
    wrong = deepcopy(dashboards()["pipeline"])
    wrong["panels"][1][key] = value
    assert "error TS" in _typed(tmp_path, wrong)
