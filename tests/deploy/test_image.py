"""The images, built and started: small, without a shell, read-only, and a message goes through."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
import yaml
from deidstream.cli.demo.ports import free_row

from tests.deploy.buildah import ROOT, inspected, size
from tests.deploy.conftest import Images
from tests.deploy.container import USER, Container, owned
from tests.full.java import wait_for
from tests.harness.client import message, mllp
from tests.harness.deployment import is_ready

pytestmark = pytest.mark.deploy

_MOST_BYTES = {"light": 400e6, "tagged": 600e6, "image": 1000e6, "monitor": 450e6, "triton": 350e6}
"""By target."""
_LIGHT = [["ingest"], ["identify", "fields", "text", "resolver", "writer"], ["delivery"]]
_NOTE = "OBX|1|TX|N^note||Seen by Dr. Ottoline Braithwaite on the ward; call (217) 555-0142.||||||F"


@pytest.fixture
def light(images: Images) -> str:
    return images("light").name


@pytest.fixture
def root(images: Images) -> Path:
    return images("light").root


@pytest.mark.parametrize("target", _MOST_BYTES)
def test_an_image_is_as_small_as_can_be(images: Images, target: str) -> None:
    there = size(images(target).name)
    print(f"{target}: {there / 1e6:.0f} MB")
    assert there < _MOST_BYTES[target]


@pytest.mark.parametrize("target", _MOST_BYTES)
def test_it_runs_as_nobody_and_says_what_it_is(images: Images, target: str) -> None:
    config = inspected(images(target).name)["config"]
    version = re.search(r'^version = "(.*)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert config["User"] == f"{USER}:{USER}"
    labels = {name.removeprefix("org.opencontainers.image."): text for name, text in config["Labels"].items()}
    assert labels["title"] == ("deidstream-triton" if target == "triton" else "deidstream")
    assert labels["licenses"].startswith("Apache-2.0")
    assert version
    assert labels["version"] == version[1]
    assert config["Healthcheck"]["Test"][0] == "CMD"


@pytest.mark.parametrize("target", _MOST_BYTES)
def test_nothing_in_it_is_a_shell_a_package_manager_or_setuid(images: Images, target: str) -> None:
    """But for the shells by which Triton's Python backend starts models."""
    root = images(target).root
    home = "triton" if target == "triton" else "opt/deidstream"
    names = {
        path.name
        for folder in ("bin", "sbin", "usr/bin", "usr/sbin", f"{home}/bin")
        for path in root.glob(f"{folder}/*")
    }
    shells = {"sh", "bash", "dash", "busybox"}
    assert names & shells == ({"bash", "sh"} if target == "triton" else set())
    assert not names & {"apt", "apt-get", "dpkg", "pip", "pip3", "perl", "curl", "su", "mount"}
    assert "python3" in names
    files = [path for path in root.rglob("*") if path.is_file() and not path.is_symlink()]
    assert not [path for path in files if path.stat().st_mode & 0o6002]
    assert not [path for path in files if path.stat().st_uid or path.stat().st_gid]
    assert bool(list(root.glob("models/*"))) == (target in ("tagged", "image"))


@pytest.mark.parametrize("target", _MOST_BYTES)
def test_what_is_installed_is_what_the_lock_says_and_stands_in_the_bill_of_materials(
    images: Images, target: str
) -> None:
    root = images(target).root
    locks = [ROOT / f"docker/{target}.lock"]
    home, ours = "opt/deidstream", {"deidstream"}
    if target == "triton":
        locks = [ROOT / f"docker/triton-{what}.lock" for what in ("models", "server")]
        home, ours = "triton", set()
    pins = {name: version for lock in locks for name, version in _locked(lock)}
    bill = json.loads((root / "usr/share/doc/deidstream/sbom.cdx.json").read_text())
    assert bill["bomFormat"] == "CycloneDX"
    listed = {
        _canonical(one["name"]): one["version"]
        for one in bill["components"]
        if not one.get("purl", "").startswith("pkg:deb/")
    }
    assert {name: listed.pop(name, None) for name in ours}.keys() == ours
    assert listed == pins
    infos = {
        _canonical(path.name.split("-")[0]) for path in root.glob(f"{home}/lib/python3.11/site-packages/*.dist-info")
    }
    assert infos == {*pins, *ours}


def _locked(file: Path) -> list[tuple[str, str]]:
    return re.findall(r"^([a-z0-9][a-z0-9.-]*)==(\S+)", file.read_text(), re.MULTILINE)


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("target", _MOST_BYTES)
def test_every_shared_library_of_the_system_has_its_package_named_and_its_licence(images: Images, target: str) -> None:
    root = images(target).root
    packages = {path.name for path in root.glob("var/lib/dpkg/status.d/*")}
    assert {"libc6", "libssl3", "zlib1g", "libstdc++6", "python3.11-minimal", "ca-certificates"} <= packages
    assert target != "triton" or {"bash", "dash"} <= packages
    for package in packages - {"base-files"}:
        assert (root / "usr/share/doc" / package / "copyright").exists(), package
    bill = json.loads((root / "usr/share/doc/deidstream/sbom.cdx.json").read_text())
    assert {one["name"] for one in bill["components"] if one.get("purl", "").startswith("pkg:deb/")} == packages


@pytest.fixture
def container(light: str, root: Path, tmp_path: Path) -> Container:
    tmp_path.chmod(0o755)
    (tmp_path / "etc").mkdir()
    state = owned(tmp_path / "state")
    mounts = {tmp_path / "etc": "/etc/deidstream", state: "/var/lib/deidstream"}
    return Container(root, inspected(light), mounts, (state,))


def _configured(folder: Path, chains: list[list[str]], **sections: object) -> tuple[int, int]:
    """Writes deidstream.yaml; the ports of MLLP and of the first health page."""
    port, health, *_ = free_row(2 + len(chains))
    tree = {
        "deployment": {"chains": chains, "health": {"port": health}},
        "ingest": {"mllp": [{"name": "adt", "port": port}]},
        "resolver": {"projects": [{"name": "research"}]},
        "delivery": {
            "destinations": [
                {"name": "out", "kind": "folder", "path": "/var/lib/deidstream/out", "projects": ["research"]}
            ]
        },
    }
    (folder / "etc/deidstream.yaml").write_text(yaml.safe_dump(tree | sections))
    return port, health


def test_a_message_by_mllp_comes_out_of_the_read_only_image_without_the_patient(
    container: Container, tmp_path: Path
) -> None:
    owned(tmp_path / "state/out")
    port, health = _configured(tmp_path, _LIGHT)
    assert container.run("config", "check").returncode == 0
    process = container.start(tmp_path / "log")
    try:
        wait_for(
            lambda: all(map(is_ready, range(health, health + 3))) or process.poll() is not None, "it is ready", 120
        )
        assert mllp(port, message("IMG1", "4711", _NOTE)) in (["CA"], ["AA"])
        wait_for(lambda: list((tmp_path / "state/out").rglob("*.hl7")), "the message is released", 60)
    finally:
        process.terminate()
        assert process.wait(60) == 0, (tmp_path / "log").read_text()[-3000:]
    (released,) = (tmp_path / "state/out").rglob("*.hl7")
    content = released.read_bytes()
    assert content.startswith(b"MSH|")
    for given in (b"Winterbourne", b"4711", b"Braithwaite", b"555-0142", b"19610413"):
        assert given not in content
    assert b"Seen by" in content
    assert b"on the ward" in content


def test_a_process_with_keys_of_the_platform_makes_none(container: Container, tmp_path: Path) -> None:
    _configured(tmp_path, _LIGHT)
    environment = container.image["config"]["Env"]
    container.image["config"]["Env"] = [
        *environment,
        "DEIDSTREAM_DEPLOYMENT__KEYS_PROVIDED=true",
        "DEIDSTREAM_DEPLOYMENT__KEYS=/var/lib/deidstream/keys",
    ]
    owned(tmp_path / "state/keys")
    ended = container.run(
        "--config", "deidstream.yaml", "--chain", "ingest", entrypoint=["python", "-m", "deidstream.cli.chains"]
    )
    assert (ended.returncode, "key-missing" in ended.stderr) == (2, True), ended.stderr
    assert not os.listdir(tmp_path / "state/keys")


def test_nothing_can_be_written_but_state_and_tmp(container: Container) -> None:
    code = """
import os
def writable(path):
    try:
        open(os.path.join(path, "probe"), "w").close()
    except OSError:
        return False
    return True
places = ("/", "/etc/deidstream", "/opt/deidstream", "/usr", "/var/lib", "/models", "/tmp", "/var/lib/deidstream")
print(*[path for path in places if writable(path)])
print(os.getuid(), os.getgid(), os.getgroups(), open("/proc/self/status").read().split("CapEff:")[1].split()[0])
"""
    done = container.run("-c", code, entrypoint=["python"])
    assert done.stdout.splitlines() == ["/tmp /var/lib/deidstream", f"{USER} {USER} [] 0000000000000000"], done.stderr


def test_the_dockerfile_names_no_registry_and_locks_all_that_pip_installs() -> None:
    text = (ROOT / "docker/Dockerfile").read_text()
    assert not re.search(r"\b(docker\.io|ghcr\.io|quay\.io|gcr\.io|mirror\.)", text)
    commands = re.findall(r"pip\b[^&\n]*\binstall\b[^&\n]*", text)
    assert len(commands) == 12
    assert all("--require-hashes" in one or "/wheel/*.whl" in one for one in commands)


def test_the_lock_files_are_those_of_the_project() -> None:
    """Same versions as everything else is tested with."""
    whole = _pins(ROOT / "requirements.lock")
    for name in ("light.lock", "tagged.lock", "image.lock", "monitor.lock"):
        pins = _pins(ROOT / "docker" / name)
        assert pins
        assert {one: whole.get(one) for one in pins} == pins


def _pins(file: Path) -> dict[str, str]:
    return dict(re.findall(r"^([A-Za-z0-9_.-]+)(?:\[[^]]*\])?==(\S+)", file.read_text(), re.MULTILINE))


def test_the_tagged_image_has_taggers_and_asks_triton(images: Images) -> None:
    client = "opt/deidstream/lib/python3.11/site-packages/tritonclient"
    assert not (images("light").root / client).exists()
    tagged = images("tagged")
    assert (tagged.root / client).exists()
    done = Container(tagged.root, inspected(tagged.name), {}).run("models", "verify", "/models/phi-tagger/standard")
    assert done.returncode == 0, done.stdout + done.stderr


def test_images_with_models_read_texts_and_pictures(images: Images, tmp_path: Path) -> None:
    """The neural tagger of the light image's sister, and the readers of pixels, answer inside their images."""
    image = images("image")
    tmp_path.chmod(0o755)
    (tmp_path / "in").mkdir()
    (tmp_path / "in/note.txt").write_text(
        "Discharged home. Reviewed by Ottoline Braithwaite, who lives in Kirkby Lonsdale.\n"
    )
    _picture(tmp_path / "in/scan.png")
    out = owned(tmp_path / "out")
    mounts = {tmp_path / "in": "/etc/deidstream", out: "/var/lib/deidstream"}
    there = Container(image.root, inspected(image.name), mounts, (out,))
    done = there.run("clean", "note.txt", "scan.png", "--out", "/var/lib/deidstream/cleaned", "--tagger", "fast")
    assert done.returncode == 0, done.stdout + done.stderr
    note = (out / "cleaned/note.txt").read_text()
    assert "Braithwaite" not in note
    assert note.startswith("Discharged home.")
    assert _dark(out / "cleaned/scan.png") != _dark(tmp_path / "in/scan.png")


def _picture(path: Path) -> None:
    from PIL import Image, ImageDraw, ImageFont

    picture = Image.new("L", (480, 160), 255)
    ImageDraw.Draw(picture).text((20, 50), "Alma Winterbourne", fill=0, font=ImageFont.load_default(40))
    picture.save(path)


def _dark(path: Path) -> int:
    from PIL import Image

    return sum(value < 128 for value in Image.open(path).convert("L").tobytes())
