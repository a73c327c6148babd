"""Images built for real, by buildah, without a container engine and without a registry."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.full.java import CACHE, absent

ROOT = Path(__file__).parents[2]
HERE = CACHE / "deploy"
_STORES = ("--root", str(HERE / "build/storage"), "--runroot", str(HERE / "build/run"))
_BASE = "docker.io/library/python:3.11-slim-bookworm"
"""What `FROM python:3.11-slim-bookworm` means: here Debian's own packages stand for it (``prepare``)."""
_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


def build(target: str) -> str:
    """The name of the image of ``target`` of docker/Dockerfile. What has not changed is not built again."""
    _base()
    name = f"localhost/deidstream:{target}"
    pip = HERE / "build/pip.conf"
    pip.write_text("[global]\ncert = /etc/ssl/host-ca.crt\n")
    mounts = ("-v", f"{_CERTIFICATES}:/etc/ssl/host-ca.crt:ro", "-v", f"{pip}:/etc/pip.conf:ro")
    how = ("--isolation", "chroot", "--pull-never", "--layers", "--format", "docker", *mounts)
    _bud(*how, "--target", target, "-t", name, "-f", "docker/Dockerfile", ".")
    return name


def inspected(image: str) -> dict[str, Any]:
    """Its configuration, as Docker knows it."""
    found: dict[str, Any] = json.loads(_run("inspect", "--type", "image", image))["Docker"]
    return found


def size(image: str) -> int:
    """Bytes, as ``buildah images`` says."""
    (found,) = json.loads(_run("images", "--json", "--filter", f"reference={image}"))
    number, unit = found["size"].split()
    return int(float(number) * {"KB": 1e3, "MB": 1e6, "GB": 1e9}[unit])


@contextmanager
def mounted(image: str) -> Iterator[Path]:
    """The root file system of ``image``."""
    container = _run("from", "--pull-never", *_policy(), image).strip()
    try:
        yield Path(_run("mount", container).strip())
    finally:
        _run("umount", container)
        _run("rm", container)


def _base() -> None:
    if not shutil.which("buildah") or os.geteuid():
        absent("no buildah, or not root")
    if not (HERE / "base.tar").exists():
        absent("no base image")
    (HERE / "build").mkdir(exist_ok=True)
    archive = (HERE / "base.tar").resolve().name
    name = f"localhost/base:{archive.removesuffix('.tar')}"
    if name not in _run("images", "--format", "{{.Name}}:{{.Tag}}").split():
        recipe = HERE / "build/Dockerfile.base"
        recipe.write_text(f'FROM scratch\nADD {archive} /\nCMD ["/bin/bash"]\n')
        _bud("--isolation", "chroot", "-t", _BASE, "-t", name, "-f", str(recipe), str(HERE))


def _policy() -> tuple[str, str]:
    policy = HERE / "build/policy.json"
    policy.write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
    return "--signature-policy", str(policy)


def _bud(*arguments: str) -> None:
    _run("bud", *_policy(), *arguments)


def _run(verb: str, *arguments: str) -> str:
    command = ["buildah", *_STORES, verb, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1500, check=False)
    assert done.returncode == 0, f"{verb}: {done.stdout[-2000:]}{done.stderr[-4000:]}"
    return done.stdout
