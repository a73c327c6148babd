"""Identities in notes that held none: nothing of the note that may identify anybody is kept unmarked."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from deidstream_training.synthesise.division import Split
from deidstream_training.synthesise.inject import Injection, notes, safe_sentences

_NOTE = (
    "Lungs are clear to auscultation. The patient is a 76-year-old female seen by Dr. Kumar. No edema in the legs. "
    "Martha denies pain. She walks daily. Seen on 03/04/2019 at the clinic. Heart sounds are regular. He flew to Boston. "
    "Abdomen is soft. Gait is steady."
)


def test_sentences_that_may_identify_somebody_are_left_out() -> None:
    kept = " ".join(safe_sentences(_NOTE))
    assert "Lungs are clear" in kept
    assert "Gait is steady" in kept
    for word in ("Kumar", "76", "Martha", "2019", "Boston"):
        assert word not in kept


@pytest.mark.parametrize("split", list(Split))
def test_what_is_injected_is_marked_and_the_note_is_still_there(tmp_path: Path, split: Split) -> None:
    with (tmp_path / "notes.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "note"])
        rows.writerows([index, f"{_NOTE} Sample {index} is fine."] for index in range(40))
    plan = Injection(2, split, 30, "en", notes(tmp_path, split))
    for each in plan.after(0):
        text = each.content.text
        assert all(text[start:end].strip() == text[start:end] != "" for start, end, _ in each.content.marks)
        assert "Kumar" not in text
    assert (
        sum(bool(each.content.marks) for each in plan.after(0)) > 20
    )  # the others are as people write too: nobody is named
    assert [each.line() for each in plan.after(12)] == [each.line() for each in plan.after(0)][12:]


def test_no_note_is_in_both_parts(tmp_path: Path) -> None:
    for index in range(30):
        (tmp_path / f"{index}.txt").write_text(f"{_NOTE} Sample {index} is fine.", encoding="utf-8")
    (tmp_path / "README.txt").write_text(
        "these are notes. they are synthetic. they are free. use them.", encoding="utf-8"
    )
    train, test = (set(notes(tmp_path, split)) for split in Split)
    assert not train & test
    assert len(train) + len(test) == 30


def test_notes_that_are_nothing_but_identities_are_refused(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("Dr. Kumar saw Mr. Lopez on 03/04/2019.", encoding="utf-8")
    with pytest.raises(ValueError, match="no note"):
        notes(tmp_path, Split.TRAIN)


def test_a_line_that_holds_no_text_is_named_by_its_number_and_not_shown(tmp_path: Path) -> None:
    file = tmp_path / "notes.jsonl"
    for bad in ('{"note": "Zanzibarski"}', "Zanzibarski", "[1]"):
        file.write_text('{"text": "He slept."}\n' + bad + "\n")
        with pytest.raises(ValueError, match=r"notes.jsonl:2 is no JSON object with a text$"):
            notes(file, Split.TRAIN)
