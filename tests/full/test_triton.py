"""A real Triton: the contract, a model that is another than meant, and what happens while it does not answer."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from deidstream.adapters.taggers import open_tagger
from deidstream.adapters.triton import TritonInference
from deidstream.adapters.triton_server import TritonServer
from deidstream.core.document import Part
from deidstream.core.errors import Misconfigured, Unavailable
from deidstream.detection.text.tagger.description import Description, described
from deidstream.ports import Inference

from tests.adapters.inference.contract import InferenceContract, asked
from tests.cli.command import run
from tests.cli.test_doctor import deployed, examined
from tests.detection.text.tagger.tiny import save
from tests.full.java import wait_for
from tests.full.triton import Triton, triton
from tests.harness.client import message, mllp
from tests.harness.deployment import deployment

pytestmark = pytest.mark.full
ANNA = {"Anna": "B-name"}


def pushed(tagger: Path, server: Triton) -> Description:
    """By the command, as an operator does."""
    assert run("models", "push", tagger, "--to", str(server.repository), "--python").code == 0
    return described(tagger)


def version(folder: Path, number: int, words: dict[str, str]) -> Path:
    path = save(folder / f"v{number}", words) / "tagger.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "version": str(number)}))
    return path.parent


@pytest.fixture(scope="module")
def tagger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(tmp_path_factory.mktemp("released") / "tiny", ANNA)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, tagger: Path) -> Iterator[Triton]:
    with triton(tmp_path_factory.mktemp("triton")) as made:
        pushed(tagger, made)
        made.start()
        yield made


def opened(server: Triton, found: Description, seconds: float = 10.0) -> TritonInference:
    where = TritonServer(server.address, seconds)
    return TritonInference(where, found.name, found.version, found.files["model.onnx.gz"])


class TestTriton(InferenceContract):
    @pytest.fixture
    def inference(self, server: Triton, tagger: Path) -> Iterator[Inference]:
        model = opened(server, described(tagger))
        yield model
        model.close()


def test_a_tagger_finds_there_what_it_finds_in_the_process(server: Triton, tagger: Path) -> None:
    parts = [Part("1", "saw Anna and Anna. " * 40, ()), Part("2", "Anna", ()), Part("3", "nobody", ())]
    here, there = open_tagger(tagger), open_tagger(tagger, server=TritonServer(server.address))
    assert here.find(parts) == there.find(parts)
    assert [len(of_part) for of_part in there.find(parts)] == [80, 1, 0]


def test_another_file_than_the_one_that_was_released_is_refused(server: Triton, tagger: Path) -> None:
    found = described(tagger)
    model = opened(server, replace(found, files={**found.files, "model.onnx.gz": "0" * 64}))
    with pytest.raises(Misconfigured, match=f"model-other: .*serves {found.files['model.onnx.gz']}"):
        model.infer(asked([[4]]))


def test_a_version_that_is_not_there_is_waited_for(server: Triton, tagger: Path) -> None:
    model = opened(server, replace(described(tagger), version="7"))
    with pytest.raises(Unavailable, match="model-absent"):
        model.infer(asked([[4]]))


def test_the_doctor_says_what_it_serves_and_what_it_lacks(server: Triton, tagger: Path, tmp_path: Path) -> None:
    def said(folder: Path, number: int) -> list[tuple[str, str]]:
        (tmp_path / str(number)).mkdir()
        text = {"tagger": {"folder": str(folder), "triton": {"address": server.address}}}
        _, found = examined(deployed(tmp_path / str(number), text=text), "--chain", "text")
        return [(one["verdict"], one["code"]) for one in found if one["check"] == "models"]

    assert said(tagger, 1) == [("good", ""), ("good", "")]
    assert said(version(tmp_path, 7, ANNA), 2) == [("good", ""), ("bad", "model-absent")]


def test_one_that_answers_too_late_has_not_answered_and_is_asked_again(server: Triton, tagger: Path) -> None:
    model = opened(server, described(tagger), seconds=0.5)
    assert model.infer(asked([[4]]))
    server.pause()
    try:
        for _ in range(3):
            with pytest.raises(Unavailable, match="model-timeout"):
                model.infer(asked([[4]]))
        began = time.monotonic()
        with pytest.raises(Unavailable, match="model-away"):
            model.infer(asked([[4]]))
        assert time.monotonic() - began < 0.4
    finally:
        server.go_on()
    wait_for(lambda: _answers(model), "the model is asked again")


def test_one_that_was_killed_is_found_again_and_its_file_is_compared_again(server: Triton, tagger: Path) -> None:
    model = opened(server, described(tagger))
    assert model.infer(asked([[4]]))
    server.kill()
    with pytest.raises(Unavailable, match="model-failed"):
        model.infer(asked([[4]]))
    server.start()
    wait_for(lambda: _answers(model), "the model answers again")


def test_running_processes_keep_the_version_that_they_know(tmp_path: Path) -> None:
    first, second = version(tmp_path, 1, ANNA), version(tmp_path, 2, {"Eva": "B-name"})
    (tmp_path / "triton").mkdir()
    with triton(tmp_path / "triton") as server:
        for folder in (first, second):
            pushed(folder, server)
        server.start()
        texts = [Part("1", "Anna Eva", ())]
        found = [open_tagger(folder, server=TritonServer(server.address)).find(texts)[0] for folder in (first, second)]
    assert [[one.span.start for one in of_version if one.span] for of_version in found] == [[0], [5]]


def test_a_deployment_waits_while_the_server_is_away_and_releases_nothing_unread(tagger: Path, tmp_path: Path) -> None:
    (tmp_path / "triton").mkdir()
    with triton(tmp_path / "triton") as server:
        pushed(tagger, server)
        text = {"tagger": {"folder": str(tagger), "triton": {"address": server.address, "seconds": 2}}}
        with deployment(tmp_path / "deployment", text=text) as running:
            running.start()
            running.wait_ready()  # before the server is there
            note = "OBX|1|TX|N^note||Anna has potassium of 4.2||||||F"
            contents = [message(f"T{n}", f"{7000 + n}", note, kind="ORU^R01^ORU_R01") for n in range(30)]
            assert mllp(running.mllp, *contents[:10]) == ["CA"] * 10
            wait_for(lambda: b"batch.retried" in (running.folder / "up.log").read_bytes(), "the first are tried again")
            assert running.releases() == []
            server.start()
            wait_for(lambda: len(running.releases()) == 10, "the first are released")
            server.kill()
            assert mllp(running.mllp, *contents[10:]) == ["CA"] * 20
            server.start()
            wait_for(lambda: len(running.releases()) == 30, "all are released")
            assert running.quarantined() == 0
            released = [one.content for one in running.releases()]
    assert all(b"Anna" not in content and b"has potassium of 4.2" in content for content in released)


def _answers(model: TritonInference) -> bool:
    try:
        return bool(model.infer(asked([[4]])))
    except Unavailable:
        return False
