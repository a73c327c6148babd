"""The compose file for a laptop: what the specification allows, nothing beyond this machine, nothing that is not there."""

from __future__ import annotations

import json
import re
import runpy
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from deidstream.cli.config import checked
from deidstream.stream.deployment import Deployment
from deidstream.stream.rights import rights_of
from deidstream.stream.settings import Settings
from jsonschema import Draft7Validator

from tests.deploy.buildah import ROOT
from tests.full.java import CACHE, absent
from tests.full.prometheus import tool

pytestmark = [pytest.mark.deploy]

_FILE = ROOT / "docker/compose.yaml"
_LAPTOP = ROOT / "docker/laptop"
Tree = dict[str, Any]  # Any: YAML


@pytest.fixture(scope="module")
def compose() -> Tree:
    tree: Tree = yaml.safe_load(_FILE.read_text())
    return tree


def test_it_is_what_the_specification_allows_and_a_typing_error_would_not_be(compose: Tree) -> None:
    if not (CACHE / "deploy/compose-spec.json").exists():
        absent("no schema of the Compose specification")
    schema = Draft7Validator(json.loads((CACHE / "deploy/compose-spec.json").read_text()))
    assert [one.message for one in schema.iter_errors(compose)] == []
    for service in compose["services"]:
        wrong = {**compose, "services": {**compose["services"]}}
        wrong["services"][service] = {**compose["services"][service], "read_onyl": True}
        assert list(schema.iter_errors(wrong))


def test_every_image_is_pinned_by_version_and_ours_are_built_of_targets_that_there_are(compose: Tree) -> None:
    targets = set(re.findall(r"^FROM \S+ AS (\S+)$", (ROOT / "docker/Dockerfile").read_text(), re.MULTILINE))
    chart = yaml.safe_load((ROOT / "helm/deidstream/Chart.yaml").read_text())
    ours = {}
    for name, one in compose["services"].items():
        repository, _, tag = one["image"].rpartition(":")
        assert re.fullmatch(r"v?\d+(\.\d+)+(-[a-z]+)?", tag), (name, one["image"])
        if repository == "deidstream":
            version, _, flavour = tag.partition("-")
            assert version == chart["appVersion"]
            assert flavour in targets
            ours[flavour] = ours.get(flavour, False) or "build" in one
            if "build" in one:
                assert one["build"] == {"context": "..", "dockerfile": "docker/Dockerfile", "target": flavour}
    assert ours == {"light": True, "tagged": True, "image": True, "triton": True}


def test_nothing_listens_beyond_this_machine_and_no_password_is_in_it(compose: Tree) -> None:
    for name, one in compose["services"].items():
        for port in one.get("ports", ()):
            assert str(port).startswith("127.0.0.1:"), name
        assert one.get("network_mode", "none") == "none"
        assert not one.get("privileged")
    for file in (_FILE, *_LAPTOP.rglob("*.yaml")):
        for name, value in _scalars(yaml.safe_load(file.read_text())):
            if re.search(r"(?i)password|secret|token|credential", name):
                assert str(value).startswith("/"), (file.name, name)
            assert not re.search(r"://[^/@?]*:[^/@?]*@", str(value)), (file.name, name)


def _scalars(tree: object, name: str = "") -> Iterator[tuple[str, object]]:
    """Each value with the name that it stands under."""
    if isinstance(tree, dict):
        for key, one in tree.items():
            yield from _scalars(one, str(key))
    elif isinstance(tree, list):
        for one in tree:
            yield from _scalars(one, name)
    elif tree is not None and not isinstance(tree, bool):
        yield name, tree


def test_all_that_is_mounted_is_there(compose: Tree) -> None:
    mounted = set()
    for one in compose["services"].values():
        for volume in one.get("volumes", ()):
            source, _, target = volume.partition(":")
            assert target.startswith("/")
            if source.startswith("."):
                path = (ROOT / "docker" / source).resolve()
                assert path.exists(), source
                assert volume.endswith(":ro")
                mounted.add(path)
            else:
                assert source in compose["volumes"]
    left = {file for file in _LAPTOP.rglob("*") if file.is_file()}
    assert {file for file in left if not any(file == one or one in file.parents for one in mounted)} == set()


def test_who_is_waited_for_can_be_ready_and_nobody_waits_in_a_circle(compose: Tree) -> None:
    services = compose["services"]
    seen: dict[str, int] = {}

    def depth(name: str, above: tuple[str, ...] = ()) -> int:
        assert name not in above, above
        for other, how in services[name].get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                assert "healthcheck" in services[other], other
            if how["condition"] == "service_completed_successfully":
                assert services[other]["restart"] == "no", other
            seen[name] = max(seen.get(name, 0), 1 + depth(other, (*above, name)))
        return seen.get(name, 0)

    chains = [name for name, one in services.items() if "deidstream.cli.chains" in one.get("entrypoint", ())]
    assert min(map(depth, chains)) >= 3  # passwords, servers, tables, chains


def test_the_configuration_is_good_and_each_of_its_chains_runs_once_where_it_can(compose: Tree) -> None:
    settings = Settings.load(_LAPTOP / "deidstream.yaml", {})
    assert checked(settings)
    deployment = Deployment.of(settings)
    run = {}
    for one in compose["services"].values():
        if "deidstream.cli.chains" in one.get("entrypoint", ()):
            (chain,) = one["command"]
            run[tuple(chain.split("+"))] = one["image"].rpartition("-")[2]
    assert set(run) == set(deployment.chains)
    assert all(rights_of(chain) for chain in run)
    for chain, flavour in run.items():
        wanted = "image" if {"image", "writer"} & set(chain) else "tagged" if "text" in chain else "light"
        assert flavour == wanted, chain


def test_prometheus_scrapes_every_chain_by_a_file_that_promtool_takes(compose: Tree, tmp_path: Path) -> None:
    config = yaml.safe_load((_LAPTOP / "prometheus.yaml").read_text())
    (job,) = config["scrape_configs"]
    chains = {n for n, one in compose["services"].items() if "deidstream.cli.chains" in one.get("entrypoint", ())}
    assert job["job_name"] == "deidstream"  # what the rules ask for
    assert set(job["static_configs"][0]["targets"]) == {f"{name}:9464" for name in chains}
    config["rule_files"] = [str(ROOT / "deploy/prometheus/rules.yaml")]
    (tmp_path / "prometheus.yaml").write_text(yaml.safe_dump(config))
    command = [tool("promtool"), "check", "config", str(tmp_path / "prometheus.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_collector_takes_its_configuration() -> None:
    program = CACHE / "collector/otelcol"
    if not program.exists():
        absent("no OpenTelemetry collector")
    command = [str(program), "validate", f"--config={_LAPTOP / 'collector.yaml'}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_passwords_are_made_once_and_are_what_each_service_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owners: dict[str, tuple[int, int]] = {}
    monkeypatch.setattr("os.chown", lambda path, user, group: owners.update({Path(path).name: (user, group)}))
    read, change = Path.read_text, Path.chmod

    def may(path: Path, mode: int) -> None:
        """Of root the container has CAP_CHOWN alone: what is another's is that one's, but for what all may read."""
        if path.name in owners and not path.stat().st_mode & mode:
            raise PermissionError(path.name)

    def read_as(path: Path, *how: Any, **more: Any) -> str:  # Any: as Path has it
        may(path, 0o004)
        return read(path, *how, **more)

    def change_as(path: Path, mode: int) -> None:
        may(path, 0)
        change(path, mode)

    for name in ("database", "grafana", "s3", "seaweedfs"):
        (tmp_path / name).mkdir()

    def made() -> dict[str, str]:
        program = runpy.run_path(str(_LAPTOP / "prepare.py"))
        program["main"].__globals__["VOLUMES"] = tmp_path
        with monkeypatch.context() as container:
            container.setattr(Path, "read_text", read_as)
            container.setattr(Path, "chmod", change_as)
            program["main"]()
        return {file.name: file.read_text() for file in tmp_path.rglob("*") if file.is_file()}

    first = made()
    assert made() == first
    password = (tmp_path / "database/password").read_text()
    assert (tmp_path / "database/pgpass").read_text() == f"postgres:5432:*:deidstream:{password}\n"
    assert (tmp_path / "database/pgpass").stat().st_mode & 0o777 == 0o600
    assert owners == {"pgpass": (10001, 10001), "released": (10001, 10001)}
    access, secret = (tmp_path / "s3/credentials").read_text().split()
    (who,) = json.loads((tmp_path / "seaweedfs/s3.json").read_text())["identities"]
    assert who["credentials"] == [{"accessKey": access, "secretKey": secret}]
    assert len({password, secret, (tmp_path / "grafana/password").read_text()}) == 3
    assert min(map(len, (password, secret))) >= 24
