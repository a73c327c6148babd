"""Keys in a real Vault: what all places of keys must do, and who may read which, and Vault away, sealed, somebody else's."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path

import pytest
from deidstream.adapters.file_keys import FileKeyRing
from deidstream.adapters.kept_keys import KeptKeyRing
from deidstream.adapters.memory_keys import MemoryKeyRing
from deidstream.adapters.vault_http import VaultAddress, VaultHttp
from deidstream.adapters.vault_keys import VaultKeyRing
from deidstream.adapters.vault_kv import VaultKv
from deidstream.adapters.vault_session import VaultLogin, VaultSession
from deidstream.core.errors import Misconfigured, Unavailable, Unsafe
from deidstream.stages.keyring import ring_of
from deidstream.stream.deployment import Deployment
from deidstream.stream.settings import Settings
from deidstream.stream.stages import STAGES, purposes_of

from tests.adapters.keys.contract import KeyContract, Place
from tests.certificates import make_certificates
from tests.cli.command import run
from tests.full.vault import Vault
from tests.full.vault_site import ALL, NAMES, Login, configured, opened, started
from tests.stages.test_least_privilege import STARTED

pytestmark = pytest.mark.full


@pytest.fixture
def server(vault_server: Vault) -> Vault:
    return vault_server


class TestVault(KeyContract):
    @pytest.fixture
    def place(self, server: Vault, tmp_path: Path) -> Place:
        path = f"contract/{tmp_path.name}"
        policy = "\n".join(
            [
                f'path "secret/data/{path}/*" {{ capabilities = ["create", "read", "update"] }}',
                f'path "secret/metadata/{path}/" {{ capabilities = ["list"] }}',
            ]
        )
        server.ask("PUT", f"sys/policies/acl/{tmp_path.name}", {"policy": policy})
        role, secret = server.approle(tmp_path.name, tmp_path.name)

        def ring(purposes: Collection[str] | None, create: bool) -> KeptKeyRing:
            http = VaultHttp(VaultAddress(server.url, server.certificates.ca))
            store = VaultKv(http, VaultSession(http, VaultLogin("approle", secret, role)), "secret", path)
            return VaultKeyRing(store, purposes, create)

        return ring


@pytest.mark.parametrize("stage", NAMES)
def test_a_stage_starts_with_its_own_role_and_reads_nothing_else(
    server: Vault, logins: dict[str, Login], tmp_path: Path, stage: str
) -> None:
    process = started(configured(tmp_path, server, logins[stage]), stage)
    own = {one.replace("*", "research") for one in purposes_of([stage])}
    assert all(len(process.keys.secret(purpose)) == 32 for purpose in own)
    everything = opened(server, logins[stage])
    for purpose in {one.replace("*", "research") for one in purposes_of(STAGES)} - own:
        with pytest.raises(Misconfigured, match=f"vault-denied: secret/data/deidstream/{purpose}"):
            everything.secret(purpose)
    with pytest.raises(Misconfigured, match="vault-denied"):
        everything.rotate("content" if "content" in own else "release")


@pytest.mark.parametrize(("stage", "other"), [pair for pair in STARTED if set(pair) <= set(NAMES)])
def test_a_stage_with_the_role_of_another_one_is_refused_at_the_start(
    server: Vault, logins: dict[str, Login], tmp_path: Path, stage: str, other: str
) -> None:
    with pytest.raises(Misconfigured, match="vault-denied: secret/data/deidstream/"):
        started(configured(tmp_path, server, logins[other]), stage)


def test_an_operator_lists_rotates_and_gives_up_and_the_doctor_is_content(
    server: Vault, logins: dict[str, Login], tmp_path: Path
) -> None:
    (tmp_path / "running").mkdir()
    config = configured(tmp_path, server, logins["operator"])
    running = started(configured(tmp_path / "running", server, logins["text"]), "text").keys
    before = set(ring_of(Deployment.of(Settings.load(config))).ids("content"))
    said = run("keys", "rotate", "content", "--config", config)
    assert (said.code, "content: new key" in said.out) == (0, True)
    ring = ring_of(Deployment.of(Settings.load(config)))
    (new,) = set(ring.ids("content")) - before
    assert new in run("keys", "list", "--config", config).out
    assert running.open("content", ring.seal("content", b"secret", b""), b"") == b"secret"
    lost = MemoryKeyRing().seal("content", b"secret", b"")
    with pytest.raises(Unavailable, match="unknown-key"):
        running.open("content", lost, b"")
    assert run("keys", "give-up", "content", lost.key_id, "--config", config).code == 0
    with pytest.raises(Unsafe, match="key-given-up"):
        running.open("content", lost, b"")
    assert run("audit", "verify", "--config", config).code == 0
    found = [json.loads(line) for line in run("doctor", "--config", config, "--json").out.splitlines()]
    assert [one["verdict"] for one in found if one["check"] == "keys"] == ["good"]
    stage = configured(tmp_path, server, logins["delivery"])
    found = [
        json.loads(line) for line in run("doctor", "--config", stage, "--json", "--chain", "text").out.splitlines()
    ]
    assert {one["code"] for one in found if one["check"] == "keys"} == {"vault-denied", ""}
    assert not (tmp_path / "state/keys").exists()


def test_keys_of_a_folder_are_brought_into_vault_and_open_what_they_sealed(
    server: Vault, logins: dict[str, Login], tmp_path: Path
) -> None:
    files = FileKeyRing(tmp_path / "keys", {"content", "surrogate.research"})
    sealed = files.seal("content", b"secret", b"")
    server.allow(
        f"vault policy write brought - <<'EOF'\npath \"secret/data/brought/*\" {{ capabilities = {ALL} }}\nEOF"
    )
    config = configured(tmp_path, server, server.approle("brought", "brought"), path="brought")
    assert "2 purposes brought, 0 there already" in run("keys", "import", tmp_path / "keys", "--config", config).out
    assert "0 purposes brought, 2 there already" in run("keys", "import", tmp_path / "keys", "--config", config).out
    assert ring_of(Deployment.of(Settings.load(config))).open("content", sealed, b"") == b"secret"
    FileKeyRing(tmp_path / "others", {"content"})
    refused = run("keys", "import", tmp_path / "others", "--config", config)
    assert (refused.code, "key-there: content" in refused.err) == (2, True)


def test_vault_away_or_sealed_refuses_the_start_and_stops_nobody_who_runs(
    server: Vault, logins: dict[str, Login], tmp_path: Path
) -> None:
    config = configured(tmp_path, server, logins["text"])
    running = started(config, "text").keys
    sealed = running.seal("content", b"secret", b"")
    operator = opened(server, logins["operator"])
    operator.rotate("content")
    new = operator.seal("content", b"new", b"")
    server.stop()
    assert running.open("content", sealed, b"") == b"secret"
    with pytest.raises(Unavailable, match=f"vault-away: {server.url}"):
        running.open("content", new, b"")
    with pytest.raises(Unavailable, match=f"vault-away: {server.url}: no answer"):
        started(config, "text")
    server.start(unseal=False)
    with pytest.raises(Unavailable, match=f"vault-sealed: {server.url}: .*unseal"):
        started(config, "text")
    server.unseal()
    assert running.open("content", new, b"") == b"new", "what waited goes on"
    assert started(config, "text").keys.open("content", sealed, b"") == b"secret"


def test_a_vault_that_nobody_vouches_for_is_refused(server: Vault, logins: dict[str, Login], tmp_path: Path) -> None:
    strangers = make_certificates(tmp_path)
    with pytest.raises(Misconfigured, match="vault-certificate: .*deployment.vault.ca"):
        opened(server, logins["text"], ca=strangers.ca).secret("content")


def test_no_entry_and_no_store_of_version_2_stop_the_start(
    server: Vault, logins: dict[str, Login], tmp_path: Path
) -> None:
    server.allow(
        f"vault policy write nowhere - <<'EOF'\npath \"secret/data/nowhere/*\" {{ capabilities = {ALL} }}\nEOF"
    )
    config = configured(tmp_path, server, server.approle("nowhere", "nowhere"), path="nowhere")
    with pytest.raises(Misconfigured, match="key-missing: audit: no secret/nowhere/audit there"):
        started(config, "fields")
    assert "secret/nowhere" not in json.dumps(server.ask("LIST", "secret/metadata/"))
