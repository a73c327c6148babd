"""``deidstream evaluate`` as a user runs it, on corpora of a few lines whose answer is known."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
from deidstream.cli.evaluate.baselines import Baseline
from deidstream.cli.evaluate.compared import compared
from deidstream.cli.evaluate.corpora import Corpus
from deidstream.cli.evaluate.detectors import Layers
from deidstream.core.category import Category
from deidstream.core.document import Part
from deidstream.core.finding import Finding
from deidstream.core.span import Span
from deidstream.evaluation.annotated import Annotated, Gold

from tests.cli.command import Ran, run
from tests.detection.text.tagger.tiny import save

SECRET = "zzQuiltrane"
PAGE = Path(__file__).parents[2] / "services" / "deidstream" / "cli" / "evaluate" / "page" / "page.js"


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """An address that the rules find; a word that nothing but the identity layer can; a query without anybody."""
    records: list[dict[str, Any]] = [
        {
            "id": "one",
            "text": f"Mail to ada@example.org about {SECRET} please </script><b>",
            "language": "en",
            "patient": "p",
            "spans": [{"start": 8, "end": 23, "label": "email"}, {"start": 30, "end": 41, "label": "name"}],
            "known": [{"category": "name", "form": "family", "value": SECRET}],
        },
        {"id": "two", "text": "How much insulin is enough?", "language": "en", "spans": [], "hard_negative": True},
    ]
    path = tmp_path / "mine.jsonl"
    path.write_text("\n".join(json.dumps(record) for record in records))
    return path


def evaluate(corpus: Path, *more: str | Path) -> Ran:
    return run("evaluate", f"deidstream={corpus}", "--resamples", "20", *more)


def figures(report: Path, detector: str) -> dict[str, float]:
    content = json.loads(report.read_text())
    (found,) = [one for one in content["results"] if one["detector"] == detector]
    return {name: one["value"] for name, one in found["figures"].items()}


def test_each_layer_has_its_own_figures_and_merged_has_them_all(corpus: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    ran = evaluate(corpus, "--report", report)
    assert ran.code == 0
    assert [figures(report, layer)["covered"] for layer in ("rules", "identity", "merged")] == [0.5, 0.5, 1.0]
    merged = figures(report, "merged")
    assert (merged["leaking"], merged["patients_leaking"], merged["hard_negatives"], merged["clinical"]) == (0, 0, 0, 0)
    last = ran.out.splitlines()[-1]
    assert last.startswith("evaluate: deidstream.rules.covered=0.5000 ")
    assert last.endswith(" ok")
    assert SECRET not in ran.out + ran.err + report.read_text()


def test_a_released_tagger_is_one_more_layer(corpus: Path, tmp_path: Path) -> None:
    tagger = save(tmp_path / "tiny", {SECRET: "B-name"})
    report = tmp_path / "report.json"
    assert evaluate(corpus, "--tagger", tagger, "--report", report).code == 0
    assert (figures(report, "tagger")["covered"], figures(report, "rules")["covered"]) == (0.5, 0.5)
    assert figures(report, "merged")["covered"] == 1.0


def test_several_taggers_are_merged_one_at_a_time_and_drawn(corpus: Path, tmp_path: Path) -> None:
    records = [json.loads(line) for line in corpus.read_text().splitlines()]
    corpus.write_text("\n".join(json.dumps({**record, "known": []}) for record in records))  # or identity finds it
    good, blind = save(tmp_path / "good", {SECRET: "B-name"}), save(tmp_path / "blind", {})
    report, drawing = tmp_path / "report.json", tmp_path / "frontier.svg"
    given = ("--tagger", good, "--tagger", blind, "--report", report, "--frontier", drawing)
    assert evaluate(corpus, *given).code == 0
    covered = {name: figures(report, name)["covered"] for name in ("good", "blind", "merged", "merged-blind")}
    assert covered == {"good": 0.5, "blind": 0.0, "merged": 1.0, "merged-blind": 0.5}
    for name in ("rules", "good", "merged-blind"):
        assert f">{name}</text>" in drawing.read_text()
    assert "same-name-twice" in evaluate(corpus, "--tagger", good, "--tagger", good).err


def test_a_figure_that_falls_short_is_named_and_exit_code_1(corpus: Path) -> None:
    ran = evaluate(corpus, "--least", "rules.covered=0.9", "--least", "covered=0.9", "--most", "clinical=0.1")
    assert ran.code == 1
    assert ran.out.splitlines()[-1].endswith(" FALLS SHORT: deidstream.rules.covered")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (("--least", "coverde=0.9"), "no-such-figure"),
        (("--least", "covered=much"), "bad-threshold"),
        (("--least", "covered"), "bad-threshold"),
        (("--least", "presidio-sm.covered=0.9"), "nothing-to-hold"),
        (("--only", "no-such-layer"), "no-such-detector"),
        (("--report", "no/such/folder/report.json"), "cannot-write"),
        (("--browser", "no/such/folder/page.html"), "cannot-write"),
    ],
)
def test_what_cannot_be_held_or_done_is_exit_code_2(corpus: Path, given: tuple[str, ...], code: str) -> None:
    ran = evaluate(corpus, *given)
    assert ran.code == 2
    assert ran.err.splitlines()[-1].startswith(f"deidstream: {code}")


def test_a_corpus_that_cannot_be_read_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(f'{{"text": "{SECRET}"')
    ran = evaluate(path)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == f"deidstream: not-json: {path}:1\n"


def test_what_was_not_compared_is_named_with_its_reason(corpus: Path, tmp_path: Path) -> None:
    record = json.loads(corpus.read_text().splitlines()[0])
    del record["known"]
    corpus.write_text(json.dumps(record))
    report = tmp_path / "report.json"
    evaluate(corpus, "--report", report)
    assert "left out" not in evaluate(corpus, "--only", "rules").out
    said = "\n".join(json.loads(report.read_text())["left_out"])
    assert "identity: left out on deidstream" in said
    assert "presidio-sm: not installed" in said
    assert "identity" not in {one["detector"] for one in json.loads(report.read_text())["results"]}


def test_the_page_is_for_its_owner_alone_and_says_that_it_holds_texts(corpus: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("what was there before, longer than nothing")
    page.chmod(0o644)
    ran = evaluate(corpus, "--browser", page)
    assert stat.S_IMODE(os.stat(page).st_mode) == 0o600
    assert "holds the texts" in ran.err
    assert not re.search(r"(?:src|href)=|url\(|https?:|@import", page.read_text()), "nothing is fetched"


def test_texts_are_data_in_the_page_and_never_markup(corpus: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    evaluate(corpus, "--browser", page)
    content = page.read_text()
    assert content.count("</script>") == 2
    data = json.loads(content.partition('id="data">')[2].partition("</script>")[0])
    one = data["documents"][0]
    assert one["text"].endswith("</script><b>")
    assert one["by"]["rules"]["errors"] == [["missed", 30, 41, "name"]]
    assert one["by"]["merged"]["errors"] == []


@pytest.mark.skipif(shutil.which("node") is None, reason="node runs the page's script")
def test_the_script_of_the_page_cuts_overlapping_spans_and_filters_errors() -> None:
    asked = """
const one = {corpus: "a", by: {m: {errors: [["missed", 0, 2, "name"], ["spurious", 3, 4, "date"]]}}};
const two = {corpus: "b", by: {m: {errors: []}}};
const all = (kinds, more) => chosen([one, two], {detector: "m", corpus: "", category: "", kinds: new Set(kinds), ...more});
console.log(JSON.stringify({
  cut: stretches(6, [[0, 4], [2, 5]]),
  errors: all(KINDS), date: all(["missed"], {category: "date"}), none: all([]),
  b: all([], {corpus: "b"}), other: all([], {detector: "x"}),
}));
"""
    done = subprocess.run(
        ["node", "-e", PAGE.read_text() + asked], capture_output=True, text=True, check=True, timeout=60
    )
    found = json.loads(done.stdout)
    assert [(one["start"], one["end"], one["over"]) for one in found["cut"]] == [
        (0, 2, [0]),
        (2, 4, [0, 1]),
        (4, 5, [1]),
        (5, 6, []),
    ]
    assert (found["errors"], found["date"], found["none"], found["b"], found["other"]) == ([0], [], [0, 1], [1], [])


class _Word:
    """A layer that finds one word."""

    def __init__(self, word: str) -> None:
        self._word = word

    def find(self, parts: list[Part]) -> list[list[Finding]]:
        found = [(part, part.text.find(self._word)) for part in parts]
        return [
            [Finding(part.locator, Span(at, at + len(self._word)), Category.NAME, 0.9, "text.word/1")]
            if at >= 0
            else []
            for part, at in found
        ]


def _corpus(language: str) -> Corpus:
    gold = (Gold(Span(0, 3), (Category.NAME,), "N"), Gold(Span(4, 7), (Category.NAME,), "N"))
    return Corpus("c", (Annotated("1", "c", "Ada Bea met", gold, language),), 1)


def test_a_further_layer_is_compared_alone_and_merged_with_the_others() -> None:
    layers = Layers({"ada": _Word("Ada"), "bea": _Word("Bea")})  # type: ignore[dict-item]
    found = {one.detector: one.figures() for one in compared(_corpus("en"), layers, (), ())}
    assert {name: one["covered"] for name, one in found.items()} == {"ada": 0.5, "bea": 0.5, "merged": 1.0}
    assert found["merged"]["characters_a_second"] < found["ada"]["characters_a_second"]


@pytest.mark.parametrize(("language", "there"), [("en", ["theirs"]), ("es", [])])
def test_an_outside_detector_is_asked_only_where_it_reads_the_language(language: str, there: list[str]) -> None:
    theirs = Baseline(
        "theirs",
        frozenset({"en"}),
        lambda text, _: [(4, 7, "PERSON"), (9, 99, "PERSON"), (0, 3, "ODD")],
        {"PERSON": Category.NAME},
    )
    found = list(compared(_corpus(language), Layers(), [theirs], ["theirs"]))
    assert [one.detector for one in found] == there
    for one in found:
        assert one.predicted == (((Span(0, 3), Category.UNKNOWN), (Span(4, 7), Category.NAME)),)
