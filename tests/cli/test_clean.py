"""The contract of ``clean``, line by line."""

from __future__ import annotations

import json
import os
import re
import shutil
from base64 import b64decode
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest
from deidstream.cli.simulate.day import Event, day

from tests.cli.command import Ran, run

PLAIN = "Ward round. Mrs. Eastwick, MRN 7654321, 👩‍⚕️ seen on 12.03.2026; phone +1 202 555 0147.\nNo fever.\n"
BROKEN = b"PID|1||only a segment^without a header"


@dataclass(frozen=True)
class Cleaned:
    source: Path
    out: Path
    ran: Ran
    findings: list[dict[str, object]]
    report: dict[str, object]
    events: list[Event]


@pytest.fixture(scope="module")
def cleaned(tmp_path_factory: pytest.TempPathFactory) -> Cleaned:
    folder = tmp_path_factory.mktemp("clean")
    events = _inputs(folder / "in")
    ran = _clean(folder, folder / "in")
    lines = (folder / "findings.jsonl").read_text("utf-8").splitlines()
    report = json.loads((folder / "report.json").read_text("utf-8"))
    return Cleaned(folder / "in", folder / "out", ran, [json.loads(line) for line in lines], report, events)


def _inputs(source: Path) -> list[Event]:
    """Single messages, a batch, NDJSON, a note, a folder in a folder, and one file that is nothing."""
    events = list(day(40, seed=4, patients=4))
    (source / "deep" / "er").mkdir(parents=True)
    hl7 = [event.content for event in events if event.format == "hl7v2"]
    fhir = [event.content for event in events if event.format == "fhir"]
    (source / "one.hl7").write_bytes(hl7[0])
    (source / "deep" / "er" / "two.hl7").write_bytes(hl7[1])
    (source / "batch.hl7").write_bytes(b"FHS|^~\\&|HIS\rBHS|^~\\&|HIS\r" + b"".join(hl7[2:6]) + b"BTS|4\rFTS|1\r")
    (source / "bundle.json").write_bytes(fhir[0])
    patients = [json.loads(one)["entry"][0]["resource"] for one in fhir]
    (source / "patients.ndjson").write_text("".join(json.dumps(one) + "\n" for one in patients), "utf-8")
    (source / "note.txt").write_text(PLAIN, "utf-8")
    (source / "broken.hl7").write_bytes(BROKEN)
    return events


def _clean(folder: Path, *sources: Path, out: str = "out", jobs: int = 1, state: str = "") -> Ran:
    kept = ("--state", folder / state) if state else ()
    report = ("--findings", folder / "findings.jsonl", "--report", folder / "report.json")
    return run("clean", *sources, "--out", folder / out, "--jobs", str(jobs), *report, *kept)


def _files(folder: Path) -> dict[str, bytes]:
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return {name: content for name, content in found.items() if not name.startswith(".")}


def test_results_stand_under_the_same_relative_paths(cleaned: Cleaned) -> None:
    assert set(_files(cleaned.out)) == set(_files(cleaned.source)) - {"broken.hl7"}


def test_what_cannot_be_released_is_in_the_quarantine_folder_with_its_reason_and_the_exit_code_is_3(
    cleaned: Cleaned,
) -> None:
    assert cleaned.ran.code == 3
    reason = json.loads((cleaned.out / ".quarantine" / "broken.hl7.reason.json").read_text())
    assert set(reason) == {"code", "place"}
    assert BROKEN not in (cleaned.out / ".quarantine" / "broken.hl7").read_bytes()


def test_nothing_that_was_planted_comes_out(cleaned: Cleaned) -> None:
    text = b"".join(_files(cleaned.out).values()).decode("utf-8")
    for line in (cleaned.out / "patients.ndjson").read_text("utf-8").splitlines():
        assert json.loads(line)["resourceType"] == "Patient"
    bundle = json.loads((cleaned.out / "bundle.json").read_text("utf-8"))
    for entry in bundle["entry"]:
        for content in entry["resource"].get("content", ()):
            text += b64decode(content["attachment"]["data"]).decode("utf-8")
    people = {event.person.mrn: event.person for event in cleaned.events}.values()
    planted = {value for one in people for value in (one.mrn, one.national_id, one.phone, one.street, one.visit)}
    assert [value for value in planted if re.search(rf"(?<!\w){re.escape(value)}(?!\w)", text)] == []
    assert "7654321" not in text
    assert "555 0147" not in text


def test_the_same_person_has_the_same_number_in_hl7_and_fhir(tmp_path: Path) -> None:
    events = list(day(60, seed=3, patients=2))
    person = events[0].person
    source = tmp_path / "in"
    source.mkdir()
    for event in events:
        if event.person.mrn == person.mrn and event.kind != "ADT^A04":  # a second registration, not merged yet
            (source / f"{event.number}.{'json' if event.format == 'fhir' else 'hl7'}").write_bytes(event.content)
    assert _clean(tmp_path, source).code == 0
    numbers = set()
    for path in (tmp_path / "out").iterdir():
        if path.suffix == ".json":
            numbers.add(json.loads(path.read_bytes())["entry"][0]["resource"]["identifier"][0]["value"])
        elif path.suffix == ".hl7":
            pid = next(one for one in path.read_bytes().decode().split("\r") if one.startswith("PID"))
            numbers.add(pid.split("|")[3].split("^")[0])
    assert len(numbers) == 1
    assert numbers != {person.mrn}


def test_findings_have_exactly_the_fields_of_the_contract_and_no_text(cleaned: Cleaned) -> None:
    wanted = {"file", "part", "start", "end", "category", "hipaa", "score", "detector", "action"}
    assert cleaned.findings
    for finding in cleaned.findings:
        assert set(finding) == wanted
        assert finding["start"] < finding["end"] or finding["start"] == finding["end"] == 0  # type: ignore[operator]
    text = json.dumps(cleaned.findings)
    for event in cleaned.events:
        assert event.person.mrn not in text
        assert event.person.national_id not in text


def test_spans_of_a_plain_text_file_count_its_code_points(cleaned: Cleaned) -> None:
    found = {PLAIN[one["start"] : one["end"]]: one for one in cleaned.findings if one["file"] == "note.txt"}  # type: ignore[misc]
    assert "Eastwick" in found
    assert "7654321" in found
    # After an emoji of several code points, so that bytes or UTF-16 units would be elsewhere.
    assert "12.03.2026" in found
    assert found["12.03.2026"]["category"] == "date"
    assert found["12.03.2026"]["hipaa"] == "C"


def test_text_around_findings_stays_as_it_was(cleaned: Cleaned) -> None:
    after = (cleaned.out / "note.txt").read_text("utf-8")
    assert after.startswith("Ward round. Mrs. ")
    assert after.endswith(".\nNo fever.\n")
    assert "👩‍⚕️ seen on " in after


def test_a_batch_file_stays_a_batch_file(cleaned: Cleaned) -> None:
    before = (cleaned.source / "batch.hl7").read_bytes().split(b"\r")
    after = (cleaned.out / "batch.hl7").read_bytes().split(b"\r")
    assert [segment[:3] for segment in after] == [segment[:3] for segment in before]


def test_members_of_a_batch_are_told_apart_in_the_findings(cleaned: Cleaned) -> None:
    parts = {str(one["part"]).partition("!")[0] for one in cleaned.findings if one["file"] == "batch.hl7"}
    assert {"message[2]", "message[3]", "message[4]", "message[5]"} <= parts


def test_ndjson_stays_one_resource_a_line_in_the_same_order(cleaned: Cleaned) -> None:
    before = [json.loads(line) for line in (cleaned.source / "patients.ndjson").read_text("utf-8").splitlines()]
    after = [json.loads(line) for line in (cleaned.out / "patients.ndjson").read_text("utf-8").splitlines()]
    assert [one["gender"] for one in after] == [one["gender"] for one in before]


def test_the_report_has_counts_timings_versions_and_the_policy_hash(cleaned: Cleaned) -> None:
    report = cleaned.report
    assert report["files"] == {"quarantined": 1, "released": 6}
    assert set(report["seconds"]) == {"learning", "cleaning", "total"}  # type: ignore[call-overload]
    assert report["policy"] == "research-dates-shifted"
    assert len(str(report["policy_hash"])) >= 32
    assert report["version"]


def test_all_released_is_exit_code_0_and_leaves_no_quarantine(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text(PLAIN, "utf-8")
    assert _clean(tmp_path, tmp_path / "note.txt").code == 0
    assert not (tmp_path / "out" / ".quarantine").exists()


def test_without_state_keys_are_thrown_away_and_with_it_results_repeat(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text(PLAIN, "utf-8")
    for out, state in (("a", ""), ("b", "keys"), ("c", "keys")):
        assert _clean(tmp_path, tmp_path / "note.txt", out=out, state=state).code == 0
    one, other, again = ((tmp_path / out / "note.txt").read_bytes() for out in "abc")
    assert other == again
    assert one != other
    assert (tmp_path / "keys" / "keys").stat().st_mode & 0o077 == 0


def test_the_result_does_not_depend_on_the_order_of_arguments(tmp_path: Path) -> None:
    _inputs(tmp_path / "in")
    files = sorted(path for path in (tmp_path / "in").rglob("*") if path.is_file())
    results = []
    for out, seed in (("a", 1), ("b", 2)):
        shutil.copytree(tmp_path / "in", tmp_path / "again", dirs_exist_ok=True)
        order = list(files)
        Random(seed).shuffle(order)
        state = tmp_path / "keys"
        assert _clean(tmp_path, *order, out=out, state="keys").code == 3
        # Identities that the first run has learned are no news to the second: keys stay, the rest starts again.
        for path in state.glob("*.sqlite*"):
            path.unlink()
        results.append((_files(tmp_path / out), (tmp_path / "findings.jsonl").read_text()))
    assert results[0] == results[1]


@pytest.mark.slow
def test_the_result_does_not_depend_on_the_number_of_jobs(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    for event in day(60, seed=9):
        (source / f"{event.number}.{'json' if event.format == 'fhir' else 'hl7'}").write_bytes(event.content)
    results = []
    for out, jobs in (("a", 1), ("b", 2)):
        assert _clean(tmp_path, source, out=out, jobs=jobs, state="keys").code == 0
        results.append((_files(tmp_path / out), (tmp_path / "findings.jsonl").read_text()))
    assert results[0] == results[1]


def test_a_missing_input_is_one_line_without_its_name(tmp_path: Path) -> None:
    ran = run("clean", tmp_path / "Clara Lockhart.txt", "--out", tmp_path / "out")
    assert ran.code == 2
    assert ran.err.count("\n") == 1
    assert "Lockhart" not in ran.err


def test_two_inputs_for_one_output_are_refused(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / "note.txt").write_text(PLAIN, "utf-8")
    ran = run("clean", tmp_path / "a", tmp_path / "b", "--out", tmp_path / "out")
    assert ran.code == 2
    assert "two-inputs-one-output" in ran.err


def test_a_policy_that_does_not_exist_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text(PLAIN, "utf-8")
    ran = run("clean", tmp_path / "note.txt", "--out", tmp_path / "out", "--policy", "no-such-policy")
    assert ran.code == 2
    assert ran.err.count("\n") == 1


def test_an_unreadable_file_is_quarantined_and_an_unwritable_folder_is_one_line(tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.symlink_to("/proc/self/mem")  # a regular file whose first byte nobody can read, not even root
    assert _clean(tmp_path, note).code == 3
    note.unlink()
    note.write_text(PLAIN, "utf-8")
    ran = _clean(tmp_path, note, out="note.txt/out")  # a folder below a file, which nobody can make
    assert ran.code == 2
    assert "Traceback" not in ran.err


def test_a_file_name_that_is_no_unicode_and_one_with_a_line_break_are_taken_as_they_are(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    names = [os.fsdecode(b"note\xff.txt"), "note\n2.txt"]
    for name in names:
        (source / name).write_text(PLAIN, "utf-8")
    assert _clean(tmp_path, source).code == 0
    assert set(_files(tmp_path / "out")) == set(names)
    findings = [json.loads(line) for line in (tmp_path / "findings.jsonl").read_text("ascii").splitlines()]
    assert {one["file"] for one in findings} == set(names)


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("empty.txt", b"", "empty"),
        ("random.bin", bytes(range(256)) * 8, "unsupported-format"),
        ("half.json", b'{"resourceType":"Patient"', "invalid-json"),
        ("twice.json", b'{"resourceType":"Patient","id":"a","id":"b"}', "duplicate-key"),
        ("deep.json", b'{"resourceType":"Patient","extension":' + b"[" * 5000 + b"]" * 5000 + b"}", "nested-too-deep"),
        (
            "bomb.xml",
            b'<!DOCTYPE l [<!ENTITY a "aaaa">]><ClinicalDocument xmlns="urn:hl7-org:v3">&a;</ClinicalDocument>',
            "xml-entity-declaration",
        ),
    ],
)
def test_bad_input_is_quarantined_with_a_reason_and_the_rest_goes_on(
    name: str, content: bytes, code: str, tmp_path: Path
) -> None:
    source = tmp_path / "in"
    source.mkdir()
    (source / name).write_bytes(content)
    (source / "note.txt").write_text(PLAIN, "utf-8")
    assert _clean(tmp_path, source).code == 3
    assert json.loads((tmp_path / "out" / ".quarantine" / f"{name}.reason.json").read_text())["code"] == code
    assert set(_files(tmp_path / "out")) == {"note.txt"}
