"""Makes Grafana's dashboards of ``deploy/grafana/dashboards.yaml``: ``python tools/make_dashboards.py``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parents[1] / "deploy/grafana"
_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
_WIDTH, _HEIGHT = 24, 8


def dashboards() -> dict[str, dict[str, Any]]:
    """Each by the name of its file."""
    table = yaml.safe_load((FOLDER / "dashboards.yaml").read_text())
    return {name: _dashboard(name, one) for name, one in table.items()}


def written(dashboard: dict[str, Any]) -> str:
    """As the file has it."""
    return json.dumps(dashboard, indent=1) + "\n"


def queries(dashboard: dict[str, Any]) -> Iterator[str]:
    """The expressions of all panels."""
    for panel in dashboard["panels"]:
        yield from (target["expr"] for target in panel.get("targets", ()))


def _dashboard(name: str, table: dict[str, Any]) -> dict[str, Any]:
    variable = {"type": "datasource", "name": "datasource", "label": "Prometheus", "query": "prometheus", "hide": 0}
    return {
        "uid": f"deidstream-{name}",
        "title": table["title"],
        "tags": ["deidstream"],
        "schemaVersion": 39,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "templating": {"list": [variable]},
        "panels": list(_panels(table["rows"])),
    }


def _panels(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    top, number = 0, 1
    for row in rows:
        place = {"h": 1, "w": _WIDTH, "x": 0, "y": top}
        yield {"id": number, "type": "row", "title": row["title"], "collapsed": False, "gridPos": place, "panels": []}
        top, number = top + 1, number + 1
        width = _WIDTH // min(3, len(row["panels"]))
        for at, panel in enumerate(row["panels"]):
            x = at * width % _WIDTH
            y = top + at * width // _WIDTH * _HEIGHT
            yield _panel(number, panel, {"h": _HEIGHT, "w": width, "x": x, "y": y})
            number += 1
        top += (len(row["panels"]) * width + _WIDTH - 1) // _WIDTH * _HEIGHT


def _panel(number: int, panel: dict[str, Any], place: dict[str, int]) -> dict[str, Any]:
    targets = [
        {"refId": chr(ord("A") + at), "expr": expression, "legendFormat": str(legend), "datasource": _SOURCE}
        for at, (legend, expression) in enumerate(panel["queries"].items())
    ]
    return {
        "id": number,
        "type": "timeseries",
        "title": panel["title"],
        "description": panel["about"],
        "datasource": _SOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": {"unit": panel["unit"], "min": 0}, "overrides": []},
        "options": {
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
        "targets": targets,
    }


if __name__ == "__main__":
    for name, one in dashboards().items():
        (FOLDER / f"{name}.json").write_text(written(one))
