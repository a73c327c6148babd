import time
from pathlib import Path

import pytest
from deidstream.stages.process import Process
from deidstream.stream.instances import Instance
from deidstream.stream.settings import Settings


@pytest.mark.parametrize(
    ("replicas", "instance", "shares"),
    [
        ({}, Instance(("ingest",)), False),
        ({}, Instance(("ingest",), count=2), True),  # deidstream up --replicas ingest=2
        ({}, Instance(("ingest",), replica=2), True),  # added by hand
        ({"ingest": 2}, Instance(("ingest",)), True),  # started by hand, or by another supervisor
        ({"writer": 2}, Instance(("ingest",)), False),
    ],
)
def test_a_process_knows_whether_others_have_its_stages(
    replicas: dict[str, int], instance: Instance, shares: bool, tmp_path: Path
) -> None:
    settings = Settings({"deployment": {"state": str(tmp_path / "state"), "replicas": replicas}})
    assert Process.of(settings, instance).shares == shares


def test_a_process_that_looks_at_pictures_may_be_silent_for_as_long_as_a_look_may_take(tmp_path: Path) -> None:
    settings = Settings({"deployment": {"state": str(tmp_path / "state")}, "image": {"seconds": 900}})
    process = Process.of(settings, Instance(("image",)))
    process.pulse.beat_at = time.monotonic() - 1_000
    assert not process.pulse.alive
    assert process.pictures is not None
    assert process.pulse.alive
