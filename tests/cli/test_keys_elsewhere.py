"""``deidstream keys`` where keys lie in Vault, or are wrapped: what is printed and refused. tests/full does it for real."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
from deidstream.adapters.file_keys import FileKeyRing

from tests.cli.command import run

_VAULT = "vault: {address: 'https://vault.example:8200', login: kubernetes, role: core, mount: kv, path: hospital/deid}"
_KMS = "kms: {key: KEY, region: eu-central-1}"
_CHAINS = "chains: [[ingest], [identify, fields, text], [resolver, writer], [delivery]]"


def configured(folder: Path, *deployment: str, more: str = "") -> Path:
    config = folder / "deidstream.yaml"
    config.write_text(
        f"deployment: {{state: '{folder / 'state'}', {', '.join((*deployment, _CHAINS))}}}\n"
        f"resolver: {{projects: [{{name: research}}]}}\n{more}"
    )
    return config


def test_vault_gets_one_policy_a_chain_with_its_purposes_and_one_for_operators(tmp_path: Path) -> None:
    ran = run("keys", "rights", "--config", configured(tmp_path, _VAULT))
    assert ran.code == 0
    policies = ran.out.split("vault policy write ")[1:]
    assert [one.partition(" ")[0].removeprefix("deidstream-") for one in policies] == [
        *("ingest", "identify", "resolver", "delivery", "operator")
    ]
    assert policies[3] == (
        "deidstream-delivery - <<'EOF'\n"
        'path "kv/data/hospital/deid/audit" { capabilities = ["read"] }\n'
        'path "kv/data/hospital/deid/release" { capabilities = ["read"] }\n'
        "EOF\n"
    )
    for chain in (0, 1, 3):
        assert "surrogate" not in policies[chain]
    assert "token.research" in policies[2]
    assert 'kv/data/hospital/deid/*" { capabilities = ["create", "read", "update"]' in policies[4]
    assert "delete" not in ran.out


@pytest.mark.parametrize(
    ("key", "resource"),
    [
        ("arn:aws:kms:eu-central-1:1:key/4f", "arn:aws:kms:eu-central-1:1:key/4f"),
        ("4f", "arn:aws:kms:eu-central-1:*:key/4f"),
        ("alias/deid", "arn:aws:kms:eu-central-1:*:key/*"),
    ],
)
def test_iam_gets_one_policy_a_chain_whose_context_has_its_purposes(tmp_path: Path, key: str, resource: str) -> None:
    config = configured(tmp_path, _KMS.replace("KEY", f"'{key}'"), "keys_provided: true")
    commands = [shlex.split(line) for line in run("keys", "rights", "--config", config).out.splitlines()]
    assert [one[4] for one in commands] == [
        f"deidstream-{name}" for name in ("ingest", "identify", "resolver", "delivery", "operator")
    ]
    (delivery,) = json.loads(commands[3][-1])["Statement"]
    assert (delivery["Action"], delivery["Resource"]) == (["kms:Decrypt"], resource)
    equal = delivery["Condition"]["StringEquals"]
    assert equal["kms:EncryptionContext:deidstream-purpose"] == ["audit", "release"]
    assert equal.get("kms:RequestAlias") == ("alias/deid" if key.startswith("alias/") else None)
    (operator,) = json.loads(commands[4][-1])["Statement"]
    assert operator["Action"] == ["kms:Decrypt", "kms:Encrypt"]


def test_the_monitor_gets_a_policy_where_it_looks_into_releases(tmp_path: Path) -> None:
    (tmp_path / "canaries").write_text("one value\n")
    more = f"monitor: {{canaries: '{tmp_path / 'canaries'}'}}\n"
    policies = run("keys", "rights", "--config", configured(tmp_path, _VAULT, more=more)).out
    assert "deidstream-monitor - <<'EOF'\npath \"kv/data/hospital/deid/release\"" in policies
    assert "deidstream-monitor" not in run("keys", "rights", "--config", configured(tmp_path, _VAULT)).out


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ((_VAULT, "keys: elsewhere"), "vault: keys lie there or in a folder"),
        ((_VAULT, "keys_provided: true"), "vault: keys lie there or in a folder"),
        ((_VAULT, _KMS), "vault: keys lie there or in a folder"),
        ((_VAULT.replace("https", "http"),), "vault-address: deployment.vault.address: give https"),
        ((_VAULT.replace(", role: core", ""),), "role: name the role to log in as"),
        ((_VAULT.replace("kubernetes", "approle"),), "secret: name the file with the secret id"),
        ((_VAULT.replace("kubernetes", "ldap"),), "deployment.vault.login"),
        ((_VAULT.replace("hospital/deid", "../other"),), "deployment.vault.path"),
        ((_KMS.replace("eu-central-1", "'https://elsewhere'"),), "deployment.kms.region"),
        ((_KMS[:-1] + ", endpoint: 'http://kms.example'}",), "kms-address: deployment.kms.endpoint: give https"),
    ],
)
def test_settings_that_cannot_be_are_refused(tmp_path: Path, settings: tuple[str, ...], said: str) -> None:
    folder = () if "vault:" in settings[0] else (tmp_path / "keys",)
    ran = run("keys", "make", *folder, "--config", configured(tmp_path, *settings))
    assert (ran.code, said in ran.err) == (2, True), ran.err
    assert not (tmp_path / "keys").exists()


def test_without_a_folder_or_vault_it_is_said_what_to_name(tmp_path: Path) -> None:
    config = configured(tmp_path)
    for command in (("keys", "make"), ("keys", "rights"), ("keys", "import", tmp_path / "keys")):
        ran = run(*command, "--config", config)
        assert (ran.code, "deployment.vault" in ran.err) == (2, True), command


def test_keys_of_a_vault_that_is_away_are_not_taken_from_the_folder(tmp_path: Path) -> None:
    FileKeyRing(tmp_path / "state/keys", {"content", "audit"})
    away = _VAULT.replace("vault.example:8200", "127.0.0.1:9").replace(
        "kubernetes", f"token, secret: '{tmp_path}/token'"
    )
    (tmp_path / "token").touch(0o600)
    (tmp_path / "token").write_text("token")
    ran = run("keys", "list", "--config", configured(tmp_path, away))
    assert ran.code != 0
    assert "vault-away: https://127.0.0.1:9" in ran.err
    found = run("doctor", "--json", "--config", configured(tmp_path, away))
    keys = [json.loads(line) for line in found.out.splitlines() if '"check": "keys"' in line]
    assert [(one["verdict"], one["code"]) for one in keys] == [("bad", "vault-away")]
