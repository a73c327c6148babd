"""The doctor finds what is wrong, says what to do, and changes nothing."""

from __future__ import annotations

import datetime
import json
import shutil
import socket
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from deidstream.adapters.file_keys import FileKeyRing
from deidstream.adapters.taggers import folder_of
from deidstream.cli.doctor import command
from deidstream.stream.stages import STAGES, purposes_of

from tests.certificates import Certificates, make_certificates
from tests.cli.command import Ran, run

SECRET = "s3cret-passw0rd"


def deployed(folder: Path, **sections: dict[str, Any]) -> Path:
    """A configuration whose keys and state are there."""
    purposes = {one for one in purposes_of(STAGES) if not one.endswith(".*")}
    FileKeyRing(folder / "state/keys", purposes | {"surrogate.research", "token.research"})
    (folder / "state").chmod(0o700)
    (folder / "out").mkdir()
    tree = {
        "deployment": {"state": str(folder / "state")},
        "resolver": {"projects": [{"name": "research"}]},
        "delivery": {
            "destinations": [{"name": "out", "kind": "folder", "path": str(folder / "out"), "projects": ["research"]}]
        },
    }
    for name, section in sections.items():
        tree[name] = {**tree.get(name, {}), **section}
    config = folder / "deidstream.yaml"
    config.write_text(yaml.safe_dump(tree))
    return config


def examined(config: Path, *more: str) -> tuple[Ran, list[dict[str, str]]]:
    ran = run("doctor", "--config", config, "--json", *more)
    return ran, [json.loads(line) for line in ran.out.splitlines()]


def troubles(found: list[dict[str, str]], *beside: str) -> set[tuple[str, str, str]]:
    """What is not good, but for what belongs to the machine that the tests run on: it may have little room."""
    return {
        (one["verdict"], one["check"], one["code"])
        for one in found
        if one["verdict"] != "good" and one["check"] not in ("machine", *beside) and one["code"] != "disk-nearly-full"
    }


def test_a_sound_deployment_is_good_and_nothing_in_it_changes(tmp_path: Path) -> None:
    config = deployed(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    ran, found = examined(config)
    assert ran.code == 0
    assert troubles(found) == {("warning", "models", "no-tagger")}
    assert {one["check"] for one in found} == set(command.CHECKS)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_before_the_first_start_it_says_so_and_makes_nothing(tmp_path: Path) -> None:
    config = deployed(tmp_path)
    shutil.rmtree(tmp_path / "state")
    ran, found = examined(config)
    assert ran.code == 0
    assert {("warning", "state", "no-state"), ("warning", "keys", "no-keys")} <= troubles(found)
    assert not (tmp_path / "state").exists()


def test_keys_that_the_platform_has_to_provide_are_not_waited_for(tmp_path: Path) -> None:
    config = deployed(tmp_path, deployment={"keys": str(tmp_path / "mounted"), "keys_provided": True})
    ran, found = examined(config)
    assert (ran.code, ("bad", "keys", "key-folder") in troubles(found)) == (1, True)


def test_a_missing_an_open_and_an_old_key_are_told_by_their_purpose(tmp_path: Path) -> None:
    config, keys = deployed(tmp_path), tmp_path / "state/keys"
    (keys / "lookup.json").unlink()
    (keys / "surrogate.research.json").unlink()
    (keys / "release.json").chmod(0o644)
    old = json.loads((keys / "content.json").read_text())
    old["keys"][0]["created"] -= 100 * 86_400
    (keys / "content.json").write_text(json.dumps(old))
    ran, found = examined(config)
    assert ran.code == 1
    said = {
        (one["code"], one["place"].split(",")[0].rpartition("/")[2])
        for one in found
        if one["check"] == "keys" and one["code"]
    }
    assert said == {
        ("key-missing", "lookup"),
        ("key-missing", "surrogate.research"),
        ("key-permissions", "release.json"),
        ("key-old", "content"),
    }
    assert not (keys / "lookup.json").exists()


def test_a_chain_is_asked_for_no_more_than_its_own(tmp_path: Path) -> None:
    config, keys = deployed(tmp_path), tmp_path / "state/keys"
    for purpose in ("lookup", "subject", "surrogate.research", "identity"):
        (keys / f"{purpose}.json").unlink()
    assert examined(config)[0].code == 1
    ran, found = examined(config, "--chain", "delivery")
    assert (ran.code, troubles(found)) == (0, set())


def test_a_chain_without_the_resolver_needs_no_file_of_a_policy(tmp_path: Path) -> None:
    """In a Pod it is mounted where the resolver runs."""
    absent = {"projects": [{"name": "research", "policy": str(tmp_path / "mounted-elsewhere.yaml")}]}
    config = deployed(tmp_path, resolver=absent)
    ran, found = examined(config, "--chain", "delivery")
    assert (ran.code, troubles(found)) == (0, set())
    for chain in ("text+resolver+writer", ""):
        ran, found = examined(config, *(("--chain", chain) if chain else ()))
        assert (ran.code, {one[1] for one in troubles(found)} & {"configuration"}) == (1, {"configuration"})


def test_a_wrong_configuration_keeps_no_other_check_from_looking(tmp_path: Path) -> None:
    config = deployed(tmp_path, resolver={"projects": [{"name": "other"}]})
    ran, found = examined(config)
    assert ran.code == 1
    assert ("bad", "configuration", "no-such-project") in troubles(found)
    assert {one["check"] for one in found} == set(command.CHECKS)


def test_destinations_are_tried(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{silent.getsockname()[1]}/dicom-web"
        there = {"kind": "mllp", "host": "127.0.0.1", "projects": ["research"]}
        config = deployed(
            tmp_path,
            delivery={
                "destinations": [
                    there | {"name": "up", "port": listening.getsockname()[1]},
                    there | {"name": "down", "port": silent.getsockname()[1]},
                    {"name": "web", "kind": "stow", "url": nowhere, "projects": ["research"]},
                    {"name": "gone", "kind": "folder", "path": str(tmp_path / "gone"), "projects": ["research"]},
                ]
            },
        )
        ran, found = examined(config)
    said = [(one["verdict"], one["place"] or one["said"]) for one in found if one["check"] == "destinations"]
    assert said == [
        ("good", "up listens"),
        ("warning", "delivery.down"),
        ("warning", "delivery.web"),
        ("bad", "delivery.gone"),
    ]
    assert ran.code == 1


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    (tmp_path / "tls").mkdir()
    return make_certificates(tmp_path / "tls")


def _expired(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "old")])
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    )
    made = builder.not_valid_before(now - datetime.timedelta(days=9)).not_valid_after(now - datetime.timedelta(days=2))
    (folder / "old.pem").write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "old.key").write_bytes(pem)
    return folder / "old.pem", folder / "old.key"


def test_certificates_that_end_soon_have_ended_or_do_not_fit_their_key_are_told(
    tmp_path: Path, certificates: Certificates
) -> None:
    old, old_key = _expired(tmp_path)

    def listener(certificate: Path, key: Path) -> list[tuple[str, str]]:
        tls = {"certificate": str(certificate), "key": str(key)}
        folder = tmp_path / f"{certificate.name}-{key.name}"
        folder.mkdir()
        _, found = examined(deployed(folder, ingest={"mllp": [{"name": "adt", "port": 2575, "tls": tls}]}))
        return [(one["verdict"], one["code"]) for one in found if one["check"] == "certificates"]

    assert listener(certificates.server, certificates.server_key) == [("warning", "certificate-expires")]
    assert listener(old, old_key) == [("bad", "certificate-expired")]
    ((verdict, code),) = listener(certificates.server, old_key)
    assert (verdict, code.startswith("tls")) == ("bad", True)


def test_a_model_that_is_not_as_it_was_released_is_told(tmp_path: Path) -> None:
    shutil.copytree(folder_of("fast"), tmp_path / "tagger")
    config = deployed(tmp_path, text={"tagger": {"folder": str(tmp_path / "tagger")}})
    assert "models" not in {check for _, check, _ in troubles(examined(config)[1])}
    with (tmp_path / "tagger/pieces.model.gz").open("ab") as stream:
        stream.write(b"x")
    ran, found = examined(config)
    assert (ran.code, ("bad", "models", "model-corrupt") in troubles(found)) == (1, True)


def test_pictures_without_their_decoders_are_told_before_they_are_quarantined(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deidstream.cli.doctor.machine.find_spec", lambda name: None if name == "cv2" else object())
    ran, found = examined(deployed(tmp_path))
    assert (ran.code, ("bad", "decoders", "decoders-missing") in troubles(found)) == (1, True)
    chains = [["ingest"], ["identify", "fields", "text", "resolver", "writer"], ["delivery"]]
    (tmp_path / "light").mkdir()
    assert examined(deployed(tmp_path / "light", deployment={"chains": chains}))[0].code == 0


def test_what_crashes_is_told_without_what_it_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(_: object) -> list[Any]:
        raise ValueError(SECRET)

    monkeypatch.setitem(command.CHECKS, "bus", crash)
    ran, found = examined(deployed(tmp_path))
    assert (ran.code, ("bad", "bus", "check-crashed") in troubles(found)) == (1, True)
    assert SECRET not in ran.out + ran.err


@pytest.mark.parametrize(
    ("free", "told"),
    [(0.5, None), (0.09, ("warning", "state", "disk-nearly-full")), (0.009, ("bad", "state", "disk-full"))],
)
def test_a_disk_that_fills_is_told(
    free: float, told: tuple[str, str, str] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = deployed(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(total=1000, free=int(1000 * free)))
    ran, found = examined(config)
    said = [(one["verdict"], one["check"], one["code"]) for one in found if one["code"].startswith("disk")]
    assert (said, ran.code) == ([told] if told else [], 1 if told and told[0] == "bad" else 0)


def test_for_people_there_is_a_table(tmp_path: Path) -> None:
    ran = run("doctor", "--config", deployed(tmp_path))
    assert (ran.code, "no-tagger" in ran.out, "an SQLite file" in ran.out) == (0, True, True)
    unknown = run("doctor", "--config", tmp_path / "deidstream.yaml", "--chain", "identity")
    assert (unknown.code, unknown.err.startswith("deidstream: no-such-stage")) == (2, True)
