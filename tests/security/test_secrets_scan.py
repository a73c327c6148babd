"""Secrets among the tracked files are found. Samples are put together here: as they stand they would be found themselves."""

from __future__ import annotations

import base64
import random
from pathlib import Path

import pytest

from tools import secrets_scan
from tools.secrets_scan import KINDS, hits

_ANY = random.Random(7)


def _text(count: int, letters: str = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789") -> str:
    return "".join(_ANY.choice(letters) for _ in range(count))


SAMPLES = {
    "private-key": "-----BEGIN " + "PRIVATE KEY-----\n" + _text(64) + "\n",
    "aws-key": "AK" + "IA" + _text(16, "ABCDEFGH234567"),
    "github-token": "gh" + "p_" + _text(36),
    "gitlab-token": "gl" + "pat-" + _text(20),
    "slack-token": "xo" + "xb-" + _text(24),
    "google-key": "AI" + "za" + _text(35),
    "pypi-token": "pypi-" + "AgEIcHlwaS5vcmc" + _text(60),
    "hugging-face-token": "hf" + "_" + _text(34),
    "jwt": ".".join(("ey" + "J" + _text(12), "ey" + "J" + _text(20), _text(24))),
    "url-password": "postgresql://" + "deid:" + _text(12) + "@db.example/deid",
    "key-ring": '{"id": "0f3c9a1b2d4e5f60", "created": 1.0, ' + '"key": "' + base64.b64encode(_ANY.randbytes(32)).decode() + '"}',
    "assigned": "pass" + 'word = "' + _text(20) + '7a"',
}  # fmt: skip


def test_there_is_a_sample_of_every_kind() -> None:
    assert SAMPLES.keys() == KINDS.keys()


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_secret_is_found(kind: str) -> None:
    found = list(hits("file.txt", f"first line\n{SAMPLES[kind]}\n"))
    assert (kind, 2) in {(one.kind, one.line) for one in found}


@pytest.mark.parametrize(
    "text",
    [
        'password = "password-of-ingest"',  # words
        "credentials: /run/secrets/s3",
        "postgresql://" + "USER:{PASSWORD}@HOST/db",  # a template
        "postgresql://USER@HOST/DATABASE?passfile=/etc/deidstream/pgpass",
        "-----BEGIN CERTIFICATE-----\n" + "A" * 64,
        'token_purpose = "token.research-project-one"',
    ],
)
def test_what_is_none_is_not(text: str) -> None:
    assert not list(hits("file.txt", text))


def test_a_find_is_told_without_what_was_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "settings.py"
    file.write_text(SAMPLES["aws-key"])
    assert secrets_scan.main([str(file)]) == 1
    said = capsys.readouterr().out
    assert f"{file}:1: aws-key" in said
    assert SAMPLES["aws-key"] not in said


def test_this_repository_has_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert secrets_scan.main([]) == 0, capsys.readouterr().out
    assert len(secrets_scan.tracked()) > 1000


def test_what_is_known_is_still_there() -> None:
    assert all(reason for reason in secrets_scan.KNOWN.values())
