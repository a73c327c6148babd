"""What the chart renders for production, run: a message goes through its Pods after their setup, and the monitor counts it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from confluent_kafka.admin import AdminClient
from deidstream.cli.demo.ports import free_row

from tests.adapters.receivers import MllpReceiver
from tests.certificates import Certificates, make_certificates
from tests.deploy.conftest import Images
from tests.deploy.helm import of_kind, rendered
from tests.deploy.pod import Kubelet, Ready, end, given, keys, start, without_the_patient
from tests.deploy.test_chart_keys import VAULT
from tests.full.java import wait_for
from tests.full.postgres import PASSWORD, serving
from tests.full.test_rights import USERS, grant
from tests.harness.client import message, mllp
from tests.harness.deployment import is_ready
from tests.harness.kafka import PASSWORDS, Secured, secured_broker

pytestmark = pytest.mark.deploy

_PASSWORDS = USERS | {"deidstream-monitor": "password-of-monitor"}
_CHAINS = ("ingest", "identify", "core", "delivery")
_CANARY = "4471.90236"
"""A measurement, which stays: it is one that came out."""


@dataclass(frozen=True)
class Site:
    """Servers that are there, and what the chart renders for them."""

    secured: Secured
    resources: list[dict[str, Any]]
    vaulted: list[dict[str, Any]]
    """The same with keys in Vault."""
    secrets: dict[str, dict[str, bytes]]
    receiver: MllpReceiver
    port: int
    health: int

    def granted(self, rights: list[str]) -> None:
        """By the broker's administrator."""
        grant(
            AdminClient(
                {
                    "security.protocol": "SASL_SSL",
                    "sasl.mechanism": "SCRAM-SHA-512",
                    "ssl.ca.location": str(self.secured.certificates.ca),
                    "sasl.username": "admin",
                    "sasl.password": PASSWORDS["admin"],
                    "bootstrap.servers": self.secured.scram,
                }
            ),
            rights,
        )

    def rates(self) -> list[str]:
        """What the monitor shows, but zeros."""
        with urlopen(f"http://127.0.0.1:{self.health + len(_CHAINS)}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        return [one for one in lines if one.startswith("deidstream_monitor") and not one.endswith(" 0.0")]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Kafka over TLS with a user for each chain, and PostgreSQL; without the bucket, the tagger and pictures."""
    tmp_path.chmod(0o755)
    receiver = MllpReceiver()
    port, health, *_ = free_row(2 + len(_CHAINS))
    certificates = make_certificates(tmp_path)
    with serving() as postgres, secured_broker(tmp_path / "kafka", certificates, PASSWORDS | _PASSWORDS) as secured:
        values: dict[str, object] = {
            "chains.pictures": None,
            "chains.ingest.secrets": [],
            "chains.core.maxReplicas": 2,
            "kafka.users.pictures": None,
            "kafka.users.core": {"user": "deidstream-fields", "secret": "deidstream-fields"},
            "kafka.users.monitor": {"user": "deidstream-monitor", "secret": "deidstream-monitor"},
            "kafka.servers": secured.scram,
            "database.url": postgres.new().replace(f":{PASSWORD}@", "@"),
            "database.ca.secret": "",
            "artifacts.url": "",
            "monitor": {"enabled": True, "canaries": {"secret": "canaries"}},
            "config.monitor": {"window_seconds": 5, "drift_seconds": 5},
            "config.text.tagger": None,
            "config.deployment.otlp_endpoint": None,
            "config.deployment.kafka": {"partitions": 2, "replication": 1},
            "config.ingest": {"mllp": [{"name": "adt", "port": port}], "fhir": [], "dicom": []},
            "config.delivery.destinations": [
                {"name": "out", "kind": "mllp", "host": "127.0.0.1", "port": receiver.port, "projects": ["research"]}
            ],
        }
        resources = rendered("production", *given(values))
        vaulted = rendered("production", *given(values), *(word for one in VAULT for word in ("--set-json", one)))
        yield Site(secured, resources, vaulted, _secrets(tmp_path, certificates), receiver, port, health)
    receiver.close()


def _secrets(folder: Path, certificates: Certificates) -> dict[str, dict[str, bytes]]:
    return {
        **keys(folder, "research", "registry"),
        **{user: {"password": text.encode()} for user, text in _PASSWORDS.items()},
        "kafka-ca": {"ca.crt": certificates.ca.read_bytes()},
        "deidstream-database": {"password": PASSWORD.encode()},
        "canaries": {"canaries": f"kept {_CANARY}\n".encode()},
    }


def test_a_message_goes_through_the_pods_of_production_after_its_setup(
    site: Site, images: Images, tmp_path: Path
) -> None:
    kubelet = Kubelet(images("light"), site.resources, site.secrets, tmp_path / "pods")
    _set_up(site, kubelet)
    _set_up(site, Kubelet(images("light"), site.vaulted, site.secrets, tmp_path / "vaulted"))  # it needs no key
    sets = of_kind(site.resources, "StatefulSet")
    assert set(sets) == {f"site-deidstream-{name}" for name in _CHAINS}
    pods = [kubelet.prepared(sets[f"site-deidstream-{name}"], "chain") for name in _CHAINS]
    watching = Kubelet(images("monitor"), site.resources, site.secrets, tmp_path / "pods")
    monitor = watching.prepared(of_kind(site.resources, "Deployment")["site-deidstream-monitor"], "monitor")
    monitor.container.environment["DEIDSTREAM_MONITOR__HEALTH__PORT"] = str(site.health + len(_CHAINS))
    with _running(pods, site.health, tmp_path), _running([monitor], site.health + len(_CHAINS), tmp_path):
        assert mllp(site.port, message("POD3", "4711", f"OBX|1|NM|K^k||{_CANARY}||||||F")) == ["CA"]
        wait_for(lambda: site.receiver.got, "the receiver has it", 90)
        seen: set[str] = set()
        wait_for(lambda: seen.update(site.rates()) or len(_shown(seen)) == 2, "the monitor has seen it", 60)
        assert "10001 10001" in monitor.container.run("-c", _WHO, entrypoint=["python"]).stdout
        assert _healthy(monitor, site.health + len(_CHAINS))
        for pod in pods:
            done = pod.container.run("doctor", *pod.arguments[:4], "--json")
            found = [json.loads(line) for line in done.stdout.splitlines()]
            assert (done.returncode, [one for one in found if one["verdict"] == "bad"]) == (0, []), pod.arguments
    assert [without_the_patient(got) for got in site.receiver.got] == [True]
    assert not [line for line in seen if _CANARY in line]


_WHO = "import os; print(os.getuid(), os.getgid())"


def _shown(rates: set[str]) -> set[str]:
    """Which of the two things that the monitor is for it has shown: what was released, and the canary in it."""
    released = {"released" for line in rates if "rate{" in line and 'outcome="released"' in line}
    return released | {"canary" for line in rates if "canar" in line and 'canary="kept"' in line}


def _healthy(monitor: Ready, port: int) -> bool:
    """As the image's own health check says it, at this port."""
    test = monitor.container.image["config"]["Healthcheck"]["Test"]
    assert ":9480/" in test[-1]
    command = [word.replace(":9480/", f":{port}/") for word in test[1:]]
    return monitor.container.run(*command[1:], entrypoint=command[:1]).returncode == 0


def _set_up(site: Site, kubelet: Kubelet) -> None:
    """As the Job does before the Pods start, with the rights that it prints itself."""
    job = of_kind(kubelet.resources, "Job")["site-deidstream-setup"]
    topics, database = kubelet.prepared(job, "topics"), kubelet.prepared(job, "database")
    topics.container.environment["DEIDSTREAM_MONITOR__CANARIES"] = "/named"  # where the monitor alone has them
    rights = topics.container.run("topics", "rights")
    assert rights.returncode == 0, rights.stderr
    site.granted(rights.stdout.splitlines())
    for step in (topics, database):
        done = step.container.run(*step.arguments)
        assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def _running(pods: list[Ready], health: int, folder: Path) -> Iterator[None]:
    """All of them, ready, with their health pages from this port on; they drain at the end."""
    places = [health + number for number in range(len(pods))]
    logs = [folder / f"{place}.log" for place in places]
    processes: list[subprocess.Popen[bytes]] = []
    try:
        processes += [start(ready, log, place) for ready, log, place in zip(pods, logs, places, strict=True)]
        wait_for(
            lambda: all(map(is_ready, places)) or any(one.poll() is not None for one in processes),
            "all Pods are ready",
            180,
        )
        assert {one.poll() for one in processes} == {None}, "".join(log.read_text()[-1500:] for log in logs)
        yield
    finally:
        end(processes, logs[: len(processes)])
