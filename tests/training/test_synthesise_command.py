"""The command of the step, as one runs it."""

from __future__ import annotations

import json
from pathlib import Path

from deidstream_training.__main__ import main
from typer.testing import CliRunner


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["synthesise", *arguments])
    return result.exit_code, result.output


def test_a_file_is_written_and_its_figures_are_the_last_line(tmp_path: Path) -> None:
    out = tmp_path / "train.jsonl"
    code, output = run(
        "--out", str(out), "--documents", "40", "--seed", "5", "--languages", "en,nl", "--kinds", "lab,message"
    )
    lines = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert code == 0
    assert len(lines) == 40
    assert {line["language"] for line in lines} == {"en", "nl"}
    assert {line["kind"] for line in lines} == {"lab", "message"}
    assert set(lines[0]) == {"id", "language", "kind", "split", "text", "spans", "noise"}
    spans = sum(len(line["spans"]) for line in lines)
    assert output.strip().splitlines()[-1].startswith(f"documents=40 spans={spans} ")


def test_a_broken_file_is_continued_as_if_nothing_had_happened(tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole.jsonl", tmp_path / "broken.jsonl"
    arguments = ("--documents", "30", "--seed", "9", "--languages", "de,it")
    assert run("--out", str(whole), *arguments)[0] == 0
    content = whole.read_bytes()
    broken.write_bytes(content[: len(content) // 2])
    assert run("--out", str(broken), *arguments)[0] == 0
    assert broken.read_bytes() == content
    assert whole.stat().st_mode & 0o777 == 0o600  # sentences of real notes, where ``inject`` wrote it


def test_a_file_of_other_arguments_is_left_alone(tmp_path: Path) -> None:
    out = tmp_path / "train.jsonl"
    assert run("--out", str(out), "--documents", "5", "--seed", "1", "--languages", "es")[0] == 0
    before = out.read_bytes()
    assert run("--out", str(out), "--documents", "9", "--seed", "2", "--languages", "es")[0] != 0
    assert out.read_bytes() == before


def test_an_unknown_language_is_told(tmp_path: Path) -> None:
    code, output = run("--out", str(tmp_path / "x"), "--documents", "5", "--languages", "en,tlh")
    assert code != 0
    assert "tlh" in output
