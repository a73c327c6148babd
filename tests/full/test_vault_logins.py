"""Who comes to a real Vault, and how: AppRole, a service account, a token's file; leases; a whole deployment."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from deidstream.adapters.vault_http import VaultAddress, VaultHttp
from deidstream.adapters.vault_keys import VaultKeyRing
from deidstream.adapters.vault_kv import VaultKv
from deidstream.adapters.vault_session import VaultLogin, VaultSession
from deidstream.core.errors import Misconfigured

from tests.full.reviewer import Reviewer, reviewing
from tests.full.vault import Vault
from tests.full.vault_site import NAMES, Login, configured, opened, started
from tests.harness.client import eventually, message, mllp
from tests.harness.deployment import deployment

pytestmark = pytest.mark.full


@pytest.fixture
def server(vault_server: Vault) -> Vault:
    return vault_server


@pytest.fixture
def reviewer() -> Iterator[Reviewer]:
    with reviewing() as made:
        yield made


def test_a_whole_deployment_runs_on_keys_of_vault_and_has_none_of_its_own(
    server: Vault, logins: dict[str, Login], tmp_path: Path
) -> None:
    everything = ",".join(f"deidstream-{name}" for name in NAMES)
    login = server.approle("up", everything)
    with deployment(tmp_path, {"vault": server.section(*login)}) as running:
        running.start()
        running.wait_ready()
        assert mllp(running.mllp, message("C1", "1")) == ["CA"]
        assert eventually(lambda: list(running.released.rglob("*.hl7")))
        log = (tmp_path / "up.log").read_text()
    assert not (tmp_path / "state/keys").exists()
    assert login[1].read_text() not in log


def test_a_wrong_secret_id_stops_the_start_and_is_not_shown(
    server: Vault, logins: dict[str, Login], tmp_path: Path
) -> None:
    wrong = tmp_path / "secret-id"
    wrong.write_text("6a174c20-f6de-a53c-74d2-6018fcceff64")
    wrong.chmod(0o600)
    with pytest.raises(Misconfigured, match="vault-login: auth/approle/login") as caught:
        started(configured(tmp_path, server, (logins["text"][0], wrong)), "text")
    assert wrong.read_text() not in str(caught.value)


def test_a_lease_is_renewed_and_got_anew_at_its_longest(server: Vault, logins: dict[str, Login]) -> None:
    login = server.approle("short", "deidstream-text", token_ttl="3s", token_max_ttl="6s", token_num_uses=0)
    http = VaultHttp(VaultAddress(server.url, server.certificates.ca))
    session = VaultSession(http, VaultLogin("approle", login[1], login[0]))
    store = VaultKv(http, session, "secret", "deidstream")
    session.keep()
    try:
        seen = [session.token()]
        until = time.monotonic() + 14
        while time.monotonic() < until:
            assert store.read("content") is not None
            if session.token() != seen[-1]:
                seen.append(session.token())
            time.sleep(0.2)
    finally:
        session.close()
    assert 2 <= len(seen) <= 5, "not once a lease (14 s are nearly five), and not one for ever"


def test_a_revoked_token_is_got_anew_when_it_is_needed(server: Vault, logins: dict[str, Login]) -> None:
    http = VaultHttp(VaultAddress(server.url, server.certificates.ca))
    session = VaultSession(http, VaultLogin("approle", logins["text"][1], logins["text"][0]))
    ring = VaultKeyRing(VaultKv(http, session, "secret", "deidstream"), {"content"})
    server.ask("POST", "auth/token/revoke", {"token": session.token()})
    operator = opened(server, logins["operator"])
    operator.rotate("content")
    assert ring.open("content", operator.seal("content", b"secret", b""), b"") == b"secret"


def test_a_token_file_is_taken_as_it_is_now(server: Vault, logins: dict[str, Login], tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.touch(0o600)
    config = configured(tmp_path, server, ("", path), login="token")

    def given(**settings: object) -> str:
        made = server.ask("POST", "auth/token/create", {"policies": ["deidstream-text"], **settings})
        path.write_text(made["auth"]["client_token"])
        return str(made["auth"]["client_token"])

    first = given(ttl="1h")
    running = started(config, "text").keys
    server.ask("POST", "auth/token/revoke", {"token": first})
    with pytest.raises(Misconfigured, match=f"vault-login: {path}: .*not valid"):
        started(config, "text")
    given(period="1h")  # as Vault Agent replaces it
    operator = opened(server, logins["operator"])
    operator.rotate("content")
    assert running.open("content", operator.seal("content", b"secret", b""), b"") == b"secret"


def test_a_pod_logs_in_with_its_service_account_and_as_nobody_else(
    server: Vault, logins: dict[str, Login], tmp_path: Path, reviewer: Reviewer
) -> None:
    server.ask("POST", "sys/auth/kubernetes", {"type": "kubernetes"})
    server.ask("POST", "auth/kubernetes/config", reviewer.configuration(server.certificates.ca))
    for name in ("text", "delivery"):
        server.ask("POST", f"auth/kubernetes/role/deidstream-{name}", reviewer.role(name))
    token = tmp_path / "token"
    token.write_text(reviewer.token("text"))
    config = configured(tmp_path, server, ("deidstream-text", token), login="kubernetes")
    assert len(started(config, "text").keys.secret("content")) == 32
    with pytest.raises(Misconfigured, match="vault-login: auth/kubernetes/login"):
        started(configured(tmp_path, server, ("deidstream-delivery", token), login="kubernetes"), "delivery")
