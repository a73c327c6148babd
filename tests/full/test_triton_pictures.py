"""A real Triton with the readers of pictures and the finder of faces: they see what they see in this process, or nobody saw."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from deidstream.adapters.pictures import FACES, OCR, PictureProcess, PictureSetting, described
from deidstream.adapters.pictures.models import open_model
from deidstream.adapters.pictures.setting import RELEASED
from deidstream.adapters.triton import TritonInference
from deidstream.adapters.triton_server import TritonServer
from deidstream.core.errors import Misconfigured, Unavailable
from deidstream.ports import Sight, Tensors

from tests.cli.command import run
from tests.formats.dicom.pictures import drawn, instance, speckle
from tests.full.java import wait_for
from tests.full.triton import Triton, triton
from tests.harness.deployment import deployment

pytestmark = pytest.mark.full
MODELS = (*OCR, FACES)
PORTRAIT = Path(__file__).parents[1] / "data/pictures/portrait.jpg"
NAME = "Quilty McGrath"


def pushed(server: Triton) -> None:
    """By the command, as an operator does."""
    folders = [RELEASED / name for name in MODELS]
    assert run("models", "push", *folders, "--to", str(server.repository), "--python").code == 0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Triton]:
    with triton(tmp_path_factory.mktemp("triton")) as made:
        pushed(made)
        made.start()
        yield made


def asked(name: str, seed: int, count: int) -> Tensors:
    ((entry, shape),) = described(RELEASED / name).inputs.items()
    sides = [64 if length < 0 else length for length in shape]
    return {entry: np.random.default_rng(seed).random((count, *sides), np.float32)}


def same(one: Tensors, other: Tensors) -> bool:
    return set(one) == set(other) and all(np.allclose(one[name], other[name], atol=1e-4) for name in one)


def written(name: str = NAME) -> bytes:
    return instance(drawn(speckle(), {(20, 30): name, (20, 70): "9.2 cm"})[None])


def seen(source: bytes, format_: str, where: TritonServer | None, faces: bool = False) -> Sight:
    pictures = PictureProcess(PictureSetting(RELEASED, server=where))
    try:
        return pictures.look(format_, source, faces)
    finally:
        pictures.close()


@pytest.mark.parametrize("name", MODELS)
def test_each_model_answers_there_what_it_answers_here_to_more_than_it_takes_at_once_and_to_threads(
    server: Triton, name: str
) -> None:
    here, there = open_model(RELEASED / name), open_model(RELEASED / name, server=TritonServer(server.address))
    many = asked(name, 1, described(RELEASED / name).most + 1)
    assert set(here.infer(many)) == set(described(RELEASED / name).outputs)
    assert same(here.infer(many), there.infer(many))
    each = [asked(name, seed, 1 + seed % 2) for seed in range(8)]
    with ThreadPoolExecutor(4) as pool:
        assert all(same(here.infer(one), answer) for one, answer in zip(each, pool.map(there.infer, each), strict=True))
    there.close()


def test_text_and_faces_are_seen_there_as_in_the_process(server: Triton) -> None:
    where = TritonServer(server.address, 60.0)
    line = seen(written(), "dicom", where)
    assert NAME in {one.text for one in line.lines}
    assert line == seen(written(), "dicom", None)
    portrait = PORTRAIT.read_bytes()
    there, here = (seen(portrait, "image", one, faces=True) for one in (where, None))
    assert [mark.box for mark in there.marks if mark.kind == "face"]
    assert [(mark.kind, mark.box) for mark in there.marks] == [(mark.kind, mark.box) for mark in here.marks]


def test_another_file_than_the_one_that_was_released_is_refused(server: Triton) -> None:
    found = described(RELEASED / OCR[0])
    model = TritonInference(TritonServer(server.address), found.name, found.version, "0" * 64)
    with pytest.raises(Misconfigured, match=f"model-other: .*serves {found.files['model.onnx.gz']}"):
        model.infer(asked(OCR[0], 1, 1))


def test_while_it_does_not_answer_nothing_counts_as_seen_and_afterwards_it_is_asked_again(server: Triton) -> None:
    pictures = PictureProcess(PictureSetting(RELEASED, server=TritonServer(server.address, 3.0)))
    patient = replace(pictures._setting, server=TritonServer(server.address, 60.0))
    try:
        server.pause()
        for code in ("model-timeout", "model-timeout", "model-timeout", "model-away"):
            with pytest.raises(Unavailable, match=code):
                pictures.look("dicom", written())
    finally:
        server.go_on()
        pictures.close()
    again = PictureProcess(patient)
    assert NAME in {one.text for one in again.look("dicom", written()).lines}
    server.kill()
    with pytest.raises(Unavailable, match="model-failed"):
        again.look("dicom", written())
    server.start()
    wait_for(lambda: _sees(again), "it is asked again")
    again.close()


def test_a_picture_waits_while_the_server_is_away_and_is_released_without_what_is_burned_in(tmp_path: Path) -> None:
    (tmp_path / "triton").mkdir()
    with triton(tmp_path / "triton") as server:
        pushed(server)
        served = {"triton": {"address": server.address, "seconds": 60}}
        with deployment(tmp_path / "deployment", image=served, text={}) as running:
            running.start()
            running.wait_ready()  # before the server is there
            (running.folder / "drop" / "one.dcm").write_bytes(written())
            log = running.folder / "up.log"
            wait_for(lambda: b"batch.retried" in log.read_bytes(), "it is tried again", 60)
            assert running.releases() == []
            server.start()
            wait_for(lambda: len(running.releases()) == 1, "it is released", 240)
            assert running.quarantined() == 0
            (released,) = running.releases()
    (tmp_path / "released.dcm").write_bytes(released.content)
    assert pydicom.dcmread(tmp_path / "released.dcm").BurnedInAnnotation == "NO"
    assert NAME not in {one.text for one in seen(released.content, "dicom", None).lines}


def _sees(pictures: PictureProcess) -> bool:
    try:
        return NAME in {one.text for one in pictures.look("dicom", written()).lines}
    except Unavailable:
        return False
