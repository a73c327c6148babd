"""``deidstream train`` without PyTorch: what it refuses, what it proposes to correct, how documents are divided and judged."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path

import pytest
from deidstream.cli.evaluate.corpora import opened
from deidstream.cli.train.judged import Verdict, judged
from deidstream.cli.train.reviewed import completed, divided
from deidstream.core.category import Category
from deidstream.core.span import Span
from deidstream.detection.text.rules import Rules
from deidstream.evaluation.annotated import Annotated, Gold

from tests.cli.command import Ran, run
from tests.detection.text.tagger.tiny import save

MESSAGE = (
    "MSH|^~\\&|A|B|C|D|20260302||ORU^R01^ORU_R01|7|P|2.5||||||UNICODE UTF-8\r"
    "PID|1||7712345^^^H^MR||Zanzibarski^Ida||19700101|F\r"
    "OBR|1|||24323-8^Metabolic panel^LN\r"
    "OBX|1|TX|x||Zanzibarski was seen; Quorra has potassium of 4.2||||||F\r"
)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Notes, a message, and a tagger that knows one word."""
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes/a.txt").write_text("Quorra called from 030 12345678 about the results of May.")
    (tmp_path / "notes/b.hl7").write_text(MESSAGE)
    (tmp_path / "notes/short.txt").write_text("No complaints.")
    (tmp_path / "notes/damaged.hl7").write_bytes(b"MSH|")
    save(tmp_path / "tagger", {"Quorra": "B-name"})
    return tmp_path


def train(site: Path, *arguments: str | Path) -> Ran:
    return run("train", "--from", site / "notes", "--tagger", site / "tagger", *arguments)


def test_it_proposes_what_is_found_by_tagger_rules_and_the_subjects_own_identity(site: Path) -> None:
    ran = train(site, "--propose", site / "some.jsonl")
    assert ran.code == 0, ran.err
    assert stat.S_IMODE((site / "some.jsonl").stat().st_mode) == 0o600
    corpus = opened(f"deidstream={site / 'some.jsonl'}", 0)
    found = {one.text[gold.span.start : gold.span.end] for one in corpus.documents for gold in one.gold}
    assert found == {"Quorra", "030 12345678", "Zanzibarski"}
    assert len(corpus.documents) == 2
    assert "1 of 4 files could not be read" in ran.err
    assert "Quorra" not in ran.out + ran.err


def test_what_it_reads_is_the_same_each_time_so_that_what_broke_off_goes_on(site: Path) -> None:
    (site / "notes/batch.hl7").write_text("BHS|^~\\&|A\r" + MESSAGE + MESSAGE.replace("|7|", "|8|") + "BTS|2\r")
    for name in ("one", "other"):
        assert train(site, "--propose", site / f"{name}.jsonl").code == 0
    assert (site / "one.jsonl").read_text() == (site / "other.jsonl").read_text()
    ids = [one.id for one in opened(f"deidstream={site / 'one.jsonl'}", 0).documents]
    assert len(ids) == len(set(ids)) == 4


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "no-output: --out"),
        (("--out", "{site}/notes"), "output-exists: --out"),
        (("--out", "{site}/new"), "nothing-reviewed: --reviewed: .*begin with --propose"),
        (("--out", "{site}/new", "--reviewed", "deidstream={site}/none.jsonl"), "no-such-corpus"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(site: Path, arguments: tuple[str, ...], said: str) -> None:
    ran = train(site, *(one.format(site=site) for one in arguments))
    assert ran.code == 2
    assert len(ran.err.splitlines()) == 1
    assert re.search(said, ran.err), ran.err


def corpus(path: Path, count: int, word: str = "note") -> str:
    """Texts of one name each."""
    lines = [
        json.dumps({"id": str(n), "text": f"Ida Busch, {word} {n}", "spans": [{"start": 0, "end": 9, "label": "name"}]})
        for n in range(count)
    ]
    path.write_text("\n".join(lines))
    return f"deidstream={path}"


def test_each_reviewed_document_is_in_one_part_and_the_same_each_time(tmp_path: Path) -> None:
    named = corpus(tmp_path / "all.jsonl", 400)
    parts = divided([named], [])
    texts = [{one.text for one in part} for part in (parts.learn, parts.calibrate, parts.held_out)]
    assert sum(map(len, texts)) == len(set.union(*texts)) == 400
    assert [round(len(one) / 100) for one in texts] == [2, 1, 1]
    more = divided([corpus(tmp_path / "more.jsonl", 500)], [])
    assert {one.text for one in parts.held_out} <= {one.text for one in more.held_out}


def test_what_is_held_out_by_name_is_not_learned_from_under_another(tmp_path: Path) -> None:
    parts = divided([corpus(tmp_path / "all.jsonl", 400)], [corpus(tmp_path / "some.jsonl", 60)])
    assert len(parts.held_out) == 60
    assert len(parts.learn) + len(parts.calibrate) == 340
    assert not {one.text for one in parts.held_out} & {one.text for one in (*parts.learn, *parts.calibrate)}
    assert len(parts.texts) == 400


def test_too_few_identifiers_to_judge_by_are_refused(site: Path) -> None:
    ran = train(site, "--out", site / "new", "--reviewed", corpus(site / "few.jsonl", 60))
    assert (ran.code, "too-few-held-out" in ran.err, "50 are needed" in ran.err) == (2, True, True)


def test_what_a_corpus_leaves_unmarked_is_taken_from_the_layers() -> None:
    text = "Ida Busch, born 12.03.1961, called on 04.05.2026."
    gold = (Gold(Span(0, 9), (Category.NAME,), "name"),)
    document = Annotated("1", "c", text, gold, unmarked=frozenset({Category.DATE}))
    (found,) = completed([document], [Rules()])
    assert {text[one.span.start : one.span.end] for one in found.gold if one.category is Category.DATE} == {
        "04.05.2026"
    }
    (same,) = completed([Annotated("1", "c", text, gold)], [Rules()])
    assert same.gold == gold


def test_the_one_that_misses_more_or_spoils_more_is_worse(tmp_path: Path) -> None:
    text = "Quorra saw Flynn, and calm it was."
    gold = tuple(Gold(Span(at, at + size), (Category.NAME,), "name") for at, size in ((0, 6), (11, 5)))
    documents = [Annotated("1", "c", text, gold)]
    one, both, spoiling = (
        save(tmp_path / name, words)
        for name, words in (
            ("one", {"Quorra": "B-name"}),
            ("both", {"Quorra": "B-name", "Flynn": "B-name"}),
            ("spoiling", {"Quorra": "B-name", "Flynn": "B-name", "calm": "B-name"}),
        )
    )
    assert judged(one, both, documents, documents).worse == []
    assert judged(both, both, documents, documents).worse == []
    assert judged(both, one, documents, ()).worse == ["covered", "char_recall", "strict_f1"]
    assert judged(both, spoiling, documents, documents).worse == [
        "char_precision",
        "strict_f1",
        "synthetic.char_precision",
        "synthetic.strict_f1",
    ]
    assert Verdict({"covered": (0.5, 0.4999)}).worse == ["covered"]
