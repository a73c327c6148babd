"""Keys in files, wrapped by a real server of KMS's API that checks signatures and rights."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from deidstream.adapters.aws_kms import AwsKms
from deidstream.adapters.file_keys import FileKeyRing
from deidstream.core.errors import Misconfigured, Unavailable
from deidstream.stages.process import Process
from deidstream.stream.instances import Instance
from deidstream.stream.settings import Settings

from tests.adapters.keys.contract import KeyContract, Place
from tests.certificates import Certificates, make_certificates
from tests.cli.command import run
from tests.full.kms import REGION, Kms, kms

pytestmark = pytest.mark.full


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, certificates: Certificates) -> Iterator[Kms]:
    with kms(tmp_path_factory.mktemp("kms"), certificates) as made:
        yield made


@pytest.fixture(scope="module")
def key(server: Kms) -> str:
    return server.new_key()


@pytest.fixture(scope="module")
def credentials(server: Kms, key: str) -> dict[str, Path]:
    """Of who may wrap and unwrap, and of others; from then on everybody is checked."""
    made = {
        "operator": server.user("operator", "kms:Encrypt", "kms:Decrypt"),
        "stage": server.user("stage", "kms:Decrypt"),
        "stranger": server.user("stranger", "kms:ListKeys"),
    }
    server.check_everybody(True)
    return made


@pytest.fixture
def operator(server: Kms, key: str, credentials: dict[str, Path]) -> AwsKms:
    return AwsKms(server.address(key, credentials["operator"]))


class TestKms(KeyContract):
    @pytest.fixture
    def place(self, tmp_path: Path, operator: AwsKms) -> Place:
        return lambda purposes, create: FileKeyRing(tmp_path / "keys", purposes, create, operator)


def test_a_secret_comes_back_only_for_its_purpose_and_id(operator: AwsKms) -> None:
    wrapped = operator.wrap("content", "0123456789abcdef", b"k" * 32)
    assert operator.unwrap("content", "0123456789abcdef", wrapped) == b"k" * 32
    assert b"k" * 32 not in wrapped
    for purpose, key_id in (("identity", "0123456789abcdef"), ("content", "fedcba9876543210")):
        with pytest.raises(Misconfigured, match=f"kms-other-key: {purpose}"):
            operator.unwrap(purpose, key_id, wrapped)


def test_who_may_not_is_refused_and_a_stage_wraps_nothing(
    server: Kms, key: str, credentials: dict[str, Path], operator: AwsKms
) -> None:
    wrapped = operator.wrap("content", "0123456789abcdef", b"k" * 32)
    stage = AwsKms(server.address(key, credentials["stage"]))
    assert stage.unwrap("content", "0123456789abcdef", wrapped) == b"k" * 32
    stranger = AwsKms(server.address(key, credentials["stranger"]))
    for refused in (
        lambda: stage.wrap("content", "0123456789abcdef", b"k" * 32),
        lambda: stranger.unwrap("content", "0123456789abcdef", wrapped),
    ):
        with pytest.raises(Misconfigured, match="kms-denied: content: .*deidstream keys rights"):
            refused()


def test_a_wrong_secret_key_and_an_unknown_access_key_are_told_and_not_shown(
    server: Kms, key: str, credentials: dict[str, Path], tmp_path: Path
) -> None:
    access, secret = credentials["stage"].read_text().split()
    for name, pair in (("wrong", (access, secret[:-1] + "x")), ("unknown", ("UNKNOWN-TO-THIS-SERVER", secret))):
        (tmp_path / name).write_text("\n".join(pair))
        with pytest.raises(Misconfigured, match="kms-(credentials|denied)") as caught:
            AwsKms(server.address(key, tmp_path / name)).unwrap("content", "0123456789abcdef", b"x" * 60)
        assert secret[:-1] not in str(caught.value)
        assert access not in str(caught.value)


def test_a_key_that_is_not_there_is_told(server: Kms, credentials: dict[str, Path]) -> None:
    missing = AwsKms(server.address("alias/no-such-key", credentials["operator"]))
    with pytest.raises(Misconfigured, match="kms-no-key"):
        missing.wrap("content", "0123456789abcdef", b"k" * 32)


def test_a_server_that_nobody_vouches_for_is_refused_before_anything_is_sent(
    server: Kms, key: str, credentials: dict[str, Path], tmp_path: Path
) -> None:
    strangers = make_certificates(tmp_path)
    with pytest.raises(Misconfigured, match="kms-certificate"):
        AwsKms(replace(server.address(key, credentials["stage"]), ca=strangers.ca)).unwrap("content", "0" * 16, b"x")
    with pytest.raises(Misconfigured, match="kms-address"):
        AwsKms(replace(server.address(key, credentials["stage"]), endpoint="http://kms.example"))


def test_a_deployment_makes_uses_and_rotates_wrapped_keys_and_does_not_start_without_the_service(
    server: Kms, key: str, credentials: dict[str, Path], tmp_path: Path
) -> None:
    section = {"key": key, "region": REGION, "endpoint": server.endpoint, "ca": str(server.certificates.ca)}
    tree = {
        "deployment": {
            "state": str(tmp_path / "state"),
            "kms": {**section, "credentials": str(credentials["operator"])},
        },
        "resolver": {"projects": [{"name": "research"}]},
    }
    config = tmp_path / "deidstream.yaml"
    config.write_text(yaml.safe_dump(tree))
    FileKeyRing(tmp_path / "clear", {"content", "surrogate.research"})
    assert "2 purposes brought, 0 there already" in run("keys", "import", tmp_path / "clear", "--config", config).out
    assert run("keys", "make", tmp_path / "state/keys", "--config", config).code == 0
    clear = FileKeyRing(tmp_path / "clear")
    process = Process.of(Settings.load(config), Instance(("identify",)))
    assert process.keys.secret("content") == clear.secret("content")
    assert all(set(one) == {"id", "created", "wrapped"} for one in _entries(tmp_path / "state/keys"))
    assert "new key" in run("keys", "rotate", "content", "--config", config).out
    found = [json.loads(line) for line in run("doctor", "--config", config, "--json").out.splitlines()]
    assert [one["verdict"] for one in found if one["check"] == "keys"] == ["good"]
    server.stop()
    try:
        sealed = process.keys.seal("content", b"secret", b"")
        assert process.keys.open("content", sealed, b"") == b"secret"
        with pytest.raises(Unavailable, match="kms-away"):
            Process.of(Settings.load(config), Instance(("identify",)))
    finally:
        server.start()


def _entries(folder: Path) -> list[dict[str, object]]:
    return [one for file in folder.glob("*.json") for one in json.loads(file.read_text())["keys"]]
