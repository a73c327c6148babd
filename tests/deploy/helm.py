"""Helm itself, over our chart."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.deploy.buildah import ROOT
from tests.full.java import CACHE, absent

CHART = ROOT / "helm/deidstream"
EXAMPLES = {name: CHART / "ci" / f"{name}.yaml" for name in ("small", "production", "operators")}
OPERATOR = ("--api-versions", "monitoring.coreos.com/v1")
"""As if the Prometheus operator were there."""
KEDA = ("--api-versions", "keda.sh/v1alpha1")
"""As if KEDA were there."""


def helm(*arguments: str | Path, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Its outcome; says what is missing where there is no Helm."""
    program = CACHE / "deploy/helm/bin/helm"
    if not program.exists():
        absent("no Helm")
    command = [str(program), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=environment)


def rendered(example: str, *more: str) -> list[dict[str, Any]]:
    """The resources of an example, as the release ``site`` in the namespace ``deid``."""
    return deepcopy(_rendered(example, *more))


@cache
def _rendered(example: str, *more: str) -> list[dict[str, Any]]:
    done = helm("template", "site", CHART, "-n", "deid", "-f", EXAMPLES[example], *more)
    assert done.returncode == 0, done.stderr
    return [one for one in yaml.load_all(done.stdout, yaml.CSafeLoader) if one]


def refused(example: str, *settings: str) -> str:
    """What Helm says of an example with these settings, which it must refuse."""
    given: Sequence[str] = [word for one in settings for word in ("--set-json", one)]
    done = helm("template", "site", CHART, "-f", EXAMPLES[example], *given)
    assert done.returncode != 0, f"not refused: {settings}"
    return done.stderr


def of_kind(resources: list[dict[str, Any]], kind: str) -> dict[str, dict[str, Any]]:
    """Resources of one kind, by name."""
    return {one["metadata"]["name"]: one for one in resources if one["kind"] == kind}


def chains(resources: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The StatefulSets that run stages, by name."""
    sets = of_kind(resources, "StatefulSet").items()
    return {name: one for name, one in sets if one["spec"]["template"]["spec"]["containers"][0]["name"] == "chain"}


def stages_of(chain: dict[str, Any]) -> list[str]:
    """Which stages a StatefulSet runs."""
    arguments = chain["spec"]["template"]["spec"]["containers"][0]["args"]
    return str(arguments[arguments.index("--chain") + 1]).split("+")
