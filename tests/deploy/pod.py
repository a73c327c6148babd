"""A Pod of the chart as a kubelet would start it, from what Helm has rendered: image, arguments, environment, files, user."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from tests.cli.command import configured, run
from tests.deploy.buildah import inspected
from tests.deploy.conftest import Image
from tests.deploy.container import USER, Container

HEALTH = "DEIDSTREAM_DEPLOYMENT__HEALTH__PORT"
"""All that is not as rendered: Pods here share the ports of the machine."""
_VERSION = "..2026_01_01"


class Ready(NamedTuple):
    """A container, and what runs in it; ``command`` is None where that is the image's own."""

    container: Container
    command: list[str] | None
    arguments: list[str]


@dataclass(frozen=True)
class Kubelet:
    """Of what ``resources`` hold, in ``image``. ``secrets``: the cluster's; ``folder``: for volumes."""

    image: Image
    resources: list[dict[str, Any]]
    secrets: dict[str, dict[str, bytes]]
    folder: Path

    def prepared(self, workload: dict[str, Any], name: str) -> Ready:
        """The container ``name`` of the first Pod of a workload, or of a Pod."""
        spec = workload["spec"].get("template", workload)["spec"]
        (one,) = (one for one in (*spec.get("initContainers", []), *spec["containers"]) if one["name"] == name)
        claims = [claim["metadata"]["name"] for claim in workload["spec"].get("volumeClaimTemplates", [])]
        volumes = {volume["name"]: volume for volume in spec["volumes"]} | {claim: {"emptyDir": {}} for claim in claims}
        mounts = {
            self._volume(workload, volumes[mount["name"]], name, mount): mount["mountPath"]
            for mount in one["volumeMounts"]
        }
        mounts = {folder: path for folder, path in mounts.items() if path != "/tmp"}  # there is one of memory
        written = tuple(folder for folder in mounts if folder.stat().st_mode & 0o7777 == 0o2770)
        made = Container(
            self.image.root, inspected(self.image.name), mounts, written, str(spec["securityContext"]["fsGroup"])
        )
        made.environment = {variable["name"]: self._value(variable) for variable in one.get("env", [])}
        arguments = [word.replace("$(REPLICA)", made.environment.get("REPLICA", "")) for word in one["args"]]
        return Ready(made, one.get("command"), arguments)

    def _value(self, variable: dict[str, Any]) -> str:
        if "value" in variable:
            return str(variable["value"])
        if "fieldRef" in variable["valueFrom"]:
            return "1"  # the index of the first Pod, where ordinals begin with 1
        key = variable["valueFrom"]["secretKeyRef"]
        return self.secrets[key["name"]][key["key"]].decode()

    def _volume(self, workload: dict[str, Any], volume: dict[str, Any], container: str, mount: dict[str, Any]) -> Path:
        folder = self.folder / f"{workload['metadata']['name']}-{container}" / mount["name"]
        folder.mkdir(parents=True)
        if "emptyDir" in volume:
            os.chown(folder, 0, USER)
            folder.chmod(0o2770)
        else:
            _laid_out(folder, self._files(volume))
        return folder

    def _files(self, volume: dict[str, Any]) -> dict[str, tuple[bytes, int]]:
        """Content and mode of what a volume shows."""
        if "configMap" in volume:
            maps = [one for one in self.resources if one["kind"] == "ConfigMap"]
            (one,) = (one for one in maps if one["metadata"]["name"] == volume["configMap"]["name"])
            return {name: (text.encode(), 0o644) for name, text in one["data"].items()}
        if "secret" in volume:
            given = self.secrets[volume["secret"]["secretName"]]
            items = volume["secret"].get("items", [{"key": key, "path": key} for key in given])
            return {item["path"]: (given[item["key"]], volume["secret"]["defaultMode"]) for item in items}
        sources = [source["secret"] for source in volume["projected"]["sources"]]
        mode = volume["projected"]["defaultMode"]
        items = [(source["name"], item) for source in sources for item in source["items"]]
        return {item["path"]: (self.secrets[name][item["key"]], mode) for name, item in items}


def _laid_out(folder: Path, files: dict[str, tuple[bytes, int]]) -> None:
    """Links into a folder that can be replaced as a whole; files of root, for ``fsGroup`` to read."""
    (folder / _VERSION).mkdir()
    for name, (content, mode) in files.items():
        file = folder / _VERSION / name
        file.write_bytes(content)
        os.chown(file, 0, USER)
        file.chmod(mode)
        (folder / name).symlink_to(Path("..data") / name)
    (folder / "..data").symlink_to(_VERSION)
    folder.chmod(0o3777)


def keys(folder: Path, *projects: str) -> dict[str, dict[str, bytes]]:
    """The Secrets of keys, as docs/kubernetes.md makes them."""
    config = configured(folder)
    config.write_text(json.dumps({"resolver": {"projects": [{"name": name} for name in projects]}}))
    assert run("keys", "make", folder / "made", "--config", config).code == 0
    return {f"deidstream-key-{file.stem}": {file.name: file.read_bytes()} for file in (folder / "made").glob("*.json")}


def given(values: dict[str, object]) -> list[str]:
    return [word for name, value in values.items() for word in ("--set-json", f"{name}={json.dumps(value)}")]


def start(ready: Ready, log: Path, health: int) -> subprocess.Popen[bytes]:
    ready.container.environment[HEALTH] = str(health)
    return ready.container.start(log, *ready.arguments, entrypoint=ready.command)


def end(processes: list[subprocess.Popen[bytes]], logs: list[Path]) -> None:
    """All drain and end well."""
    for process in processes:
        process.terminate()
    for process, log in zip(processes, logs, strict=True):
        assert process.wait(60) == 0, log.read_text()[-3000:]


def without_the_patient(got: bytes) -> bool:
    return got.startswith(b"MSH|") and not any(word in got for word in (b"Winterbourne", b"4711", b"19610413"))
