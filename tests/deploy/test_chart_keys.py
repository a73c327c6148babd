"""Keys that are not in Secrets: what the chart renders for Vault and for a key management service, and what it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from deidstream.cli.config import _MODELS
from deidstream.cli.key_rights import policies
from deidstream.stream.deployment import Deployment
from deidstream.stream.settings import Settings

from tests.deploy.helm import chains, of_kind, refused, rendered

pytestmark = [pytest.mark.full, pytest.mark.deploy]

PREFIX = "site-deidstream-"
THERE = 'networkPolicy.keys.to=[{"ipBlock":{"cidr":"10.40.0.7/32"}}]'
VAULT = (
    'keys.vault={"address":"https://vault.example:8200","ca":{"secret":"vault-ca"},"mount":"kv","path":"site/deid"}',
    'networkPolicy.keys={"to":[{"ipBlock":{"cidr":"10.40.0.7/32"}}],"ports":[8200]}',
)
ROLE = "arn:aws:iam::123456789012:role/deid-delivery"
KMS = (
    'keys.kms={"key":"alias/deid","region":"eu-central-1","roles":{"delivery":"' + ROLE + '"}}',
    THERE,
)


def given(*settings: str) -> list[str]:
    return [word for one in settings for word in ("--set-json", one)]


def config_of(resources: list[dict[str, Any]]) -> dict[str, Any]:
    (text,) = of_kind(resources, "ConfigMap")["site-deidstream-config"]["data"].values()
    tree = yaml.safe_load(text)
    assert isinstance(tree, dict)
    return tree


@pytest.mark.parametrize("example", ["production", "operators"])
def test_with_vault_no_pod_mounts_a_key_and_each_logs_in_as_itself(example: str) -> None:
    resources = rendered(example, *given(*VAULT))
    roles = {}
    monitor = {name: one for name, one in of_kind(resources, "Deployment").items() if name.endswith("-monitor")}
    for name, one in (chains(resources) | monitor).items():
        pod = one["spec"]["template"]["spec"]
        assert not [volume for volume in pod["volumes"] if volume["name"] == "keys"]
        assert "deidstream-key" not in yaml.safe_dump(pod)
        (vault,) = [volume["projected"] for volume in pod["volumes"] if volume["name"] == "vault"]
        assert vault["defaultMode"] == 0o440
        assert vault["sources"] == [
            {"serviceAccountToken": {"path": "token", "audience": "vault", "expirationSeconds": 3600}},
            {"secret": {"name": "vault-ca", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        ]
        (container,) = pod["containers"]
        assert {"name": "vault", "mountPath": "/run/deidstream/vault", "readOnly": True} in container["volumeMounts"]
        assert pod["automountServiceAccountToken"] is False
        (role,) = [env["value"] for env in container["env"] if env["name"] == "DEIDSTREAM_DEPLOYMENT__VAULT__ROLE"]
        roles[name.removeprefix(PREFIX)] = role
    first = {
        name: one["spec"]["template"]["spec"]["containers"][0]["args"][3] for name, one in chains(resources).items()
    }
    expected = {name.removeprefix(PREFIX): f"deidstream-{stages.partition('+')[0]}" for name, stages in first.items()}
    assert roles == expected | ({"monitor": "deidstream-monitor"} if monitor else {})
    assert not [one for one in of_kind(resources, "ExternalSecret") if "key-" in one]


def test_the_roles_are_those_that_keys_rights_prints_policies_for(tmp_path: Path) -> None:
    resources = rendered("production", *given(*VAULT))
    tree = config_of(resources)
    for name in ("ca", "protocol", "mechanism"):  # files and users that only a Pod has
        tree["deployment"]["kafka"].pop(name, None)
    (tmp_path / "deidstream.yaml").write_text(yaml.safe_dump(tree))
    settings = Settings.load(tmp_path / "deidstream.yaml", {"DEIDSTREAM_DEPLOYMENT__VAULT__ROLE": "deidstream-text"})
    assert "deployment" in _MODELS
    vault = Deployment.of(settings).vault
    assert vault is not None
    assert (vault.mount, vault.path, str(vault.proof)) == ("kv", "site/deid", "/run/deidstream/vault/token")
    assert (vault.login, vault.login_mount, str(vault.ca)) == (
        "kubernetes",
        "kubernetes",
        "/run/deidstream/vault/ca.crt",
    )
    printed = {line.split()[3] for line in policies(settings, "deidstream")}
    used = {
        env["value"]
        for one in chains(resources).values()
        for env in one["spec"]["template"]["spec"]["containers"][0]["env"]
        if env["name"].endswith("VAULT__ROLE")
    }
    assert used == printed - {"deidstream-operator"}


def test_only_who_has_keys_reaches_the_place_where_they_are() -> None:
    resources = rendered("operators", *given(*VAULT))
    reached = {
        name.removeprefix(PREFIX)
        for name, one in of_kind(resources, "NetworkPolicy").items()
        for rule in one["spec"].get("egress", [])
        if {"ipBlock": {"cidr": "10.40.0.7/32"}} in rule["to"]
        if [port["port"] for port in rule["ports"]] == [8200]
    }
    assert reached == {"ingest", "identify", "core", "delivery", "monitor"}


def test_keys_that_a_service_wrapped_are_mounted_as_ever_and_the_configuration_names_it() -> None:
    resources = rendered("production", *given(*KMS))
    deployment = config_of(resources)["deployment"]
    assert deployment["kms"] == {"key": "alias/deid", "region": "eu-central-1"}
    assert (deployment["keys"], deployment["keys_provided"]) == ("/run/deidstream/keys", True)
    accounts = of_kind(resources, "ServiceAccount")
    annotated = {
        name: one["metadata"]["annotations"] for name, one in accounts.items() if "annotations" in one["metadata"]
    }
    assert annotated == {f"{PREFIX}delivery": {"eks.amazonaws.com/role-arn": ROLE}}
    plain = of_kind(rendered("production"), "StatefulSet")
    for name, one in of_kind(resources, "StatefulSet").items():
        del one["spec"]["template"]["metadata"]["annotations"]
        del plain[name]["spec"]["template"]["metadata"]["annotations"]
        assert one == plain[name]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ((VAULT[0],), "networkPolicy.keys.to: say where Vault"),
        ((KMS[0],), "networkPolicy.keys.to: say where Vault"),
        ((*VAULT, 'keys.kms.key="alias/deid"'), "keys.kms.key: it wraps keys in Secrets"),
        ((*VAULT, 'keys.vault.address="http://vault.example:8200"'), "address"),
        ((THERE, 'keys.kms.key="alias/deid"'), "keys.kms.region: say where the key is"),
        ((f'keys.kms.roles={{"core":"{ROLE}"}}',), "keys.kms.roles: name the key"),
        ((*KMS, f'keys.kms.roles={{"cores":"{ROLE}"}}'), "keys.kms.roles.cores: no such chain"),
        (('config.deployment.vault={"address":"x"}',), "config.deployment.vault: follows from other values"),
        (('config.deployment.kms={"key":"x"}',), "config.deployment.kms: follows from other values"),
    ],
)
def test_wrong_values_are_refused_with_a_message_that_helps(settings: tuple[str, ...], said: str) -> None:
    assert said in refused("production", *settings)
