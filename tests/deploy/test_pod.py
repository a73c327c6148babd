"""What the chart renders for the small example, run: a message goes through its one Pod, and that of `helm test` is answered."""

from __future__ import annotations

from pathlib import Path

import pytest
from deidstream.cli.demo.ports import free_row

from tests.adapters.receivers import MllpReceiver
from tests.deploy.conftest import Images
from tests.deploy.helm import of_kind, rendered
from tests.deploy.pod import Kubelet, end, given, keys, start, without_the_patient
from tests.full.java import wait_for
from tests.harness.client import message, mllp
from tests.harness.deployment import is_ready

pytestmark = pytest.mark.deploy


def test_a_message_goes_through_the_pod_of_the_small_example(images: Images, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    receiver = MllpReceiver()
    adt, synthetic, health = free_row(3)
    resources = rendered(
        "small",
        *given(
            {
                "config.ingest.mllp[0].port": adt,
                "config.ingest.mllp[1].port": synthetic,
                "config.delivery.destinations[0].host": "127.0.0.1",
                "config.delivery.destinations[0].port": receiver.port,
            }
        ),
    )
    (workload,) = of_kind(resources, "StatefulSet").values()
    kubelet = Kubelet(images("light"), resources, keys(tmp_path, "research"), tmp_path / "pods")
    ready = kubelet.prepared(workload, "chain")
    mounted_keys = {path: path.read_bytes() for path in (tmp_path / "pods").rglob("keys/*.json")}
    process = start(ready, tmp_path / "log", health)
    try:
        wait_for(lambda: is_ready(health) or process.poll() is not None, "the Pod is ready", 120)
        assert mllp(adt, message("POD1", "4711")) == ["CA"], (tmp_path / "log").read_text()[-3000:]
        sender = kubelet.prepared(
            of_kind(resources, "Pod")["site-deidstream-test"], "send"
        )  # to a source of no project
        tested = sender.container.run(*(one.replace("site-deidstream:", "127.0.0.1:") for one in sender.arguments))
        assert (tested.returncode, "accepted=1" in tested.stdout) == (0, True), tested.stdout + tested.stderr
        wait_for(lambda: receiver.got, "the receiver has it", 60)
        doctor = ready.container.run("doctor", "--config", "/etc/deidstream/deidstream.yaml", "--json")
        assert doctor.returncode == 0, doctor.stdout + doctor.stderr
    finally:
        end([process], [tmp_path / "log"])
        receiver.close()
    assert [without_the_patient(got) for got in receiver.got] == [True]
    assert {path: path.read_bytes() for path in (tmp_path / "pods").rglob("keys/*.json")} == mounted_keys
