"""The chart: what it renders, what it refuses, and that it says what the code says."""

from __future__ import annotations

import json
import os
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml
from deidstream.cli.config import _MODELS, schema_of
from deidstream.stream.settings import Settings
from deidstream.stream.stages import KEY_PURPOSES, STAGES, purposes_of
from jsonschema import Draft202012Validator

from tests.deploy.buildah import ROOT
from tests.deploy.helm import CHART, EXAMPLES, KEDA, OPERATOR, chains, helm, of_kind, rendered, stages_of
from tests.deploy.test_chart_refusals import ARCHIVE, FOLDER, REPORTERS
from tools.chart_schema import FILE, with_config, written

pytestmark = [pytest.mark.full, pytest.mark.deploy]

_GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("example", EXAMPLES)
def test_helm_lint_finds_nothing(example: str) -> None:
    done = helm("lint", "--strict", CHART, "-f", EXAMPLES[example])
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("example", EXAMPLES)
def test_what_is_rendered_is_what_was_looked_at(example: str) -> None:
    """`GOLDEN=write pytest -m deploy tests/deploy/test_chart.py` writes them anew; look at the difference."""
    elsewhere = (
        "--set",
        "monitoring.dashboards=false",
        "--set",
        "monitoring.rules=false",
    )  # looked at where they come from
    done = helm("template", "site", CHART, "-n", "deid", "-f", EXAMPLES[example], *OPERATOR, *KEDA, *elsewhere)
    assert done.returncode == 0, done.stderr
    golden = _GOLDEN / f"{example}.yaml"
    if os.environ.get("GOLDEN") == "write":
        golden.write_text(done.stdout)
    assert done.stdout == golden.read_text()


def test_every_value_is_explained_and_none_is_unknown() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    _explained(schema, yaml.safe_load((CHART / "values.yaml").read_text()), "values")
    assert not [where for where, one in _properties(schema, "values") if not one.get("description")]


def _explained(schema: dict[str, Any], values: object, where: str) -> None:
    """Each value that the chart has is a property of its schema."""
    if isinstance(values, dict) and "properties" in schema:
        for name, value in values.items():
            assert name in schema["properties"], f"{where}.{name}"
            _explained(schema["properties"][name], value, f"{where}.{name}")


def _properties(schema: dict[str, Any], where: str) -> list[tuple[str, dict[str, Any]]]:
    found = []
    for name, one in schema.get("properties", {}).items():
        found += [(f"{where}.{name}", one), *_properties(one, f"{where}.{name}")]
    for below in ("items", "additionalProperties"):
        if isinstance(schema.get(below), dict):
            found += _properties(schema[below], f"{where}[]")
    for one in schema.get("oneOf", ()):
        found += _properties(one, where)
    return found


def test_what_a_configuration_may_hold_is_what_the_code_says() -> None:
    """`python tools/chart_schema.py` writes it anew."""
    assert FILE.read_text() == written(with_config(json.loads(FILE.read_text())))


def test_files_that_are_mounted_may_be_named_and_a_value_may_be_unset() -> None:
    resources = rendered(
        "small",
        *("--set-json", FOLDER, "--set-json", 'chains.all.claims=[{"name":"released","mountPath":"/srv"}]'),
        *("--set-json", 'config.resolver.projects[0].policy="/run/secrets/policies/ours.yaml"'),
        *("--set-json", 'config.resolver.projects[0].pseudonyms="/run/secrets/policies/legacy.csv"'),
        *("--set-json", 'chains.all.secrets=[{"name":"policies","mountPath":"/run/secrets/policies"}]'),
        *("--set-json", "config.delivery.destinations[0].ordered=null", "--set-json", "config.text.tagger=null"),
    )
    (pod,) = (one["spec"]["template"]["spec"] for one in chains(resources).values())
    mounted = {one["mountPath"] for one in pod["containers"][0]["volumeMounts"]}
    assert {"/srv", "/run/secrets/policies"} <= mounted


def test_the_table_of_keys_is_that_of_the_code() -> None:
    table = yaml.safe_load((CHART / "files/stages.yaml").read_text())["keys"]
    assert table == {stage: sorted(KEY_PURPOSES[stage]) for stage in STAGES if stage != "review"}


@pytest.mark.parametrize("example", EXAMPLES)
def test_each_process_mounts_the_keys_of_its_stages_and_no_others(example: str) -> None:
    for name, one in chains(rendered(example)).items():
        pod = one["spec"]["template"]["spec"]
        stages = stages_of(one)
        (volume,) = (volume["projected"] for volume in pod["volumes"] if volume["name"] == "keys")
        mounted = [item["path"] for source in volume["sources"] for item in source["secret"]["items"]]
        assert volume["defaultMode"] == 0o440
        for purpose in purposes_of(stages):
            assert [path for path in mounted if fnmatch(path, f"{purpose}.json")], (name, purpose)
        for path in mounted:
            assert any(fnmatch(path, f"{purpose}.json") for purpose in purposes_of(stages)), (name, path)
        secrets = {volume["secret"]["secretName"] for volume in pod["volumes"] if "secret" in volume}
        assert not [secret for secret in secrets if secret.startswith("deidstream-key")]


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_configuration_that_is_mounted_is_one_that_the_code_takes(example: str, tmp_path: Path) -> None:
    (config,) = of_kind(rendered(example), "ConfigMap")["site-deidstream-config"]["data"].values()
    tree = yaml.safe_load(config)
    trust = tree["deployment"].get("kafka", {})
    for name in ("ca", "password_file"):  # files that only a Pod has
        trust.pop(name, None)
    trust.pop("mechanism", None), trust.pop("protocol", None)
    Draft202012Validator(schema_of()).validate({name: tree[name] for name in tree if name in _MODELS})
    (tmp_path / "deidstream.yaml").write_text(yaml.safe_dump(tree))
    settings = Settings.load(tmp_path / "deidstream.yaml", {})
    for section in tree:
        if section in _MODELS:
            settings.section(section, _MODELS[section])
    rows = [stages_of(one) for one in chains(rendered(example)).values()]
    assert sorted(tree["deployment"]["chains"]) == sorted(rows)


@pytest.mark.parametrize("example", EXAMPLES)
def test_each_pod_is_as_restricted_as_can_be(example: str) -> None:
    resources = rendered(example)
    accounts = of_kind(resources, "ServiceAccount")
    for name, one in (of_kind(resources, "StatefulSet") | of_kind(resources, "Deployment")).items():
        pod = one["spec"]["template"]["spec"]
        assert (pod["serviceAccountName"], pod["automountServiceAccountToken"]) == (name, False)
        assert accounts[name]["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        for container in pod["containers"] + pod.get("initContainers", []):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
    assert not [one for one in resources if one["kind"] in ("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding")]


def test_nothing_is_reached_but_by_a_named_path() -> None:
    resources = rendered("production")
    policies = of_kind(resources, "NetworkPolicy")
    nothing = policies.pop("site-deidstream-nothing")["spec"]
    assert (nothing["policyTypes"], set(nothing)) == (["Ingress", "Egress"], {"podSelector", "policyTypes"})
    for one in of_kind(resources, "StatefulSet").values():
        labels = one["spec"]["template"]["metadata"]["labels"].items()
        assert nothing["podSelector"]["matchLabels"].items() <= labels
    for name, policy in policies.items():
        for rule in policy["spec"].get("ingress", []) + policy["spec"]["egress"]:
            assert rule["ports"], name
            assert rule.get("to") or rule.get("from"), name
    reached = {
        name: {port["port"] for rule in one["spec"]["egress"] for port in rule["ports"]}
        for name, one in policies.items()
    }
    everybody = {53, 9093, 5432, 9000, 4318}
    assert reached.pop("site-deidstream-setup") == {53, 9093, 5432}
    assert reached.pop("site-deidstream-delivery") == {*everybody, 2576, 443}
    assert set(map(frozenset, reached.values())) == {frozenset(everybody)}
    entered = {
        name: {port["port"] for rule in one["spec"].get("ingress", []) for port in rule["ports"]}
        for name, one in policies.items()
    }
    assert entered.pop("site-deidstream-ingest") == {9464, 2575, 8080, 11112}
    assert entered.pop("site-deidstream-setup") == set()
    assert set(map(frozenset, entered.values())) == {frozenset({9464})}


def test_who_paints_pixels_has_the_image_with_decoders_and_who_reads_texts_that_with_taggers() -> None:
    flavours = {"1" * 64: "light", "2" * 64: "tagged", "3" * 64: "image"}
    sets = of_kind(rendered("production"), "StatefulSet")
    found = {
        name: flavours[one["spec"]["template"]["spec"]["containers"][0]["image"].partition("sha256:")[2]]
        for name, one in sets.items()
    }
    prefix = "site-deidstream-"
    assert found == {
        f"{prefix}{name}": flavour
        for name, flavour in {
            "ingest": "light",
            "identify": "light",
            "core": "image",
            "delivery": "light",
            "pictures": "image",
        }.items()
    }
    without = rendered("production", "--set-json", "chains.pictures=null", "--set-json", "kafka.users.pictures=null")
    core = of_kind(without, "StatefulSet")[f"{prefix}core"]["spec"]["template"]["spec"]["containers"][0]
    assert flavours[core["image"].partition("sha256:")[2]] == "tagged"
    bare = rendered(
        "production",
        *("--set-json", "chains.pictures=null", "--set-json", "kafka.users.pictures=null"),
        *("--set-json", "config.text.tagger=null"),
    )
    core = of_kind(bare, "StatefulSet")[f"{prefix}core"]["spec"]["template"]["spec"]["containers"][0]
    assert flavours[core["image"].partition("sha256:")[2]] == "light"


def test_a_chain_that_grows_is_told_how_many_it_may_become() -> None:
    resources = rendered("production")
    core = of_kind(resources, "StatefulSet")["site-deidstream-core"]
    assert "replicas" not in core["spec"]
    assert of_kind(resources, "HorizontalPodAutoscaler")["site-deidstream-core"]["spec"]["maxReplicas"] == 8
    config = yaml.safe_load(of_kind(resources, "ConfigMap")["site-deidstream-config"]["data"]["deidstream.yaml"])
    assert config["deployment"]["replicas"] == {"ingest": 2, "fields": 8, "delivery": 2, "image": 2}
    assert set(of_kind(resources, "PodDisruptionBudget")) == {
        f"site-deidstream-{one}" for one in ("ingest", "core", "delivery", "pictures")
    }


def test_a_process_that_looks_at_pictures_is_given_the_time_that_a_look_may_take() -> None:
    def patience(*more: str) -> dict[str, tuple[int, int]]:
        pods = {
            name: one["spec"]["template"]["spec"]
            for name, one in of_kind(rendered("production", *more), "StatefulSet").items()
        }
        probes = {name: pod["containers"][0]["livenessProbe"] for name, pod in pods.items()}
        return {
            name.removeprefix("site-deidstream-"): (
                pods[name]["terminationGracePeriodSeconds"],
                probe["periodSeconds"] * probe["failureThreshold"],
            )
            for name, probe in probes.items()
        }

    usual, looks = (60, 60), (660, 660)
    assert patience() == {"ingest": usual, "identify": usual, "delivery": usual, "core": looks, "pictures": looks}
    assert patience("--set", "config.image.seconds=900")["pictures"] == (960, 960)
    assert patience("--set", "chains.pictures.graceSeconds=100")["pictures"] == (100, 100)


def test_a_receiver_that_is_away_holds_up_no_update_of_who_only_delivers() -> None:
    def asked(example: str) -> dict[str, str]:
        return {
            "+".join(stages_of(one)): one["spec"]["template"]["spec"]["containers"][0]["readinessProbe"]["httpGet"][
                "path"
            ]
            for one in chains(rendered(example)).values()
        }

    production = asked("production")
    assert production.pop("delivery") == "/healthz"
    assert set(production.values()) | set(asked("small").values()) == {"/readyz"}


def test_rules_and_dashboards_are_those_of_the_repository() -> None:
    resources = rendered("production", *OPERATOR)
    rule = of_kind(resources, "PrometheusRule")["site-deidstream"]["spec"]
    ours = yaml.safe_load((ROOT / "deploy/prometheus/rules.yaml").read_text())
    assert rule["groups"][:-1] == ours["groups"]  # and the last is the chart's own: test_chart_alerts.py
    for name in ("pipeline", "detection", "quality", "kafka", "models", "security"):
        data = of_kind(resources, "ConfigMap")[f"site-deidstream-dashboard-{name}"]["data"]
        assert data == {f"{name}.json": (ROOT / f"deploy/grafana/{name}.json").read_text()}
    assert not of_kind(rendered("production"), "PrometheusRule")


def test_reports_of_storage_commitment_come_to_who_delivers_from_those_who_are_named() -> None:
    balanced = 'chains.all.reports={"type":"LoadBalancer","annotations":{"internal":"true"}}'
    resources = rendered("small", *("--set-json", ARCHIVE), *("--set-json", REPORTERS), *("--set-json", balanced))
    assert of_kind(resources, "Service")["site-deidstream-reports"]["metadata"]["annotations"] == {"internal": "true"}
    service = of_kind(resources, "Service")["site-deidstream-reports"]["spec"]
    assert [(one["port"], one["targetPort"]) for one in service["ports"]] == [(11113, "reports-11113")]
    (pod,) = (one["spec"]["template"] for one in chains(resources).values())
    assert service["selector"].items() <= pod["metadata"]["labels"].items()
    assert {"name": "reports-11113", "containerPort": 11113} in pod["spec"]["containers"][0]["ports"]
    rules = of_kind(resources, "NetworkPolicy")["site-deidstream-all"]["spec"]["ingress"]
    assert [rule["from"] for rule in rules if {"port": 11113, "protocol": "TCP"} in rule["ports"]] == [
        [{"ipBlock": {"cidr": "10.30.0.9/32"}}]
    ]
    assert service["type"] == "LoadBalancer"
    assert "site-deidstream-reports" not in of_kind(rendered("small"), "Service")


def test_versions_agree() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert f'version = "{chart["appVersion"]}"' in (ROOT / "pyproject.toml").read_text()
    assert chart["version"] == chart["appVersion"]


def test_the_order_of_the_setup_is_its_path_and_its_configuration_then_the_job() -> None:
    hooks = [one for one in rendered("production") if "helm.sh/hook" in one["metadata"].get("annotations", {})]
    weights = [int(one["metadata"]["annotations"].get("helm.sh/hook-weight", 0)) for one in hooks]
    assert [one["kind"] for one in hooks] == ["NetworkPolicy", "ConfigMap", "Job"]
    assert weights == [-10, -10, 0]
