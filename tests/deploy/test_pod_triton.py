"""A text goes through the Pod of the small example, which asks the tagger on the Triton server that the chart renders beside it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from deidstream.adapters.taggers import open_tagger
from deidstream.adapters.triton_server import TritonServer
from deidstream.cli.demo.ports import free_row
from deidstream.core.document import Part

from tests.adapters.receivers import MllpReceiver
from tests.certificates import Certificates, make_certificates
from tests.deploy.buildah import ROOT
from tests.deploy.conftest import Images
from tests.deploy.helm import of_kind, rendered
from tests.deploy.pod import Kubelet, Ready, end, given, keys, start, without_the_patient
from tests.full.java import wait_for
from tests.full.prometheus import query, scraping
from tests.harness.client import message, mllp
from tests.harness.deployment import is_ready
from tools.make_dashboards import dashboards, queries

pytestmark = pytest.mark.deploy

_NOTE = "OBX|1|TX|N^note||Reviewed by Ottoline Braithwaite, who lives in Kirkby Lonsdale, on the ward.||||||F"
_SECRETS = {"tls.crt": "server", "tls.key": "server_key", "ca.crt": "ca"}


@dataclass(frozen=True)
class Server:
    """Triton as a Pod runs it. ``ports``: HTTP, gRPC, metrics."""

    ready: Ready
    process: subprocess.Popen[bytes]
    ports: list[int]
    log: Path

    def is_ready(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.ports[0]}/v2/health/ready", trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    def inferences(self) -> float:
        """How often its models have answered."""
        text = httpx.get(f"http://127.0.0.1:{self.ports[2]}/metrics", trust_env=False).text
        return sum(map(float, re.findall(r"^nv_inference_request_success\{.*\} (\S+)$", text, re.MULTILINE)))


@pytest.fixture
def resources(receiver: MllpReceiver, ports: list[int]) -> list[dict[str, Any]]:
    values: dict[str, object] = {
        "config.ingest.mllp[0].port": ports[3],
        "config.ingest.mllp[1].port": ports[4],
        "config.delivery.destinations[0].host": "127.0.0.1",
        "config.delivery.destinations[0].port": receiver.port,
        "config.text.tagger": {"folder": "fast"},
        "triton": {"enabled": True, "gpus": 0, "backend": "python", "tls": {"secret": "triton-tls"}},
    }
    return rendered("small", *given(values))


@pytest.fixture
def receiver() -> Iterator[MllpReceiver]:
    made = MllpReceiver()
    yield made
    made.close()


@pytest.fixture
def ports() -> list[int]:
    """Of Triton; of the two listeners; of the health pages."""
    return free_row(6)


@pytest.fixture
def secrets(tmp_path: Path) -> dict[str, dict[str, bytes]]:
    tmp_path.chmod(0o755)
    certificates: Certificates = make_certificates(tmp_path)
    files = {name: getattr(certificates, what).read_bytes() for name, what in _SECRETS.items()}
    return keys(tmp_path, "research") | {"triton-tls": files}


@pytest.fixture
def server(
    resources: list[dict[str, Any]],
    secrets: dict[str, dict[str, bytes]],
    images: Images,
    ports: list[int],
    tmp_path: Path,
) -> Iterator[Server]:
    """With the models that the init container of its Pod has pushed."""
    workload = of_kind(resources, "StatefulSet")["site-deidstream-triton"]
    pushes = Kubelet(images("tagged"), resources, secrets, tmp_path / "pods").prepared(workload, "models")
    pushed = pushes.container.run(*pushes.arguments)
    assert pushed.returncode == 0, pushed.stdout + pushed.stderr
    ready = Kubelet(images("triton"), resources, secrets, tmp_path / "pods").prepared(workload, "triton")
    (repository,) = (folder for folder, there in pushes.container.mounts.items() if there == "/repository")
    ready.container.mounts = {repository: "/repository"} | {
        folder: there for folder, there in ready.container.mounts.items() if there != "/repository"
    }
    moved = [_moved(word, ports) for word in ready.arguments]
    log = tmp_path / "triton.log"
    process = ready.container.start(log, *moved, entrypoint=ready.command)
    made = Server(ready, process, ports, log)
    try:
        wait_for(lambda: made.is_ready() or process.poll() is not None, "Triton is ready", 120)
        assert process.poll() is None, log.read_text()[-4000:]
        yield made
    finally:
        process.terminate()
        assert process.wait(60) == 0, log.read_text()[-3000:]


def _moved(argument: str, ports: list[int]) -> str:
    """Pods here share the ports of the machine."""
    names = ("--http-port", "--grpc-port", "--metrics-port")
    name = argument.partition("=")[0]
    return f"{name}={ports[names.index(name)]}" if name in names else argument


def test_a_text_is_read_by_the_tagger_on_the_server_that_the_chart_renders(
    server: Server,
    resources: list[dict[str, Any]],
    secrets: dict[str, dict[str, bytes]],
    receiver: MllpReceiver,
    images: Images,
    tmp_path: Path,
) -> None:
    workload = of_kind(resources, "StatefulSet")["site-deidstream-all"]
    ready = Kubelet(images("tagged"), resources, secrets, tmp_path / "chain").prepared(workload, "chain")
    ready.container.environment["DEIDSTREAM_TEXT__TAGGER__TRITON__ADDRESS"] = f"127.0.0.1:{server.ports[1]}"
    before = server.inferences()
    process = start(ready, tmp_path / "log", server.ports[5])
    try:
        wait_for(lambda: is_ready(server.ports[5]) or process.poll() is not None, "the Pod is ready", 120)
        assert mllp(server.ports[3], message("TRI1", "4711", _NOTE, kind="ORU^R01^ORU_R01")) == ["CA"]
        wait_for(lambda: receiver.got, "the receiver has it", 90)
    finally:
        end([process], [tmp_path / "log"])
    (got,) = receiver.got
    assert without_the_patient(got)
    assert not [word for word in (b"Braithwaite", b"Ottoline", b"Kirkby") if word in got]
    assert b"on the ward" in got
    assert server.inferences() > before


def test_the_server_is_nobody_and_its_health_check_tells_whether_it_is_ready(server: Server) -> None:
    test = server.ready.container.image["config"]["Healthcheck"]["Test"]
    assert ":8000/" in test[-1]
    command = [word.replace(":8000/", f":{server.ports[0]}/") for word in test[1:]]
    assert server.ready.container.run(*command[1:], entrypoint=command[:1]).returncode == 0
    who = server.ready.container.run("-c", "import os; print(os.getuid(), os.getgid())", entrypoint=["python"])
    assert who.stdout.split() == ["10001", "10001"]


def test_every_panel_about_it_shows_something(
    server: Server, secrets: dict[str, dict[str, bytes]], tmp_path: Path
) -> None:
    (tmp_path / "ca").write_bytes(secrets["triton-tls"]["ca.crt"])
    where = TritonServer(f"127.0.0.1:{server.ports[1]}", ca=tmp_path / "ca")
    tagger = open_tagger(ROOT / "models/phi-tagger/fast", server=where)
    asked = [one for board in dashboards().values() for one in queries(board) if "nv_" in one]
    assert len(asked) == 5
    (tmp_path / "prometheus").mkdir()
    with scraping(tmp_path / "prometheus", [f"127.0.0.1:{server.ports[2]}"]) as prometheus:

        def shown() -> list[str]:
            """While it is asked all the time."""
            tagger.find([Part("1", "Reviewed by Ottoline Braithwaite.", ())])
            expressions = [one.replace("$__rate_interval", "30s") for one in asked]
            return [one for one in expressions if query(prometheus, one)]

        wait_for(lambda: len(shown()) == len(asked), "each query has an answer", 60)
