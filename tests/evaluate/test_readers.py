"""Corpora in each format: what is read, and what is refused with file and line and without content."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from deidstream.cli.evaluate.corpora import opened, shipped
from deidstream.cli.evaluate.corpora.scheme import load
from deidstream.core.category import Category, Role
from deidstream.core.errors import DeidstreamError, Malformed, Misconfigured
from deidstream.evaluation.annotated import Annotated

SECRET = "Quiltrane"


def read(scheme: str, path: Path) -> tuple[Annotated, ...]:
    return opened(f"{scheme}={path}", 0).documents


def marked(document: Annotated) -> list[tuple[str, Category]]:
    return [(document.text[one.span.start : one.span.end], one.category) for one in document.gold]


def brat(folder: Path, text: str, *lines: str) -> Path:
    (folder / "a.txt").write_bytes(text.encode())
    (folder / "a.ann").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return folder


def lines_of(path: Path, *records: object) -> Path:
    path.write_text("\n".join(json.dumps(record) for record in records), encoding="utf-8")
    return path


def test_brat_counts_code_points_and_line_ends_and_takes_fragments_apart(tmp_path: Path) -> None:
    text = f"😀 Sr. {SECRET}\r\nMadrid, 3 años"
    brat(
        tmp_path,
        text,
        "T1\tNOMBRE_SUJETO_ASISTENCIA 6 15\tQuiltrane",
        "T2\tTERRITORIO 17 20;21 23\tMad id",
        "R1\tIs_A Arg1:T1 Arg2:T2",
        "#1\tAnnotatorNotes T1\tsure",
    )
    (document,) = read("es_meddocan", tmp_path)
    assert marked(document) == [(SECRET, Category.NAME), ("Mad", Category.CITY), ("id", Category.CITY)]
    assert (document.id, document.language) == ("a", "es")


def test_json_lines_with_a_known_subject(tmp_path: Path) -> None:
    record = {
        "id": "7",
        "text": f"{SECRET} takes Nivora",
        "language": "en",
        "patient": "p1",
        "spans": [{"start": 0, "end": 9, "label": "name"}],
        "kept": [{"start": 16, "end": 22}],
        "known": [{"category": "name", "form": "family", "value": SECRET}],
    }
    (document,) = read("deidstream", lines_of(tmp_path / "a.jsonl", record))
    assert marked(document) == [(SECRET, Category.NAME)]
    assert document.patient == "p1"
    assert [(one.role, one.form) for one in document.known] == [(Role.PATIENT, "family")]
    assert document.kept == ((16, 22),)
    assert SECRET not in repr(document)


def test_spans_may_be_lists_as_synthesise_writes_them(tmp_path: Path) -> None:
    text = "Gezien door Quiltrane op 3 mei"
    record = {"id": "1", "language": "nl", "text": text, "spans": [[12, 21, "name"], [25, 30, "date"]]}
    (document,) = read("deidstream", lines_of(tmp_path / "a.jsonl", record))
    assert [(text[slice(*one.span)], one.category) for one in document.gold] == [
        ("Quiltrane", Category.NAME),
        ("3 mei", Category.DATE),
    ]
    assert document.language == "nl"


@pytest.mark.parametrize("span", [[0, 1], [0, 1, "name", 2], ["0", 1, "name"], [0, 40, "name"]])
def test_lists_that_are_no_spans_are_refused(span: list[object], tmp_path: Path) -> None:
    with pytest.raises(Malformed, match="span"):
        list(read("deidstream", lines_of(tmp_path / "a.jsonl", {"text": "x", "spans": [span]})))


def test_the_kind_of_a_number_says_more_than_its_label_and_a_drug_is_kept(tmp_path: Path) -> None:
    fixture = {
        "id": "x",
        "language": "en",
        "text": "MRN-1 took Nivora",
        "gold_spans": [
            {"start": 0, "end": 5, "label": "ID_NUM", "text": "MRN-1", "metadata": {"identifier_type": "mrn"}},
            {"start": 11, "end": 17, "label": "MEDICATION", "text": "Nivora"},
        ],
        "metadata": {"hard_negatives": [{"text": "took"}]},
    }
    path = tmp_path / "multilingual.json"
    path.write_text(json.dumps({"fixtures": [fixture, {"id": "y", "text": "No one.", "gold_spans": []}]}))
    first, second = read("multi_edge_cases", path)
    assert marked(first) == [("MRN-1", Category.MEDICAL_RECORD)]
    assert first.kept == ((6, 10), (11, 17))
    assert (first.hard_negative, second.hard_negative) == (False, True)


def test_queries_mark_every_occurrence_of_a_value_as_a_word(tmp_path: Path) -> None:
    path = tmp_path / "q.txt"
    path.write_text(
        "===QUERY===\nAnn, annually; Ann at St. Mary’s?\n===PHI_TAGS===\n"
        '{"identifier_type": "NAME", "value": "Ann"}\n'
        '{"identifier_type": "GEOGRAPHIC_LOCATION", "value": "St. Mary\'s"}\n\n'
        "===QUERY===\nHow much insulin?\n===PHI_TAGS===\n\n",
        encoding="utf-8",
    )
    first, second = read("en_asq_phi", path)
    assert marked(first) == [("Ann", Category.NAME), ("Ann", Category.NAME), ("St. Mary’s", Category.ORGANISATION)]
    assert (second.text, second.gold, second.hard_negative) == ("How much insulin?", (), True)


def test_i2b2_counts_inside_the_text_element_and_knows_the_patient(tmp_path: Path) -> None:
    (tmp_path / "110-02.xml").write_text(
        f'<?xml version="1.0"?>\n<deIdi2b2>\n<TEXT><![CDATA[\nSeen by {SECRET} <MD>]]></TEXT>\n<TAGS>\n'
        f'<NAME id="P0" start="9" end="18" text="{SECRET}" TYPE="DOCTOR" comment=""/>\n</TAGS>\n</deIdi2b2>\n'
    )
    (document,) = read("i2b2_2014", tmp_path)
    assert marked(document) == [(SECRET, Category.NAME)]
    assert document.patient == "110"


def test_notes_come_with_the_subject_of_the_metadata_beside_them(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text(f'encounter_id,dialogue,note\nD1,"hi, {SECRET}\nhow are you","Note, short"\n')
    (tmp_path / "train_metadata.csv").write_text(
        f"encounter_id,patient_firstname,patient_familyname\nD1,Ada,{SECRET}\n"
    )
    dialogue, note = read("en_visit_notes", tmp_path / "train.csv")
    assert (dialogue.text, note.text) == (f"hi, {SECRET}\nhow are you", "Note, short")
    assert dialogue.patient == note.patient == "D1"
    assert [(one.form, one.value) for one in note.known] == [("family", SECRET), ("given", "Ada")]


_QUERY = "===QUERY===\nSeen.\n===PHI_TAGS===\n"
_XML = "<deIdi2b2>\n<TEXT>Seen</TEXT>\n<TAGS>\n{}\n</TAGS>\n</deIdi2b2>"


@pytest.mark.parametrize(
    ("scheme", "name", "content", "code", "line"),
    [
        ("deidstream", "a.jsonl", f'{{"text": "x", "spans": []}}\n{{"{SECRET}', "not-json", 2),
        ("deidstream", "a.jsonl", '{"text": "x"}', "no-document", 1),
        ("deidstream", "a.jsonl", f'"{SECRET}"', "no-document", 1),
        (
            "deidstream",
            "a.jsonl",
            '{"text": "x", "spans": [{"start": 0, "end": 2, "label": "name"}]}',
            "span-outside-text",
            1,
        ),
        ("deidstream", "a.jsonl", '{"text": "x", "spans": [{"start": "0", "end": 1, "label": "name"}]}', "bad-span", 1),
        (
            "deidstream",
            "a.jsonl",
            f'{{"text": "x", "spans": [{{"start": 0, "end": 1, "label": "{SECRET}"}}]}}',
            "unknown-label",
            1,
        ),
        ("deidstream", "a.jsonl", f'{{"text": "x", "spans": [], "known": ["{SECRET}"]}}', "bad-known", 1),
        ("multi_edge_cases", "a.json", f'{{"fixtures": "{SECRET}"}}', "no-records", None),
        ("multi_edge_cases", "a.json", f'{{\n"fixtures": {SECRET}}}', "not-json", 2),
        ("en_asq_phi", "a.txt", SECRET, "not-a-query", 1),
        ("en_asq_phi", "a.txt", f"===QUERY===\n{SECRET}\n", "not-a-query", 2),
        ("en_asq_phi", "a.txt", f"{_QUERY}{SECRET}\n", "bad-tag", 4),
        ("en_asq_phi", "a.txt", f'{_QUERY}{{"identifier_type": "NAME", "value": "{SECRET}"}}', "value-not-in-text", 4),
        ("i2b2_2014", "1.xml", f"<deIdi2b2>\n<TEXT>{SECRET}", "not-xml", 2),
        ("i2b2_2014", "1.xml", f'<!DOCTYPE a [<!ENTITY b "{SECRET}">]>\n<a/>', "doctype", 1),
        ("i2b2_2014", "1.xml", f"<a>{SECRET}</a>", "no-text", None),
        ("i2b2_2014", "1.xml", _XML.format('<NAME start="0" end="9" TYPE="DOCTOR"/>'), "span-outside-text", 4),
        (
            "i2b2_2014",
            "1.xml",
            _XML.format(f'<NAME start="0" end="4" text="{SECRET}" TYPE="DOCTOR"/>'),
            "span-text-differs",
            4,
        ),
        ("i2b2_2014", "1.xml", _XML.format('<NAME start="0" TYPE="DOCTOR"/>'), "bad-span", 4),
        ("en_visit_notes", "a.csv", f"ID,dialogue\n1,x\n2,x,{SECRET}\n", "bad-row", 3),
        ("en_visit_notes", "a.csv", f"ID,{SECRET}\n1,x\n", "no-text", 1),
        ("en_visit_notes", "a.csv", f"dialogue\n{SECRET}\n", "no-id", 2),
    ],
)
def test_what_cannot_be_read_is_named_by_file_and_line(
    scheme: str, name: str, content: str, code: str, line: int | None, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with pytest.raises(Malformed) as raised:
        read(scheme, path)
    assert raised.value.code == code
    assert raised.value.place == (f"{path}:{line}" if line else str(path))
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (f"T1\tFECHAS 0 4 {SECRET}", "bad-standoff"),
        (f"T1 {SECRET}", "bad-standoff"),
        (f"T1\t{SECRET} 0 4\tVino", "unknown-label"),
        ("T1\tFECHAS 0 99\tVino", "span-outside-text"),
        (f"T1\tFECHAS 0 4\t{SECRET}", "span-text-differs"),
    ],
)
def test_bad_standoff_is_named_by_file_and_line(line: str, code: str, tmp_path: Path) -> None:
    brat(tmp_path, "Vino ayer", "T0\tFECHAS 5 9\tayer", line)
    with pytest.raises(Malformed) as raised:
        read("es_meddocan", tmp_path)
    assert (raised.value.code, raised.value.place) == (code, f"{tmp_path / 'a.ann'}:2")
    assert SECRET not in str(raised.value)


def test_bytes_that_are_no_utf8_are_named_by_their_line(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"text": "x", "spans": []}\n{"text": "Qu\xefltrane"}')
    with pytest.raises(Malformed) as raised:
        read("deidstream", path)
    assert (raised.value.code, raised.value.place) == ("not-utf-8", f"{path}:2")


@pytest.mark.parametrize(
    ("named", "code"),
    [
        ("no-such-scheme=.", "scheme-not-found"),
        ("es_meddocan=no/such/path", "no-such-corpus"),
        ("some/notes", "no-scheme"),
        ("es_meddocan={empty}", "empty-corpus"),
    ],
)
def test_what_is_no_corpus_is_a_mistake_of_the_user(named: str, code: str, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured) as raised:
        opened(named.format(empty=tmp_path), 0)
    assert raised.value.code == code


def test_a_scheme_is_taken_from_the_path_and_the_selection_is_spread_evenly(tmp_path: Path) -> None:
    folder = tmp_path / "deidstream"
    folder.mkdir()
    lines_of(folder / "a.jsonl", *({"id": str(number), "text": "x", "spans": []} for number in range(10)))
    corpus = opened(str(folder), 3)
    assert (corpus.name, corpus.read) == ("deidstream", 10)
    assert [document.id for document in corpus.documents] == ["0", "3", "6"]


def test_a_file_of_ids_leaves_those_documents(tmp_path: Path) -> None:
    lines_of(tmp_path / "a.jsonl", *({"id": str(number), "text": "x", "spans": []} for number in range(10)))
    ids = tmp_path / "ids.txt"
    ids.write_text("7\n2\n")
    corpus = opened(f"deidstream={tmp_path / 'a.jsonl'}@{ids}", 0)
    assert [document.id for document in corpus.documents] == ["2", "7"]
    ids.write_text("7\n12\n")
    with pytest.raises(Misconfigured) as raised:
        opened(f"deidstream={tmp_path / 'a.jsonl'}@{ids}", 0)
    assert raised.value.code == "no-such-document"


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_scheme_is_readable(name: str) -> None:
    scheme = load(name)
    labelled = {category for accepts in scheme.labels.values() for category in accepts[:1]}
    if name not in ("multi_edge_cases", "en_visit_notes"):
        assert not labelled & scheme.unmarked, "what has a label of its own is marked"


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("format: brat\nlabels: {A: nmae}", "labels.A"),
        ("format: word", "format"),
        ("format: brat\nlables: {}", ""),
        ("format: brat\nlabels: [name]", "labels"),
        ("a: b: c", ":1"),
    ],
)
def test_a_scheme_that_is_wrong_is_refused(content: str, place: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(content)
    with pytest.raises(DeidstreamError) as raised:
        load(str(path))
    assert raised.value.code == "scheme-invalid"
    assert raised.value.place.endswith(place)
