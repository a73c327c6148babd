"""A server with the API of AWS KMS and IAM (moto), which ``tests/full/prepare`` has installed, as a process on loopback with TLS.

After it was set up it checks each signature, and what the policies of the caller allow. Conditions of policies it does not know.
"""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from deidstream.adapters.aws_kms import KmsAddress
from deidstream.adapters.aws_signature import AwsCredentials, signed
from deidstream.cli.demo.ports import free_row

from tests.certificates import Certificates
from tests.full.java import CACHE, absent, wait_for

REGION = "eu-central-1"
_ROOT = AwsCredentials("only-for-tests", "only-for-tests")


@dataclass
class Kms:
    """One server. ``folder`` has its log and the credentials of its users."""

    folder: Path
    certificates: Certificates
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Until it answers; it remembers nothing of an earlier run."""
        there = CACHE / "kms/bin/moto_server"
        if not there.exists():
            absent("no server of KMS's API")
        certificate = ["-s", "-c", str(self.certificates.server), "-k", str(self.certificates.server_key)]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [str(there), "-H", "127.0.0.1", "-p", str(self.port), *certificate],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "INITIAL_NO_AUTH_ACTION_COUNT": "inf"},
            )
        wait_for(self._answers, "the server of KMS answers", 60)

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def new_key(self) -> str:
        """The ARN of a new symmetric key."""
        made = self.ask("CreateKey", {})["KeyMetadata"]
        assert isinstance(made, dict)
        return str(made["Arn"])

    def ask(self, action: str, body: Mapping[str, object]) -> dict[str, object]:
        """As its administrator, whom it does not check while nobody else is checked."""
        headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": f"TrentService.{action}"}
        answer = json.loads(self._post(json.dumps(body).encode(), headers, "kms"))
        assert isinstance(answer, dict)
        return answer

    def user(self, name: str, *actions: str) -> Path:
        """The credentials of a new user that may do ``actions``."""
        document = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}],
        }
        self._iam("CreateUser", UserName=name)
        self._iam("PutUserPolicy", UserName=name, PolicyName="keys", PolicyDocument=json.dumps(document))
        made = self._iam("CreateAccessKey", UserName=name)
        pair = [made.partition(f"<{tag}>")[2].partition("<")[0] for tag in ("AccessKeyId", "SecretAccessKey")]
        path = self.folder / f"credentials-{name}"
        path.write_text("\n".join(pair))
        return path

    def check_everybody(self, whether: bool) -> None:
        """From now on signatures and rights count."""
        self._post(b"0" if whether else b"inf", {"content-type": "text/plain"}, "", "/moto-api/reset-auth")

    def address(self, key: str, credentials: Path) -> KmsAddress:
        return KmsAddress(key, REGION, self.endpoint, credentials, self.certificates.ca)

    def _iam(self, action: str, **given: str) -> str:
        body = urlencode({"Action": action, "Version": "2010-05-08", **given}).encode()
        return self._post(body, {"content-type": "application/x-www-form-urlencoded"}, "iam").decode()

    def _post(self, body: bytes, headers: Mapping[str, str], service: str, path: str = "/") -> bytes:
        sent = dict(headers)
        if service:
            scope = (REGION if service == "kms" else "us-east-1", service)
            sent = signed({**headers, "host": f"127.0.0.1:{self.port}"}, body, _ROOT, scope, time.time())
        context = ssl.create_default_context(cafile=str(self.certificates.ca))
        request = Request(self.endpoint + path, data=body, headers=sent, method="POST")
        with urlopen(request, timeout=20, context=context) as answer:
            return bytes(answer.read())

    def _answers(self) -> bool:
        assert self.process is None or self.process.poll() is None, (self.folder / "log").read_text()[-4000:]
        try:
            self.ask("ListKeys", {})
        except OSError:
            return False
        return True


@contextmanager
def kms(folder: Path, certificates: Certificates) -> Iterator[Kms]:
    """A server that runs; ended at the end."""
    server = Kms(folder, certificates, free_row(1)[0])
    server.start()
    try:
        yield server
    finally:
        server.stop()
