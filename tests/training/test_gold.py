"""Gold spans to learn from: never those that a model is judged by, and as our own documents have them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from deidstream.core.category import Category
from deidstream.core.span import Span
from deidstream.evaluation.annotated import Annotated, Gold
from deidstream_training.__main__ import main
from deidstream_training.gold.division import divided, held_out, template
from deidstream_training.gold.joined import joined
from deidstream_training.gold.renewed import copies
from typer.testing import CliRunner

DIVIDED = ("en_asq_phi", "es_meddocan", "fr_edspseudo")


def document(text: str, *names: str, id_: str = "1", corpus: str = "fr_edspseudo") -> Annotated:
    gold = [Gold(Span(text.index(name), text.index(name) + len(name)), (Category.NAME,), "NOM") for name in names]
    return Annotated(id_, corpus, text, tuple(gold))


@pytest.mark.parametrize("corpus", DIVIDED)
def test_what_is_held_out_is_fixed(corpus: str) -> None:
    assert len(held_out(corpus)) > 200


def test_a_corpus_that_nobody_has_divided_is_learned_from_whole() -> None:
    (one,) = divided("mine", [document("Seen by Quiltrane", "Quiltrane", corpus="mine")])
    assert one.id == "1"


def test_what_is_held_out_is_not_learned_from() -> None:
    apart = min(held_out("fr_edspseudo"))
    learn = divided("fr_edspseudo", [document("Vu par Lang", "Lang"), document("Rien", id_=apart)])
    assert [one.id for one in learn] == ["1"]


def test_one_template_on_both_sides_is_refused() -> None:
    apart = min(held_out("fr_edspseudo"))
    both = [document("Vu par Lang le 3.", "Lang"), document("vu par Beck le 12", "Beck", id_=apart)]
    with pytest.raises(ValueError, match="fr_edspseudo: 1 documents"):
        divided("fr_edspseudo", both)


def test_a_template_has_neither_values_nor_digits() -> None:
    assert template(document("Dr Lang, Beck: 12 mg", "Lang", "Beck")) == "dr mg"


def test_a_given_and_a_family_name_are_one_span_and_names_of_two_lines_are_two() -> None:
    one = joined(document("Anna Lang\nEva, Beck", "Anna", "Lang", "Eva", "Beck"))
    assert [one.text[gold.span.start : gold.span.end] for gold in one.gold] == ["Anna Lang", "Eva", "Beck"]


def test_what_a_corpus_leaves_unmarked_is_marked_where_rules_find_it(tmp_path: Path) -> None:
    scheme = tmp_path / "mine.yaml"
    scheme.write_text("format: json\nfiles: ['*.jsonl']\nlanguage: en\nunmarked: [email]\n")
    notes = tmp_path / "notes"
    notes.mkdir()
    text = "Quiltrane, a.b@example.org, +1 202 555 0147"
    record = {"text": text, "spans": [{"start": 0, "end": 9, "label": "name"}]}
    with (notes / "a.jsonl").open("w") as file:
        for number in range(60):
            file.write(json.dumps({"id": str(number), **record}) + "\n")
    learn, apart = tmp_path / "learn.jsonl", tmp_path / "apart.jsonl"
    arguments = ["gold", f"{scheme}={notes}", "--out", str(learn), "--calibrate", str(apart)]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, (done.output, done.exception)
    read = [[json.loads(line) for line in path.read_text().splitlines()] for path in (learn, apart)]
    assert sum(map(len, read)) == 60
    assert 0 < len(read[1]) < 20
    for one in read[0]:
        assert one["spans"] == [[0, 9, "name"], [11, 26, "email"]]  # the telephone is the corpus' to mark


def spanish(id_: str, text: str, **marks: str) -> Annotated:
    gold = [
        Gold(Span(found.start(), found.end()), (Category(category),), category)
        for category, value in marks.items()
        for found in re.finditer(re.escape(value), text)
    ]
    return Annotated(id_, "mine", text, tuple(sorted(gold)), "es")


HOSPITALS = [
    spanish(
        str(number),
        f"Visto en el Hospital {town}, C/ {town} {number}.",
        organisation=f"Hospital {town}",
        street=f"C/ {town} {number}",
    )
    for number, town in enumerate(("Quiltrane", "Brumdal", "Veldosa", "Tarnuga"))
]
ONE = spanish(
    "5",
    "La Dra. Pilar Quiltrane, de C/ Ondarza 12, llamó. Quiltrane volvió a Brumdal (28 a.), tel. 612 345 678, Hospital Lerdo",
    name="Dra. Pilar Quiltrane",
    street="C/ Ondarza 12",
    city="Brumdal",
    age="28 a.",
    phone="612 345 678",
    organisation="Hospital Lerdo",
)


def values(document: Annotated) -> dict[str, str]:
    return {gold.label: document.text[gold.span.start : gold.span.end] for gold in document.gold}


def test_copies_have_other_values_at_the_same_places() -> None:
    found = [one for one in copies([*HOSPITALS, ONE], 60) if one.id.startswith("5-")]
    assert len({one.text for one in found}) == 60
    outside = [re.sub("|".join(map(re.escape, values(one).values())), "*", one.text, count=6) for one in (ONE, *found)]
    assert len(set(outside)) == 1
    assert all(list(values(one)) == list(values(ONE)) for one in found)
    for label, was in values(ONE).items():
        drawn = {values(one)[label] for one in found}
        assert (len(drawn) == 1) is (label == "age"), label
        assert label == "age" or sum(values(one)[label] == was for one in found) < 30


def test_the_form_of_a_value_stays() -> None:
    for one in (one for one in copies([*HOSPITALS, ONE], 20) if one.id.startswith("5-")):
        found = values(one)
        assert found["name"].startswith("Dra. ")
        assert found["street"].split()[0] == "C/"
        assert found["organisation"].startswith("Hospital ")
        assert re.fullmatch(r"\d{3} \d{3} \d{3}", found["phone"])


def test_what_is_one_value_stays_one() -> None:
    text = "Sra. Quiltrane; la Sra. Quiltrane vive en Brumdal"
    one = spanish("7", text, name="Quiltrane", city="Brumdal")
    for renewed in copies([one], 20):
        first, second, _ = (renewed.text[gold.span.start : gold.span.end] for gold in renewed.gold)
        assert first == second


def test_documents_of_a_language_without_grammar_have_no_copies() -> None:
    assert not list(copies([document("Seen by Quiltrane", "Quiltrane")], 3))


def test_the_same_copies_come_again() -> None:
    assert [one.text for one in copies([ONE], 3)] == [one.text for one in copies([ONE], 3)]
