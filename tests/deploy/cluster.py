"""A real kube-apiserver over a real etcd: no kubelet and no controllers, so that what is applied is checked and stays as it is."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml
from deidstream.cli.demo.ports import free_row

from tests.full.java import CACHE, absent, wait_for

_TOKEN = "labtoken"


@dataclass(frozen=True)
class Cluster:
    """``config``: the kubeconfig of its administrator."""

    config: Path

    @property
    def environment(self) -> dict[str, str]:
        """For Helm and kubectl."""
        return {**os.environ, "KUBECONFIG": str(self.config)}

    def kubectl(self, *arguments: str, given: object = None) -> subprocess.CompletedProcess[str]:
        """Its outcome. ``given``: resources for ``-f -``."""
        command = [str(CACHE / "deploy/helm/bin/kubectl"), *arguments]
        resources = given if isinstance(given, list) else [given]
        text = yaml.safe_dump_all(resources) if given is not None else None
        return subprocess.run(
            command, input=text, capture_output=True, text=True, timeout=120, check=False, env=self.environment
        )

    def checked(self, namespace: str, resources: Sequence[object]) -> subprocess.CompletedProcess[str]:
        """What the server says to ``resources``, of which it keeps nothing."""
        how = ("apply", "--dry-run=server", "--validate=strict", "-n", namespace, "-f", "-")
        return self.kubectl(*how, given=list(resources))

    def got(self, kind: str, namespace: str) -> dict[str, dict[str, Any]]:
        """What there is of ``kind``, by name."""
        done = self.kubectl("get", kind, "-n", namespace, "-o", "json")
        assert done.returncode == 0, done.stderr
        return {one["metadata"]["name"]: one for one in json.loads(done.stdout)["items"]}

    def namespace(self, name: str, **labels: str) -> str:
        """Made, with ``labels`` of Pod Security."""
        named = {f"pod-security.kubernetes.io/{mode}": level for mode, level in labels.items()}
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": named}}
        done = self.kubectl("apply", "-f", "-", given=body)
        assert done.returncode == 0, done.stderr
        return name


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """One that lives as long as the block."""
    server = CACHE / "deploy/kube-apiserver/kube-apiserver"
    if not server.exists() or not shutil.which("etcd"):
        absent("no kube-apiserver, or no etcd")
    client, peer, port = free_row(3)
    subprocess.run(["openssl", "genrsa", "-out", folder / "sa.key", "2048"], check=True, capture_output=True)
    public = ["openssl", "rsa", "-in", folder / "sa.key", "-pubout", "-out", folder / "sa.pub"]
    subprocess.run(public, check=True, capture_output=True)
    (folder / "tokens.csv").write_text(f'{_TOKEN},admin,1,"system:masters"\n')
    with (
        _running(folder / "etcd.log", _etcd(folder, client, peer)),
        _running(folder / "server.log", _server(server, folder, client, port)) as process,
    ):
        wait_for(lambda: _ready(port) or process.poll() is not None, "the API server is ready", 120)
        assert process.poll() is None, (folder / "server.log").read_text()[-3000:]
        yield Cluster(_kubeconfig(folder / "kubeconfig", port))


def _etcd(folder: Path, client: int, peer: int) -> list[str]:
    here, there = f"http://127.0.0.1:{client}", f"http://127.0.0.1:{peer}"
    return [
        *("etcd", "--data-dir", str(folder / "etcd"), "--unsafe-no-fsync"),
        *("--listen-client-urls", here, "--advertise-client-urls", here),
        *("--listen-peer-urls", there, "--initial-advertise-peer-urls", there, "--initial-cluster", f"default={there}"),
    ]


def _server(program: Path, folder: Path, client: int, port: int) -> list[str]:
    return [
        str(program),
        f"--etcd-servers=http://127.0.0.1:{client}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--secure-port={port}",
        f"--cert-dir={folder / 'certs'}",
        "--service-account-issuer=https://127.0.0.1",
        f"--service-account-key-file={folder / 'sa.pub'}",
        f"--service-account-signing-key-file={folder / 'sa.key'}",
        "--service-cluster-ip-range=10.0.0.0/24",
        "--endpoint-reconciler-type=none",
        "--authorization-mode=RBAC",
        f"--token-auth-file={folder / 'tokens.csv'}",
        "--disable-admission-plugins=ServiceAccount",  # no controller makes their tokens
    ]


@contextmanager
def _running(log: Path, command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _ready(port: int) -> bool:
    try:
        headers = {"Authorization": f"Bearer {_TOKEN}"}
        answer = httpx.get(f"https://127.0.0.1:{port}/readyz", headers=headers, verify=False, trust_env=False)
    except httpx.TransportError:
        return False
    return answer.status_code == 200


def _kubeconfig(path: Path, port: int) -> Path:
    at = {"server": f"https://127.0.0.1:{port}", "insecure-skip-tls-verify": True}
    tree = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "lab", "cluster": at}],
        "users": [{"name": "admin", "user": {"token": _TOKEN}}],
        "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "admin"}}],
        "current-context": "lab",
    }
    path.write_text(yaml.safe_dump(tree))
    path.chmod(0o600)
    return path
