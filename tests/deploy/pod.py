"""A Pod of the chart as a kubelet would start it, from what Helm has rendered: image, arguments, environment, files, user."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tests.deploy.buildah import inspected
from tests.deploy.container import USER, Container

_DATA = "..2026_01_01"


def pod(
    workload: dict[str, Any],
    resources: list[dict[str, Any]],
    secrets: dict[str, dict[str, bytes]],
    there: Path,
    root: Path,
    image: str,
) -> tuple[Container, list[str], list[str]]:
    """The container of ``workload``'s first Pod, with its command and arguments. ``secrets``: those of the cluster, by name.

    ``there``: a folder for its volumes; ``root``: the mounted root file system of ``image``.
    """
    spec = workload["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    claims = [one["metadata"]["name"] for one in workload["spec"].get("volumeClaimTemplates", [])]
    volumes = {one["name"]: one for one in [*spec["volumes"], *({"name": claim, "emptyDir": {}} for claim in claims)]}
    mounts: dict[Path, str] = {}
    written = []
    for mount in container["volumeMounts"]:
        if mount["mountPath"] == "/tmp":
            continue  # one of memory is there
        folder = there / mount["name"]
        folder.mkdir()
        volume = volumes[mount["name"]]
        if "emptyDir" in volume:
            _group(folder, 0o2770)
            written.append(folder)
        else:
            _laid_out(folder, _files(volume, resources, secrets), spec["securityContext"]["fsGroup"])
        mounts[folder] = mount["mountPath"]
    made = Container(root, inspected(image), mounts, tuple(written), str(spec["securityContext"]["fsGroup"]))
    made.environment = {one["name"]: one["value"] for one in container["env"] if "value" in one}
    return made, container["command"], [one.replace("$(REPLICA)", "1") for one in container["args"]]


def _files(
    volume: dict[str, Any], resources: list[dict[str, Any]], secrets: dict[str, dict[str, bytes]]
) -> dict[str, tuple[bytes, int]]:
    """Content and mode of what a volume shows."""
    if "configMap" in volume:
        (one,) = (
            one
            for one in resources
            if one["kind"] == "ConfigMap" and one["metadata"]["name"] == volume["configMap"]["name"]
        )
        return {name: (text.encode(), 0o644) for name, text in one["data"].items()}
    mode = volume["projected"]["defaultMode"]
    found = {}
    for source in volume["projected"]["sources"]:
        for item in source["secret"]["items"]:
            found[item["path"]] = (secrets[source["secret"]["name"]][item["key"]], mode)
    return found


def _laid_out(folder: Path, files: dict[str, tuple[bytes, int]], group: int) -> None:
    """Links into a folder that can be replaced as a whole; of root, for ``fsGroup`` to read."""
    (folder / _DATA).mkdir()
    for name, (content, mode) in files.items():
        file = folder / _DATA / name
        file.write_bytes(content)
        os.chown(file, 0, group)
        file.chmod(mode)
        (folder / name).symlink_to(Path("..data") / name)
    (folder / "..data").symlink_to(_DATA)
    folder.chmod(0o3777)


def _group(folder: Path, mode: int) -> None:
    os.chown(folder, 0, USER)
    folder.chmod(mode)
