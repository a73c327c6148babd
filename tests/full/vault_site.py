"""A site whose keys are in a real Vault: a role for each stage and one for its operator."""

from __future__ import annotations

from pathlib import Path

import yaml
from deidstream.adapters.vault_http import VaultAddress, VaultHttp
from deidstream.adapters.vault_keys import VaultKeyRing
from deidstream.adapters.vault_kv import VaultKv
from deidstream.adapters.vault_session import VaultLogin, VaultSession
from deidstream.stages.process import Process
from deidstream.stream.instances import Instance
from deidstream.stream.settings import Settings
from deidstream.stream.stages import STAGES

from tests.cli.command import run
from tests.full.vault import Vault

__all__ = ["ALL", "NAMES", "Login", "configured", "opened", "roles_and_keys", "started"]

_CHAINS = [[stage] for stage in STAGES if stage != "review"]
NAMES = [chain[0] for chain in _CHAINS]
ALL = '["create", "read", "update"]'
Login = tuple[str, Path]
"""The id of a role, and the file with its secret id."""


def roles_and_keys(server: Vault, folder: Path) -> dict[str, Login]:
    """By stage, and ``operator``: with what ``deidstream keys rights`` prints. There are keys of all purposes."""
    before = configured(folder, server, ("nobody-yet", folder / "nothing"))
    policies = server.allow(run("keys", "rights", "--config", before).out)
    assert set(policies) == {f"deidstream-{name}" for name in (*NAMES, "operator")}
    made = {name.removeprefix("deidstream-"): server.approle(name, name) for name in policies}
    assert "11 purposes" in run("keys", "make", "--config", configured(folder, server, made["operator"])).out
    return made


def configured(folder: Path, server: Vault, who: Login, **more: str) -> Path:
    tree = {
        "deployment": {"state": str(folder / "state"), "chains": _CHAINS, "vault": server.section(*who, **more)},
        "resolver": {"projects": [{"name": "research"}, {"name": "other"}]},
    }
    config = folder / "deidstream.yaml"
    config.write_text(yaml.safe_dump(tree))
    return config


def started(config: Path, stage: str) -> Process:
    return Process.of(Settings.load(config), Instance((stage,)))


def opened(server: Vault, login: Login, path: str = "deidstream", create: bool = False, **more: Path) -> VaultKeyRing:
    http = VaultHttp(VaultAddress(server.url, more.get("ca", server.certificates.ca)))
    session = VaultSession(http, VaultLogin("approle", login[1], login[0]))
    return VaultKeyRing(VaultKv(http, session, "secret", path), None, create)
