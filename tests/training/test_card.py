"""The card of a released model says what was measured, and nothing that was not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from deidstream_training.__main__ import main
from typer.testing import CliRunner

from tests.cli.command import run
from tests.detection.text.tagger.tiny import save

TRAINED = {
    "steps": 70,
    "pieces": 512,
    "rate": 0.0003,
    "seed": 1,
    "documents": "a" * 64,
    "layers": 3,
    "files": ["train.jsonl"],
}


@pytest.fixture
def tagger(tmp_path: Path) -> Path:
    (tmp_path / "model").mkdir()
    (tmp_path / "model/training.json").write_text(json.dumps(TRAINED))
    corpus = [
        {"id": "1", "text": "saw Anna and Otto", "language": "en", "spans": [_name(4, 8), _name(13, 17)]},
        {"id": "2", "text": "vu Anna", "language": "fr", "spans": [_name(3, 7)]},
    ]
    (tmp_path / "mine.jsonl").write_text("\n".join(map(json.dumps, corpus)))
    return save(tmp_path / "tiny", {"Anna": "B-name"})


def _name(start: int, end: int) -> dict[str, object]:
    return {"start": start, "end": end, "label": "name"}


def made(tagger: Path, *layer: str) -> tuple[int, str]:
    folder = tagger.parent
    report = folder / "report.json"
    given = ("--report", report, "--resamples", "0")
    assert run("evaluate", f"deidstream={folder / 'mine.jsonl'}", *layer, *given).code == 0
    done = CliRunner().invoke(main, ["card", str(tagger), "--model", str(folder / "model"), "--report", str(report)])
    return done.exit_code, done.output


def test_it_has_the_figures_of_each_corpus_category_and_language(tagger: Path) -> None:
    assert made(tagger, "--tagger", str(tagger))[0] == 0
    lines = (tagger / "README.md").read_text().splitlines()
    assert lines[0] == "# tagger 1"
    assert "| layers | 3 |" in lines
    (of_corpus,) = (line for line in lines if line.startswith("| deidstream (2 documents) | tagger |"))
    assert of_corpus.split(" | ")[2] == "0.667"
    assert "| name | 3 | 0.667 | 0.800 | 0.5 |" in lines
    assert "| en | 2 | 0.500 | 0.667 |" in lines
    assert "| fr | 1 | 1.000 | 1.000 |" in lines


def test_a_report_about_no_tagger_makes_no_card(tagger: Path) -> None:
    code, output = made(tagger)
    assert code == 2
    assert "not about a tagger" in output
    assert not (tagger / "README.md").exists()
