"""What answers of Vault and KMS mean, and what is asked of them; tests/full has real servers."""

from __future__ import annotations

import json
from calendar import timegm
from collections.abc import Iterator
from pathlib import Path
from time import strptime

import pytest
from deidstream.adapters.aws_kms import AwsKms, KmsAddress
from deidstream.adapters.aws_signature import AwsCredentials, signed
from deidstream.adapters.vault_http import VaultAddress, VaultHttp
from deidstream.adapters.vault_session import VaultLogin, VaultSession
from deidstream.core.errors import DeidstreamError, Misconfigured, Unavailable

from tests.adapters.keys.answering import Answering, answering

SAID = "hvs.CAESIJ-what-a-server-repeats"


@pytest.fixture
def server() -> Iterator[Answering]:
    with answering() as made:
        yield made


@pytest.fixture
def kms(server: Answering, tmp_path: Path) -> AwsKms:
    (tmp_path / "credentials").write_text("AKIDEXAMPLE\nsecret\nsession")
    return AwsKms(KmsAddress("alias/keys", "eu-central-1", server.url, tmp_path / "credentials"))


def test_a_signature_is_that_of_the_published_suite() -> None:
    """``post-vanilla`` of AWS's suite for signature version 4."""
    credentials = AwsCredentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
    moment = timegm(strptime("20150830T123600Z", "%Y%m%dT%H%M%SZ"))
    headers = signed({"host": "example.amazonaws.com"}, b"", credentials, ("us-east-1", "service"), moment)
    expected = "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"
    assert headers["authorization"].endswith(f"SignedHeaders=host;x-amz-date, Signature={expected}")


@pytest.mark.parametrize(
    ("status", "kind", "error", "code"),
    [
        (400, "AccessDeniedException", Misconfigured, "kms-denied"),
        (400, "com.amazonaws.kms#InvalidCiphertextException", Misconfigured, "kms-other-key"),
        (400, "IncorrectKeyException", Misconfigured, "kms-other-key"),
        (400, "NotFoundException", Misconfigured, "kms-no-key"),
        (400, "DisabledException", Misconfigured, "kms-key-disabled"),
        (400, "KMSInvalidStateException", Misconfigured, "kms-key-disabled"),
        (400, "UnrecognizedClientException", Misconfigured, "kms-credentials"),
        (400, "ExpiredTokenException", Misconfigured, "kms-credentials"),
        (400, "ThrottlingException", Unavailable, "kms-away"),
        (400, "ValidationException", Misconfigured, "kms-refused"),
        (403, "", Misconfigured, "kms-denied"),
        (500, "KMSInternalException", Unavailable, "kms-away"),
        (503, "", Unavailable, "kms-away"),
        (200, "", Unavailable, "kms-away"),
    ],
)
def test_what_kms_answers_says_what_to_do(
    server: Answering, kms: AwsKms, status: int, kind: str, error: type[DeidstreamError], code: str
) -> None:
    server.status, server.body = status, json.dumps({"__type": kind, "message": SAID}).encode()
    with pytest.raises(error, match=f"^{code}: ") as caught:
        kms.unwrap("content", "0123456789abcdef", b"wrapped")
    assert SAID not in str(caught.value)


def test_temporary_credentials_of_kms_are_signed_with_their_session(server: Answering, kms: AwsKms) -> None:
    server.body = b'{"Plaintext": "a2V5"}'
    assert kms.unwrap("content", "0123456789abcdef", b"wrapped") == b"key"
    ((_, _, headers),) = server.asked
    assert (headers["x-amz-security-token"], headers["x-amz-target"]) == ("session", "TrentService.Decrypt")
    assert "x-amz-security-token" in headers["authorization"]


@pytest.mark.parametrize("text", ["", "one", "one\ntwo\nthree\nfour"])
def test_a_file_of_credentials_that_is_none_stops_the_start(tmp_path: Path, text: str) -> None:
    (tmp_path / "credentials").write_text(text)
    with pytest.raises(Misconfigured, match="kms-credentials"):
        AwsKms(KmsAddress("alias/keys", "eu-central-1", "", tmp_path / "credentials"))


@pytest.mark.parametrize(
    ("status", "code"),
    [(503, "vault-sealed"), (307, "vault-standby"), (473, "vault-standby"), (429, "vault-away"), (500, "vault-away")],
)
def test_a_vault_that_cannot_answer_now_is_waited_for_and_a_redirect_not_followed(
    server: Answering, status: int, code: str
) -> None:
    server.status, server.body = status, json.dumps({"errors": [SAID]}).encode()
    with pytest.raises(Unavailable, match=f"^{code}: {server.url}") as caught:
        VaultHttp(VaultAddress(server.url)).ask("GET", "secret/data/x", SAID)
    assert SAID not in str(caught.value)
    assert [path for _, path, _ in server.asked] == ["/v1/secret/data/x"]


def test_a_namespace_is_named_in_each_request(server: Answering) -> None:
    VaultHttp(VaultAddress(server.url, namespace="hospital/imaging")).ask("GET", "secret/data/x", "token")
    ((_, _, headers),) = server.asked
    assert headers["x-vault-namespace"] == "hospital/imaging"


def test_nobody_there_is_unavailable() -> None:
    with answering() as gone:
        pass
    with pytest.raises(Unavailable, match="vault-away"):
        VaultHttp(VaultAddress(gone.url)).ask("GET", "secret/data/x")


@pytest.mark.parametrize("url", ["http://vault.example:8200", "vault.example:8200", "ftp://127.0.0.1"])
def test_keys_go_over_nothing_that_is_not_encrypted(url: str) -> None:
    with pytest.raises(Misconfigured, match="vault-address"):
        VaultAddress(url)


@pytest.mark.parametrize(("mode", "text"), [(0o604, SAID), (0o600, ""), (0o600, "Ünknown"), (None, "")])
def test_what_proves_who_we_are_must_be_a_file_of_our_own(
    server: Answering, tmp_path: Path, mode: int | None, text: str
) -> None:
    path = tmp_path / "secret-id"
    if mode is not None:
        path.write_text(text)
        path.chmod(mode)
    with pytest.raises(Misconfigured, match="vault-secret") as caught:
        VaultSession(VaultHttp(VaultAddress(server.url)), VaultLogin("approle", path, "role")).token()
    assert SAID not in str(caught.value)
    assert not server.asked


def test_a_login_that_is_refused_is_told_without_what_was_shown(server: Answering, tmp_path: Path) -> None:
    (tmp_path / "jwt").write_text(SAID)
    server.status, server.body = 400, json.dumps({"errors": [SAID]}).encode()
    session = VaultSession(
        VaultHttp(VaultAddress(server.url)), VaultLogin("kubernetes", tmp_path / "jwt", "core", "k8s")
    )
    with pytest.raises(Misconfigured, match="vault-login: auth/k8s/login") as caught:
        session.token()
    assert SAID not in str(caught.value)
