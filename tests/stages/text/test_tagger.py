"""The stage with a tagger: what it finds, and what becomes of texts while its model does not answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from deidstream.core.errors import Misconfigured, Unavailable
from deidstream.core.outcome import Forward, Outcome, Released
from deidstream.stages.fields.__main__ import build as build_fields
from deidstream.stages.identify.__main__ import build as build_identify
from deidstream.stages.ingest.service import Admission, Received
from deidstream.stages.process import Process
from deidstream.stages.resolver.__main__ import build as build_resolver
from deidstream.stages.text.__main__ import build as build_text
from deidstream.stages.warming import warm
from deidstream.stages.writer.__main__ import build as build_writer
from deidstream.stream.instances import Instance
from deidstream.stream.runner import Stage
from deidstream.stream.settings import Settings

from tests.detection.text.tagger.tiny import save

NOBODY = "127.0.0.1:9"
BUILDS = {
    "identify": build_identify,
    "fields": build_fields,
    "text": build_text,
    "resolver": build_resolver,
    "writer": build_writer,
}
SOURCE = (
    b"MSH|^~\\&|A|B|C|D|20260302||ORU^R01^ORU_R01|7|P|2.5||||||UNICODE UTF-8\r"
    b"PID|1||7712345^^^H^MR||Zanzibarski^Ida||19700101|F\r"
    b"OBR|1|||24323-8^Metabolic panel^LN\r"
    b"OBX|1|TX|x||Quorra has potassium of 4.2 mmol/L||||||F\r"
)


def process(folder: Path, reliability: dict[str, tuple[float, float]] | None = None, **tagger: Any) -> Process:
    """A process of all stages."""
    released = save(folder / "tiny", {"Quorra": "B-name"}) / "tagger.json"
    released.write_text(json.dumps({**json.loads(released.read_text()), "reliability": reliability or {}}))
    sections = {
        "deployment": {"state": str(folder / "state"), "health": None},
        "resolver": {"projects": [{"name": "research", "policy": "research-dates-shifted"}]},
        "text": {"tagger": {"folder": str(released.parent), **tagger}},
    }
    return Process.of(Settings(sections), Instance(("ingest", *BUILDS)))


def released(process: Process) -> str:
    """What comes out of one message, as text."""
    outcomes: list[Outcome] = [
        Forward(Admission(process.keys, process.clock).case(Received("adt", "hl7v2", SOURCE))),
    ]
    stages: dict[str, Stage] = {name: build(process) for name, build in BUILDS.items()}
    while not isinstance(outcomes[0], Released):
        (outcome,) = outcomes
        assert isinstance(outcome, Forward)
        outcomes = stages[outcome.case.header.itinerary[0]].handle([outcome.case])
    return outcomes[0].release.content.decode()


def test_a_name_that_no_rule_knows_is_found(tmp_path: Path) -> None:
    content = released(process(tmp_path))
    assert "Quorra" not in content
    assert "has potassium of 4.2 mmol/L" in content


def test_what_was_measured_to_identify_nobody_is_no_finding(tmp_path: Path) -> None:
    measured = {f"text.tagger/name/{tenths / 10:.1f}/none": (0.05, 0.04) for tenths in range(11)}
    assert "Quorra" in released(process(tmp_path, measured, least_probability=0.1))
    assert "Quorra" in released(
        process(tmp_path, measured)
    )  # one in five is the least, where nobody has said otherwise
    assert "Quorra" not in released(process(tmp_path, measured, least_probability=0))


def test_cases_wait_while_the_model_does_not_answer(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="model-failed"):
        released(process(tmp_path, triton={"address": NOBODY}))


def test_or_their_texts_are_redacted_as_a_whole_where_that_is_wanted(tmp_path: Path) -> None:
    content = released(process(tmp_path, triton={"address": NOBODY}, when_away="redact"))
    assert "Quorra" not in content
    assert "potassium" not in content
    assert "4.2" not in content


def test_a_process_starts_while_the_server_is_away(tmp_path: Path) -> None:
    made = process(tmp_path, triton={"address": NOBODY})
    warm({"fields": build_fields(made), "text": build_text(made)})


def test_a_tagger_that_is_not_as_released_or_not_signed_ends_the_start(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="key-unreadable"):
        build_text(process(tmp_path, signed_by=str(tmp_path / "absent.pem")))
    corrupt = process(tmp_path)
    (tmp_path / "tiny/model.onnx.gz").write_bytes(b"another")
    with pytest.raises(Misconfigured, match="model-corrupt: tiny/model.onnx.gz: SHA-256 is .*, expected "):
        build_text(corrupt)
