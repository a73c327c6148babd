"""What the chart renders, run: a message goes through the one Pod of the small example."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from deidstream.cli.demo.ports import free_row

from tests.adapters.receivers import MllpReceiver
from tests.cli.command import configured, run
from tests.deploy.buildah import build, mounted
from tests.deploy.helm import of_kind, rendered
from tests.deploy.pod import pod
from tests.full.java import wait_for
from tests.harness.client import message, mllp
from tests.harness.deployment import is_ready

pytestmark = pytest.mark.deploy


@pytest.fixture(scope="module")
def light() -> str:
    return build("light")


@pytest.fixture
def root(light: str) -> Iterator[Path]:
    with mounted(light) as root:
        yield root


def secrets(folder: Path) -> dict[str, dict[str, bytes]]:
    """As docs/kubernetes.md makes them."""
    assert run("keys", "make", folder / "made", "--config", configured(folder)).code == 0
    return {f"deidstream-key-{file.stem}": {file.name: file.read_bytes()} for file in (folder / "made").glob("*.json")}


def test_a_message_goes_through_the_pod_of_the_small_example(light: str, root: Path, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    receiver = MllpReceiver()
    adt, synthetic, health = free_row(3)
    values = {
        "config.ingest.mllp[0].port": adt,
        "config.ingest.mllp[1].port": synthetic,
        "config.delivery.destinations[0].host": '"127.0.0.1"',
        "config.delivery.destinations[0].port": receiver.port,
    }
    resources = rendered(
        "small", *(word for name, value in values.items() for word in ("--set-json", f"{name}={value}"))
    )
    (workload,) = of_kind(resources, "StatefulSet").values()
    container, command, arguments = pod(workload, resources, secrets(tmp_path), tmp_path, root, light)
    container.environment["DEIDSTREAM_DEPLOYMENT__HEALTH__PORT"] = str(health)  # the machine's ports are shared
    keys = {path: path.read_bytes() for path in (tmp_path / "keys").rglob("*.json")}
    process = container.start(tmp_path / "log", *arguments, entrypoint=command)
    try:
        wait_for(lambda: is_ready(health) or process.poll() is not None, "the Pod is ready", 120)
        assert mllp(adt, message("POD1", "4711")) == ["CA"], (tmp_path / "log").read_text()[-3000:]
        assert mllp(synthetic, message("POD2", "4712")) == ["CA"]  # of no project
        wait_for(lambda: receiver.got, "the receiver has it", 60)
        doctor = container.run("doctor", "--config", "/etc/deidstream/deidstream.yaml", "--json")
        assert doctor.returncode == 0, doctor.stdout + doctor.stderr
    finally:
        process.terminate()
        assert process.wait(60) == 0, (tmp_path / "log").read_text()[-3000:]
        receiver.close()
    (got,) = receiver.got
    assert b"Winterbourne" not in got
    assert b"4711" not in got
    assert {path: path.read_bytes() for path in (tmp_path / "keys").rglob("*.json")} == keys
    assert os.listdir(tmp_path / "state")
