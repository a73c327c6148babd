"""SeaweedFS, which ``tests/full/prepare`` has installed, as a process on loopback: a real S3 endpoint."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from deidstream.adapters.s3_client import S3Address, S3Bucket
from deidstream.cli.demo.ports import free_row
from minio import Minio
from minio.error import MinioException
from urllib3 import PoolManager, Retry, Timeout
from urllib3.exceptions import HTTPError

from tests.full.java import CACHE, absent, wait_for

ACCESS, SECRET = "tests", "only-for-tests"
"""Who may read and write."""
ADMIN, ADMIN_SECRET = "admin", "only-for-admins"
"""Who may make buckets, too: there, a put makes the bucket that it names."""
_PORTS = tuple(f"{role}.port{kind}" for role in ("master", "volume", "filer", "s3") for kind in ("", ".grpc"))


@dataclass
class Seaweed:
    """One server, its data in ``folder``. It may be killed and started again, on the same ports."""

    folder: Path
    ports: dict[str, int]
    kek: str = field(default_factory=lambda: secrets.token_hex(32), repr=False)
    process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.ports['s3.port']}"

    def url(self, bucket: str, prefix: str = "") -> str:
        return f"s3://{bucket}/{prefix}?endpoint={self.endpoint}"

    def bucket(self, name: str) -> S3Bucket:
        """The bucket ``name``, which is made where it is not there."""
        client = self.client()
        if not client.bucket_exists(name):
            client.make_bucket(name)
        return S3Bucket.open(S3Address(self.url(name), ACCESS, SECRET))

    def client(self) -> Minio:
        quick = PoolManager(timeout=Timeout(5), retries=Retry(0))
        return Minio(self.endpoint.removeprefix("http://"), ADMIN, ADMIN_SECRET, secure=False, http_client=quick)

    def start(self) -> None:
        """Until it answers."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self._command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._environment()
            )
        wait_for(self._answers, "SeaweedFS answers", 90)

    def kill(self) -> None:
        """At once, as when the machine dies: it takes 17 seconds to end in peace."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def _command(self) -> list[str]:
        config = self.folder / "s3.json"
        actions = ["Read", "Write", "List", "Tagging"]
        config.write_text(
            json.dumps(
                {
                    "identities": [
                        _identity(ADMIN, ADMIN_SECRET, [*actions, "Admin"]),
                        _identity(ACCESS, SECRET, actions),
                    ]
                }
            )
        )
        ports = [f"-{name}={port}" for name, port in self.ports.items()]
        switches = ["-filer=true", "-s3=true", "-s3.port.iceberg=0", "-s3.port.lance=0", f"-s3.config={config}"]
        sizes = ["-volume.max=100", "-master.volumeSizeLimitMB=64", "-volume.preStopSeconds=0"]
        here = [f"-dir={self.folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"]
        return [str(weed()), "-logtostderr=true", "server", *here, *ports, *switches, *sizes]

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "WEED_S3_SSE_KEK": self.kek}

    def _answers(self) -> bool:
        """To a put as well: its parts come up one after the other."""
        assert self.process is None or self.process.poll() is None, (self.folder / "log").read_text()[-4000:]
        try:
            self.bucket("ready").client.put_object("ready", "put", BytesIO(b"x"), 1)
        except (MinioException, HTTPError):
            return False
        return True


def weed() -> Path:
    path = CACHE / "seaweedfs/bin/weed"
    if not path.exists():
        absent("no SeaweedFS")
    return path


@contextmanager
def seaweed(folder: Path) -> Iterator[Seaweed]:
    """A server that runs; killed at the end."""
    weed()
    server = Seaweed(folder, dict(zip(_PORTS, free_row(len(_PORTS)), strict=True)))
    server.start()
    try:
        yield server
    finally:
        server.kill()


def _identity(key: str, secret: str, actions: list[str]) -> dict[str, object]:
    return {"name": key, "credentials": [{"accessKey": key, "secretKey": secret}], "actions": actions}
