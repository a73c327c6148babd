"""The setup Job: all that it reads is there when it runs, whoever makes brokers, database and Secrets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from deidstream.stream.deployment import Deployment
from deidstream.stream.settings import Settings

from tests.deploy.helm import of_kind, rendered
from tests.deploy.test_chart_keys import given

pytestmark = [pytest.mark.full, pytest.mark.deploy]

NAME = "site-deidstream"
URL = "postgresql://deidstream@postgres.databases/deidstream"
ELSEWHERE = given(
    "database.operator.enabled=false",
    f'database.url="{URL}"',
    'database.password={"secret":"deidstream-database"}',
    'networkPolicy.database.to=[{"ipBlock":{"cidr":"10.40.0.8/32"}}]',
)
"""Strimzi's brokers beside a database of somebody else."""
STORED = given(
    'keys.external.store={"name":"vault","kind":"ClusterSecretStore"}',
    'keys.external.credentials={"deidstream-database":{"password":{"key":"database"}}}',
)
USER_STORED = given(
    'keys.external.store={"name":"vault","kind":"ClusterSecretStore"}',
    'keys.external.credentials={"deidstream-setup":{"password":{"key":"setup"}}}',
)
BUCKET_STORED = given(
    'keys.external.store={"name":"vault","kind":"ClusterSecretStore"}',
    'keys.external.credentials={"deidstream-s3":{"credentials":{"key":"s3"}}}',
)
SCRAM = ["--set", "kafka.strimzi.authentication=scram-sha-512"]
UPGRADE = ["--is-upgrade"]
_VARIANTS: list[tuple[str, list[str], str]] = [
    ("production", [], "pre-install"),
    ("production", STORED, "with the release"),
    ("production", USER_STORED, "with the release"),
    ("production", BUCKET_STORED, "pre-install"),
    ("production", STORED + UPGRADE, "pre-install"),
    ("operators", [], "with the release"),
    ("operators", UPGRADE, "pre-install"),
    ("operators", ELSEWHERE, "pre-install"),
    ("operators", ELSEWHERE + SCRAM, "pre-install"),
]


def _hooked(resource: dict[str, Any]) -> bool:
    return "pre-install" in resource["metadata"].get("annotations", {}).get("helm.sh/hook", "")


def _made(resources: list[dict[str, Any]]) -> set[str]:
    """ConfigMaps and Secrets that are there only once the release's own resources are."""
    same = dict.fromkeys(("ConfigMap", "Secret", "ExternalSecret", "KafkaUser"), "{}")
    kinds = same | {"Kafka": "{}-cluster-ca-cert"}
    ours = [one for one in resources if not _hooked(one)]
    made = {kinds[one["kind"]].format(one["metadata"]["name"]) for one in ours if one["kind"] in kinds}
    clusters = [one["metadata"]["name"] for one in ours if one["kind"] == "Cluster"]
    return made | {f"{name}-{what}" for name in clusters for what in ("app", "ca")}


def _read(tree: object) -> Iterator[str]:
    """The ConfigMaps and Secrets that a Pod cannot start without."""
    if isinstance(tree, dict):
        for kind in ("secret", "configMap", "secretKeyRef"):
            if isinstance(named := tree.get(kind), dict):
                yield named.get("secretName") or named["name"]
        for one in tree.values():
            yield from _read(one)
    elif isinstance(tree, list):
        for one in tree:
            yield from _read(one)


@pytest.mark.parametrize(("example", "more", "when"), _VARIANTS)
def test_no_hook_waits_for_what_comes_after_it(example: str, more: list[str], when: str) -> None:
    resources = rendered(example, *more)
    (job,) = of_kind(resources, "Job").values()
    assert ("pre-install" if _hooked(job) else "with the release") == when
    read = set(_read(job["spec"]["template"]["spec"]))
    assert job["metadata"]["name"] in read  # its configuration
    if when == "pre-install" and more[-1:] != UPGRADE:  # an upgrade finds what the installation has made
        assert not read & _made(resources)
    policy = of_kind(resources, "NetworkPolicy")[f"{NAME}-setup"]
    assert _hooked(policy) == _hooked(job)


@pytest.mark.parametrize("how", [[], SCRAM], ids=["tls", "scram"])
@pytest.mark.parametrize("database", [[], ELSEWHERE], ids=["operator", "elsewhere"])
def test_beside_strimzi_the_setup_migrates_and_needs_no_brokers(
    how: list[str], database: list[str], tmp_path: Path
) -> None:
    resources = rendered("operators", *how, *database)
    (job,) = of_kind(resources, "Job").values()
    pod = job["spec"]["template"]["spec"]
    assert "initContainers" not in pod
    assert [one["args"] for one in pod["containers"]] == [["database", "upgrade"]]
    assert "kafka" not in json.dumps(pod)
    (tmp_path / "deidstream.yaml").write_text(
        of_kind(resources, "ConfigMap")[job["metadata"]["name"]]["data"]["deidstream.yaml"]
    )
    variables = {one["name"]: one["value"] for one in pod["containers"][0]["env"] if "value" in one}
    deployment = Deployment.of(Settings.load(tmp_path / "deidstream.yaml", variables))
    assert deployment.bus == ""
    assert str(deployment.database).startswith("postgresql://deidstream@")
    policy = of_kind(resources, "NetworkPolicy")[f"{NAME}-setup"]["spec"]
    assert {port["port"] for rule in policy["egress"] for port in rule["ports"]} == {53, 5432}


def test_elsewhere_the_setup_makes_topics_as_its_own_user() -> None:
    (job,) = of_kind(rendered("production"), "Job").values()
    pod = job["spec"]["template"]["spec"]
    assert [one["args"] for one in pod["initContainers"]] == [["topics", "apply"]]
    assert "deidstream-setup" in set(_read(pod))
