"""``deidstream models``: what is there, whether it is what was released, and what a Triton server reads."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from deidstream.adapters.taggers import open_tagger
from deidstream.core.errors import Misconfigured

from tests.cli.command import run
from tests.detection.text.tagger.tiny import save

ROOT = Path(__file__).parents[2]


@pytest.fixture
def tagger(tmp_path: Path) -> Path:
    return save(tmp_path / "models/tiny", {"Anna": "B-name"})


def pair(folder: Path, name: str) -> tuple[Path, Path]:
    """PEM files as openssl writes them."""
    key = Ed25519PrivateKey.generate()
    private, public = folder / f"{name}.pem", folder / f"{name}.pub.pem"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return private, public


def test_list_shows_each_and_fails_where_one_is_another_than_released(tagger: Path) -> None:
    listed = run("models", "list", tagger.parent)
    assert listed.code == 0
    assert "as released" in listed.out
    (tagger / "model.onnx.gz").write_bytes(b"another")
    listed = run("models", "list", tagger.parent)
    assert listed.code == 1
    assert "model-corrupt" in listed.out


def test_list_says_where_there_is_none(tmp_path: Path) -> None:
    assert run("models", "list", tmp_path).err.startswith("deidstream: no-model: ")


def test_verify_names_the_file_and_the_hash_that_is_expected(tagger: Path) -> None:
    assert run("models", "verify", tagger).code == 0
    expected = hashlib.sha256((tagger / "pieces.model.gz").read_bytes()).hexdigest()
    (tagger / "pieces.model.gz").unlink()
    refused = run("models", "verify", tagger)
    assert refused.code == 2
    assert "model-missing: tiny/pieces.model.gz" in refused.err
    assert expected in refused.err


def test_a_tier_that_comes_with_deidstream_is_verified_by_its_name() -> None:
    verified = run("models", "verify", "standard")
    assert (verified.code, "phi-tagger-standard" in verified.out) == (0, True)


def test_only_who_has_the_private_key_signs(tagger: Path, tmp_path: Path) -> None:
    private, public = pair(tmp_path, "ours")
    _, others = pair(tmp_path, "others")
    assert "model-unsigned" in run("models", "verify", tagger, "--key", public).err
    assert run("models", "sign", tagger, "--key", private).code == 0
    assert run("models", "verify", tagger, "--key", public).code == 0
    assert "model-unsigned" in run("models", "verify", tagger, "--key", others).err
    described = json.loads((tagger / "tagger.json").read_text())
    (tagger / "tagger.json").write_text(json.dumps({**described, "temperature": 2.0}))
    assert "model-unsigned" in run("models", "verify", tagger, "--key", public).err


def test_the_signature_of_another_model_signs_nothing(tagger: Path, tmp_path: Path) -> None:
    private, public = pair(tmp_path, "ours")
    assert run("models", "sign", tagger, "--key", private).code == 0
    picture = tmp_path / "models/lines"
    shutil.copytree(ROOT / "models/ocr/lines", picture)
    assert run("models", "sign", picture, "--key", private).code == 0
    described = json.loads((tagger / "tagger.json").read_text())
    (tagger / "tagger.json").write_text(json.dumps({**described, "thresholds": [1.0, 1.0]}))
    for one in picture.glob("picture.json*"):
        shutil.copy(one, tagger)
    with pytest.raises(Misconfigured, match="model-unsigned: tiny/tagger.json.sig"):
        open_tagger(tagger, key=public)


@pytest.mark.parametrize("content", [b"", b"no key"])
def test_a_key_that_is_none_is_said(tagger: Path, tmp_path: Path, content: bytes) -> None:
    key = tmp_path / "key.pem"
    key.write_bytes(content)
    assert "key-unreadable: key.pem" in run("models", "verify", tagger, "--key", key).err
    assert "key-unreadable: key.pem" in run("models", "sign", tagger, "--key", key).err


def test_push_writes_what_triton_reads_and_keeps_the_versions_before(tagger: Path, tmp_path: Path) -> None:
    repository = tmp_path / "triton"
    assert run("models", "push", tagger, "--to", str(repository), "--gpus", "1").code == 0
    first = hashlib.sha256((tagger / "model.onnx.gz").read_bytes()).hexdigest()
    second = save(tmp_path / "second", {"Eva": "B-name"})
    described = json.loads((second / "tagger.json").read_text())
    (second / "tagger.json").write_text(json.dumps({**described, "version": "2"}))
    assert run("models", "push", second, "--to", str(repository), "--gpus", "1").code == 0
    files = {str(path.relative_to(repository)) for path in repository.rglob("*") if path.is_file()}
    assert files == {"tagger/config.pbtxt", "tagger/1/model.onnx", "tagger/2/model.onnx"}
    assert (repository / "tagger/1/model.onnx").read_bytes() == gzip.decompress((tagger / "model.onnx.gz").read_bytes())
    config = (repository / "tagger/config.pbtxt").read_text()
    for version, digest in (("1", first), ("2", described["files"]["model.onnx.gz"])):
        assert f'key: "sha256.{version}" value {{ string_value: "{digest}" }}' in config
    assert 'backend: "onnxruntime"' in config
    assert "kind: KIND_GPU count: 1" in config
    assert "dims: [ -1, 5 ]" in config


def test_what_is_not_as_released_or_not_signed_is_not_pushed(tagger: Path, tmp_path: Path) -> None:
    _, public = pair(tmp_path, "ours")
    assert "model-unsigned" in run("models", "push", tagger, "--to", str(tmp_path / "triton"), "--key", public).err
    (tagger / "model.onnx.gz").write_bytes(b"another")
    assert "model-corrupt" in run("models", "push", tagger, "--to", str(tmp_path / "triton")).err
    assert not (tmp_path / "triton").exists()


def test_a_version_that_triton_cannot_have_is_said(tagger: Path, tmp_path: Path) -> None:
    described = json.loads((tagger / "tagger.json").read_text())
    (tagger / "tagger.json").write_text(json.dumps({**described, "version": "1.2"}))
    refused = run("models", "push", tagger, "--to", str(tmp_path / "triton"))
    assert (refused.code, refused.err) == (
        2,
        "deidstream: model-unservable: tiny/tagger.json: Triton's versions are whole numbers\n",
    )


def test_a_name_that_leads_elsewhere_is_no_folder_of_the_repository(tagger: Path, tmp_path: Path) -> None:
    described = json.loads((tagger / "tagger.json").read_text())
    (tagger / "tagger.json").write_text(json.dumps({**described, "name": "../elsewhere"}))
    assert "model-unservable" in run("models", "push", tagger, "--to", str(tmp_path / "triton/models")).err
    assert not (tmp_path / "triton").exists()


def test_taggers_are_listed_verified_and_pushed_where_there_is_no_client_of_triton(
    tagger: Path, tmp_path: Path
) -> None:
    code = (
        "import sys; sys.modules['tritonclient'] = None; from deidstream.cli.__main__ import main; main(sys.argv[1:])"
    )
    for arguments in (["list", tagger.parent], ["verify", tagger], ["push", tagger, "--to", tmp_path / "triton"]):
        command = [sys.executable, "-c", code, "models", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr


def test_models_of_pictures_are_pushed_with_their_shapes_several_at_once_and_signed_like_taggers(
    tmp_path: Path,
) -> None:
    private, public = pair(tmp_path, "ours")
    folders = [tmp_path / "models" / name for name in ("lines", "characters", "centerface")]
    for folder, released in zip(folders, ("ocr/lines", "ocr/characters", "faces/centerface"), strict=True):
        shutil.copytree(Path(__file__).parents[2] / "models" / released, folder)
    to = ("--to", str(tmp_path / "triton"))
    assert run("models", "sign", folders[0], "--key", private).code == 0
    assert "model-unsigned: characters/picture.json.sig" in run("models", "push", *folders, *to, "--key", public).err
    assert not (tmp_path / "triton").exists()
    for folder in folders[1:]:
        assert run("models", "sign", folder, "--key", private).code == 0
    assert run("models", "push", *folders, *to, "--key", public, "--python").code == 0
    files = {str(path.relative_to(tmp_path / "triton")) for path in (tmp_path / "triton").rglob("*") if path.is_file()}
    names = ("text-lines", "text-characters", "faces")
    assert files == {f"{name}/{file}" for name in names for file in ("config.pbtxt", "1/model.onnx", "1/model.py")}
    config = (tmp_path / "triton/faces/config.pbtxt").read_text()
    assert '{ name: "input.1" data_type: TYPE_FP32 dims: [ 3, -1, -1 ] }\n]' in config
    assert '{ name: "537" data_type: TYPE_FP32 dims: [ 1, -1, -1 ] },\n' in config
    assert "max_batch_size: 4\n" in config
    assert hashlib.sha256((folders[2] / "model.onnx.gz").read_bytes()).hexdigest() in config


def test_models_of_pictures_are_listed_and_verified_too(tmp_path: Path) -> None:
    folder = tmp_path / "models" / "faces" / "centerface"
    shutil.copytree(Path(__file__).parents[2] / "models" / "faces" / "centerface", folder)
    listed = run("models", "list", tmp_path / "models")
    assert (listed.code, "faces" in listed.out) == (0, True)
    assert run("models", "verify", folder).code == 0
    (folder / "model.onnx.gz").write_bytes(b"other")
    wrong = run("models", "verify", folder)
    assert wrong.code == 2
    assert "centerface/model.onnx.gz" in wrong.err
    assert run("models", "list", tmp_path / "models").code == 1
