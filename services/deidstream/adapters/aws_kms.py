"""Keys wrapped by AWS KMS, or by what speaks its API: ``Encrypt`` and ``Decrypt`` over HTTPS, signed (version 4).

The encryption context has the purpose and the id of the key, so that one wrapped for another purpose does not open, and a policy of
IAM can allow a role the purposes of its stages alone (``kms:EncryptionContext:deidstream-purpose``).

    away, throttled                       Unavailable      to be tried again
    credentials, rights, another key      Misconfigured    with what to mend

What the service says in words is not passed on, only its code.
"""

from __future__ import annotations

import base64
import binascii
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from minio.credentials.providers import IamAwsProvider, Provider, StaticProvider
from urllib3 import PoolManager, Retry, Timeout

from deidstream.adapters.aws_signature import AwsCredentials, signed
from deidstream.adapters.tls import certificate_refused, client_context, encrypted
from deidstream.core.errors import DeidstreamError, Misconfigured, Unavailable

__all__ = ["CONTEXT", "AwsKms", "KmsAddress"]

CONTEXT = ("deidstream-purpose", "deidstream-key")
"""Names in the encryption context."""

_SECONDS = 10.0
_PLATFORM_SECONDS = 5.0
_LOGIN = "KMS does not know these credentials, or they have expired: see deployment.kms.credentials"
_REFUSED = {
    "AccessDeniedException": (
        "kms-denied",
        "this role may not do that with this purpose: see deidstream keys rights, and credentials",
    ),
    "InvalidCiphertextException": (
        "kms-other-key",
        "it was not wrapped for this purpose by this key: restore the file",
    ),
    "IncorrectKeyException": ("kms-other-key", "another key of KMS wrapped it: name that one in deployment.kms.key"),
    "NotFoundException": ("kms-no-key", "there is no such key in this region: see deployment.kms.key"),
    "DisabledException": ("kms-key-disabled", "enable it, or nothing that is sealed opens"),
    "KMSInvalidStateException": ("kms-key-disabled", "it waits to be deleted, or is not usable: cancel that"),
    "InvalidKeyUsageException": ("kms-key-usage", "name a symmetric key for encryption"),
    "UnrecognizedClientException": ("kms-credentials", _LOGIN),
    "InvalidClientTokenId": ("kms-credentials", _LOGIN),
    "InvalidSignatureException": (
        "kms-credentials",
        "the secret key is not the one of this access key, or clocks differ",
    ),
    "SignatureDoesNotMatch": ("kms-credentials", "the secret key is not the one of this access key, or clocks differ"),
    "ExpiredTokenException": ("kms-credentials", _LOGIN),
    "MissingAuthenticationTokenException": ("kms-credentials", _LOGIN),
}


@dataclass(frozen=True, slots=True)
class KmsAddress:
    """``key``: its ARN, id or alias. ``credentials``: a file, see ``_provider``; None: what the platform gives this process."""

    key: str
    region: str
    endpoint: str = ""
    credentials: Path | None = None
    ca: Path | None = None

    @property
    def url(self) -> str:
        """Raises Misconfigured where it is not encrypted, but for loopback."""
        url = self.endpoint or f"https://kms.{self.region}.amazonaws.com"
        if not encrypted(url):
            raise Misconfigured("kms-address", "deployment.kms.endpoint", "give https://HOST[:PORT]: keys go over it")
        return url


class AwsKms:
    """``ports.KeyWrapping``. Asks nobody before it is used."""

    def __init__(self, address: KmsAddress, now: Callable[[], float] = time.time) -> None:
        self._address = address
        self._url = address.url
        self._now = now
        self._provider = _provider(address.credentials)
        secure = self._url.startswith("https://")
        verify = client_context(address.ca, None, None) if secure else True
        self._http = httpx.Client(timeout=_SECONDS, verify=verify, trust_env=False, follow_redirects=False)

    def wrap(self, purpose: str, key_id: str, secret: bytes) -> bytes:
        """See ``ports.KeyWrapping``."""
        return self._asked("Encrypt", purpose, key_id, "Plaintext", secret, "CiphertextBlob")

    def unwrap(self, purpose: str, key_id: str, wrapped: bytes) -> bytes:
        """See ``ports.KeyWrapping``."""
        return self._asked("Decrypt", purpose, key_id, "CiphertextBlob", wrapped, "Plaintext")

    def _asked(self, action: str, purpose: str, key_id: str, given: str, data: bytes, wanted: str) -> bytes:
        body = {
            "KeyId": self._address.key,
            "EncryptionContext": dict(zip(CONTEXT, (purpose, key_id), strict=True)),
            given: base64.b64encode(data).decode(),
        }
        answer = self._post(action, json.dumps(body).encode(), purpose)
        try:
            return base64.b64decode(str(answer[wanted]), validate=True)
        except (KeyError, binascii.Error):
            raise Unavailable("kms-away", self._url, "what it answers is not understood") from None

    def _post(self, action: str, body: bytes, purpose: str) -> Mapping[str, object]:
        headers = {
            "host": urlsplit(self._url).netloc,
            "content-type": "application/x-amz-json-1.1",
            "x-amz-target": f"TrentService.{action}",
        }
        scope = (self._address.region, "kms")
        try:
            response = self._http.post(
                self._url, content=body, headers=signed(headers, body, self._credentials(), scope, self._now())
            )
        except httpx.HTTPError as error:
            if certificate_refused(error):
                hint = "its certificate is not of an authority that is trusted: see deployment.kms.ca"
                raise Misconfigured("kms-certificate", self._url, hint) from None
            raise Unavailable("kms-away", self._url, "no answer; is it reachable from here?") from None
        content = _object(response)
        if response.status_code != 200:
            raise self._error(response.status_code, str(content.get("__type", "")).rpartition("#")[2], purpose)
        return content

    def _error(self, status: int, kind: str, purpose: str) -> DeidstreamError:
        known = _REFUSED.get(kind) or (_REFUSED["AccessDeniedException"] if status in (401, 403) else None)
        if known is not None:
            return Misconfigured(known[0], purpose, known[1])
        if status == 429 or status >= 500 or kind in ("ThrottlingException", "LimitExceededException"):
            return Unavailable("kms-away", self._url, f"it answers {status}")
        return Misconfigured("kms-refused", purpose, f"KMS answers {status}")

    def _credentials(self) -> AwsCredentials:
        try:
            found = self._provider.retrieve()
        except Exception:  # noqa: BLE001 - the library raises whatever its HTTP client does; what it says may be a token
            hint = "no credentials: the platform gives this process none, and deployment.kms.credentials names no file"
            raise Unavailable("kms-credentials", self._url, hint) from None
        return AwsCredentials(found.access_key, found.secret_key, found.session_token or "")


def _provider(credentials: Path | None) -> Provider:
    """Of a file of two or three lines (access key, secret key, session token), else of what EKS, ECS or EC2 give a process."""
    if credentials is None:
        quick = PoolManager(timeout=Timeout(connect=_PLATFORM_SECONDS, read=_PLATFORM_SECONDS), retries=Retry(1))
        return IamAwsProvider(http_client=quick)
    try:
        lines = credentials.read_text("ascii").split()
    except (OSError, UnicodeDecodeError):
        lines = []
    if len(lines) not in (2, 3):
        raise Misconfigured(
            "kms-credentials", str(credentials), "two or three lines: access key, secret key, session token"
        )
    return StaticProvider(*lines)


def _object(response: httpx.Response) -> Mapping[str, object]:
    try:
        content = response.json()
    except ValueError:
        content = {}
    return content if isinstance(content, Mapping) else {}
