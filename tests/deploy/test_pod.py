"""What the chart renders, run: a message goes through the one Pod of the small example, and through those of production."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient
from deidstream.cli.demo.ports import free_row

from tests.adapters.receivers import MllpReceiver
from tests.certificates import make_certificates
from tests.cli.command import configured, run
from tests.deploy.buildah import build, mounted
from tests.deploy.helm import of_kind, rendered
from tests.deploy.pod import Kubelet, Ready
from tests.full.java import wait_for
from tests.full.postgres import PASSWORD, serving
from tests.full.test_rights import USERS, grant
from tests.harness.client import message, mllp
from tests.harness.deployment import is_ready
from tests.harness.kafka import PASSWORDS, secured_broker

pytestmark = pytest.mark.deploy

_HEALTH = "DEIDSTREAM_DEPLOYMENT__HEALTH__PORT"
"""All that is not as rendered: Pods here share the ports of the machine."""


@pytest.fixture(scope="module")
def light() -> str:
    return build("light")


@pytest.fixture
def root(light: str, tmp_path: Path) -> Iterator[Path]:
    tmp_path.chmod(0o755)
    with mounted(light) as root:
        yield root


def keys(folder: Path, *projects: str) -> dict[str, dict[str, bytes]]:
    """The Secrets of keys, as docs/kubernetes.md makes them."""
    config = configured(folder)
    config.write_text(json.dumps({"resolver": {"projects": [{"name": name} for name in projects]}}))
    assert run("keys", "make", folder / "made", "--config", config).code == 0
    return {f"deidstream-key-{file.stem}": {file.name: file.read_bytes()} for file in (folder / "made").glob("*.json")}


def given(values: dict[str, object]) -> list[str]:
    return [word for name, value in values.items() for word in ("--set-json", f"{name}={json.dumps(value)}")]


def start(ready: Ready, log: Path, health: int) -> subprocess.Popen[bytes]:
    ready.container.environment[_HEALTH] = str(health)
    return ready.container.start(log, *ready.arguments, entrypoint=ready.command)


def end(processes: list[subprocess.Popen[bytes]], logs: list[Path]) -> None:
    """All drain and end well."""
    for process in processes:
        process.terminate()
    for process, log in zip(processes, logs, strict=True):
        assert process.wait(60) == 0, log.read_text()[-3000:]


def without_the_patient(got: bytes) -> bool:
    return got.startswith(b"MSH|") and not any(word in got for word in (b"Winterbourne", b"4711", b"19610413"))


def test_a_message_goes_through_the_pod_of_the_small_example(light: str, root: Path, tmp_path: Path) -> None:
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
    ready = Kubelet(root, light, resources, keys(tmp_path, "research"), tmp_path / "pods").prepared(workload, "chain")
    mounted_keys = {path: path.read_bytes() for path in (tmp_path / "pods").rglob("keys/*.json")}
    process = start(ready, tmp_path / "log", health)
    try:
        wait_for(lambda: is_ready(health) or process.poll() is not None, "the Pod is ready", 120)
        assert mllp(adt, message("POD1", "4711")) == ["CA"], (tmp_path / "log").read_text()[-3000:]
        assert mllp(synthetic, message("POD2", "4712")) == ["CA"]  # of no project
        wait_for(lambda: receiver.got, "the receiver has it", 60)
        doctor = ready.container.run("doctor", "--config", "/etc/deidstream/deidstream.yaml", "--json")
        assert doctor.returncode == 0, doctor.stdout + doctor.stderr
    finally:
        end([process], [tmp_path / "log"])
        receiver.close()
    assert [without_the_patient(got) for got in receiver.got] == [True]
    assert {path: path.read_bytes() for path in (tmp_path / "pods").rglob("keys/*.json")} == mounted_keys


def test_a_message_goes_through_the_pods_of_production_after_its_setup(light: str, root: Path, tmp_path: Path) -> None:
    """With Kafka over TLS and a user for each chain, and PostgreSQL; without the bucket, the tagger and pictures."""
    receiver = MllpReceiver()
    port, health, *_ = free_row(6)
    certificates = make_certificates(tmp_path)
    with serving() as postgres, secured_broker(tmp_path / "kafka", certificates, PASSWORDS | USERS) as secured:
        url = postgres.new().replace(f":{PASSWORD}@", "@")
        values: dict[str, object] = {
            "chains.pictures": None,
            "chains.ingest.secrets": [],
            "kafka.users.pictures": None,
            "kafka.users.core": {"user": "deidstream-fields", "secret": "deidstream-fields"},
            "kafka.servers": secured.scram,
            "database.url": url,
            "database.ca.secret": "",
            "artifacts.url": "",
            "config.text.tagger": None,
            "config.deployment.otlp_endpoint": None,
            "config.deployment.kafka": {"partitions": 2, "replication": 1},
            "config.ingest": {"mllp": [{"name": "adt", "port": port}], "fhir": [], "dicom": []},
            "config.delivery.destinations": [
                {"name": "out", "kind": "mllp", "host": "127.0.0.1", "port": receiver.port, "projects": ["research"]}
            ],
        }
        resources = rendered("production", *given(values))
        secrets = keys(tmp_path, "research", "registry") | {
            user: {"password": text.encode()} for user, text in USERS.items()
        }
        secrets["kafka-ca"] = {"ca.crt": certificates.ca.read_bytes()}
        secrets["deidstream-database"] = {"password": PASSWORD.encode()}
        kubelet = Kubelet(root, light, resources, secrets, tmp_path / "pods")
        job = of_kind(resources, "Job")["site-deidstream-setup"]
        topics, database = kubelet.prepared(job, "topics"), kubelet.prepared(job, "database")
        rights = topics.container.run("topics", "rights")
        assert rights.returncode == 0, rights.stderr
        admin = {
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "SCRAM-SHA-512",
            "ssl.ca.location": str(certificates.ca),
        }
        admin |= {"sasl.username": "admin", "sasl.password": PASSWORDS["admin"], "bootstrap.servers": secured.scram}
        grant(AdminClient(admin), rights.stdout.splitlines())
        for step in (topics, database):
            done = step.container.run(*step.arguments)
            assert done.returncode == 0, done.stdout + done.stderr
        sets = of_kind(resources, "StatefulSet")
        names = [f"site-deidstream-{name}" for name in ("ingest", "identify", "core", "delivery")]
        assert set(sets) == set(names)
        logs = [tmp_path / f"{name}.log" for name in names]
        processes = [
            start(kubelet.prepared(sets[name], "chain"), log, health + number)
            for number, (name, log) in enumerate(zip(names, logs, strict=True))
        ]
        try:
            wait_for(
                lambda: (
                    all(is_ready(health + number) for number in range(4))
                    or any(one.poll() is not None for one in processes)
                ),
                "all Pods are ready",
                180,
            )
            assert [one.poll() for one in processes] == [None] * 4, "".join(log.read_text()[-1500:] for log in logs)
            assert mllp(port, message("POD3", "4711")) == ["CA"]
            wait_for(lambda: receiver.got, "the receiver has it", 90)
        finally:
            end(processes, logs)
            receiver.close()
    assert [without_the_patient(got) for got in receiver.got] == [True]
