"""A real Vault, which ``tests/full/prepare`` has built, as a process on loopback with TLS: unsealed, with a KV store and logins."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from deidstream.adapters.tls import client_context
from deidstream.cli.demo.ports import free_row

from tests.certificates import Certificates
from tests.full.java import CACHE, absent, wait_for

_POLICY = re.compile(r"vault policy write (\S+) - <<'EOF'\n(.*?)\nEOF", re.DOTALL)


@dataclass
class Vault:
    """One server, its storage in ``folder``. Killed and started again it is sealed, as Vault is."""

    folder: Path
    certificates: Certificates
    port: int
    process: subprocess.Popen[bytes] | None = None
    _unseal: str = field(default="", repr=False)
    _root: str = field(default="", repr=False)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def start(self, unseal: bool = True) -> None:
        """Until it answers."""
        there = CACHE / "vault/vault"
        if not there.exists():
            absent("no Vault")
        files = [f"-certificate={self.certificates.server}", f"-key={self.certificates.server_key}"]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [str(there), f"-listen=127.0.0.1:{self.port}", *files, f"-data={self.folder / 'data'}"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        wait_for(self._answers, "Vault answers", 60)
        if not self._root:
            made = self.ask("PUT", "sys/init", {"secret_shares": 1, "secret_threshold": 1})
            self._unseal, self._root = made["keys"][0], made["root_token"]
        if unseal:
            self.unseal()

    def unseal(self) -> None:
        self.ask("PUT", "sys/unseal", {"key": self._unseal})
        wait_for(lambda: self._status("sys/health") == 200, "Vault is unsealed", 60)

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def ask(self, method: str, path: str, body: Mapping[str, object] | None = None) -> dict[str, Any]:
        """As root. Fails where it is refused."""
        answer = self._client().request(
            method, f"{self.url}/v1/{path}", json=body, headers={"x-vault-token": self._root} if self._root else {}
        )
        assert answer.status_code < 300, (path, answer.status_code, answer.text)
        content = json.loads(answer.content or b"{}")
        assert isinstance(content, dict)
        return content

    def approle(self, name: str, policies: str, **settings: object) -> tuple[str, Path]:
        """The id of a new role with ``policies``, and the file with its secret id."""
        self.ask("POST", f"auth/approle/role/{name}", {"token_policies": policies, **settings})
        role = self.ask("GET", f"auth/approle/role/{name}/role-id")["data"]["role_id"]
        path = self.folder / f"secret-id-{name}"
        path.touch(0o600)
        path.write_text(self.ask("POST", f"auth/approle/role/{name}/secret-id", {})["data"]["secret_id"])
        return str(role), path

    def allow(self, printed: str) -> list[str]:
        """Does what ``deidstream keys rights`` has printed; the names of the policies."""
        for name, text in _POLICY.findall(printed):
            self.ask("PUT", f"sys/policies/acl/{name}", {"policy": text})
        return [name for name, _ in _POLICY.findall(printed)]

    def section(self, role: str, secret: Path, **more: str) -> dict[str, str]:
        """``deployment.vault`` of a configuration."""
        here = {"address": self.url, "ca": str(self.certificates.ca), "login": "approle"}
        return here | {"role": role, "secret": str(secret)} | more

    def _client(self) -> httpx.Client:
        return httpx.Client(verify=client_context(self.certificates.ca, None, None), timeout=20, trust_env=False)

    def _status(self, path: str) -> int:
        return self._client().get(f"{self.url}/v1/{path}").status_code

    def _answers(self) -> bool:
        assert self.process is None or self.process.poll() is None, (self.folder / "log").read_text()[-4000:]
        try:
            return self._status("sys/seal-status") == 200
        except httpx.HTTPError:
            return False


@contextmanager
def vault(folder: Path, certificates: Certificates) -> Iterator[Vault]:
    """A server that runs, with a KV store of version 2 at ``secret`` and AppRole; ended at the end."""
    server = Vault(folder, certificates, free_row(1)[0])
    server.start()
    try:
        server.ask("POST", "sys/mounts/secret", {"type": "kv", "options": {"version": "2"}})
        server.ask("POST", "sys/auth/approle", {"type": "approle"})
        wait_for(lambda: _mounted(server), "the KV store is there", 30)
        yield server
    finally:
        server.stop()


def _mounted(server: Vault) -> bool:
    """A store of version 2 takes a moment after it was mounted."""
    try:
        server.ask("POST", "secret/data/ready", {"data": {"ready": "1"}})
    except AssertionError:
        return False
    return True
