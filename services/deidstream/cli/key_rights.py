"""Who may have which keys: policies of Vault and of IAM, the least that the stages of each chain need."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from deidstream.core.errors import Misconfigured
from deidstream.stages.monitor.config import MonitorSettings
from deidstream.stages.resolver.config import ResolverSettings
from deidstream.stream.deployment import Deployment
from deidstream.stream.key_places import Kms, Vault
from deidstream.stream.settings import Settings
from deidstream.stream.stages import KEY_PURPOSES, purposes_with

__all__ = ["policies"]

_OPERATOR = "operator"


def policies(settings: Settings, prefix: str) -> Iterator[str]:
    """One command a user. Raises Misconfigured where keys lie in a folder, in the clear: its owner has them."""
    deployment, users = Deployment.of(settings), _users(settings)
    if deployment.vault is not None:
        for name, purposes in users.items():
            yield _vault(f"{prefix}-{name}", deployment.vault, purposes)
        yield _vault_operator(f"{prefix}-{_OPERATOR}", deployment.vault)
    elif deployment.kms is not None:
        may = ["kms:Decrypt"] if deployment.keys_provided else ["kms:Decrypt", "kms:Encrypt"]
        for name, purposes in users.items():
            yield _iam(f"{prefix}-{name}", may, _statement(deployment.kms, purposes))
        yield _iam(f"{prefix}-{_OPERATOR}", ["kms:Decrypt", "kms:Encrypt"], _statement(deployment.kms, frozenset()))
    else:
        raise Misconfigured("keys-rights", "deployment", "keys lie in a folder: set deployment.vault or deployment.kms")


def _users(settings: Settings) -> dict[str, frozenset[str]]:
    """Purposes by chain (its first stage), and those of the monitor, where it looks into releases."""
    projects = [project.name for project in settings.section("resolver", ResolverSettings).projects]
    users = {chain[0]: purposes_with(chain, projects) for chain in Deployment.of(settings).chains}
    watched = "monitor" in settings.names() and settings.section("monitor", MonitorSettings).canaries
    return users | ({"monitor": KEY_PURPOSES["monitor"]} if watched else {})


def _vault(name: str, vault: Vault, purposes: frozenset[str]) -> str:
    return _written(name, [_path(vault, "data", purpose, "read") for purpose in sorted(purposes)])


def _vault_operator(name: str, vault: Vault) -> str:
    """May make and rotate, and may list; may delete nothing."""
    entries = _path(vault, "data", "*", "create", "read", "update")
    return _written(name, [entries, _path(vault, "metadata", "", "list")])


def _path(vault: Vault, kind: str, name: str, *capabilities: str) -> str:
    return f'path "{vault.mount}/{kind}/{vault.path}/{name}" {{ capabilities = {json.dumps(capabilities)} }}'


def _written(name: str, lines: list[str]) -> str:
    return "\n".join([f"vault policy write {name} - <<'EOF'", *lines, "EOF"])


def _statement(kms: Kms, purposes: frozenset[str]) -> dict[str, object]:
    """Which key, and in which encryption context; without ``purposes`` in any."""
    from deidstream.adapters.aws_kms import CONTEXT  # with its HTTP client: half a second

    equal: dict[str, object] = {f"kms:EncryptionContext:{CONTEXT[0]}": sorted(purposes)} if purposes else {}
    resource = kms.key if kms.key.startswith("arn:") else f"arn:aws:kms:{kms.region}:*:key/{kms.key}"
    if "alias/" in kms.key:
        resource, equal["kms:RequestAlias"] = (
            f"arn:aws:kms:{kms.region}:*:key/*",
            f"alias/{kms.key.partition('alias/')[2]}",
        )
    return {"Resource": resource} | ({"Condition": {"StringEquals": equal}} if equal else {})


def _iam(name: str, actions: list[str], statement: Mapping[str, object]) -> str:
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, **statement}]}
    return f"aws iam put-role-policy --role-name {name} --policy-name deidstream-keys --policy-document '{json.dumps(document)}'"
