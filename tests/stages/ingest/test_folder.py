"""The folder watch."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from deidstream.core.errors import Malformed, Misconfigured, Unavailable
from deidstream.stages.ingest.config import FolderSource
from deidstream.stages.ingest.folder import FolderWatch
from deidstream.stages.ingest.service import Admission
from deidstream.stages.ingest.unpack import unpack

from tests.stages.ingest.conftest import FixedClock, RememberingIntake

HL7 = b"MSH|^~\\&|A|B|C|D|20240101||ADT^A01|1|P|2.5\rPID|1||SECRET\r"
BATCH = b"FHS|^~\\&|A\rBHS|^~\\&|A\r" + HL7 + HL7 + b"BTS|2\rFTS|1\r"
PATIENT = b'{"resourceType":"Patient","id":"p1"}'
CDA = b'<?xml version="1.0"?><ClinicalDocument xmlns="urn:hl7-org:v3"><title>x</title></ClinicalDocument>'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


@pytest.fixture
def watch(folder: Path, admission: Admission, intake: RememberingIntake, clock: FixedClock) -> FolderWatch:
    # The clock stands still in 2023: nothing ever looks settled at first sight.
    return FolderWatch(FolderSource(name="drop", path=folder), admission, intake, clock)


@pytest.mark.parametrize(
    ("name", "content", "format_", "members", "batch"),
    [
        ("a.hl7", HL7, "hl7v2", [HL7], False),
        ("a.txt", HL7, "hl7v2", [HL7], False),
        ("two.hl7", HL7 + HL7, "hl7v2", [HL7, HL7], True),
        ("b.hl7", BATCH, "hl7v2", [b"FHS|^~\\&|A\rBHS|^~\\&|A\r", HL7, HL7, b"BTS|2\rFTS|1\r"], True),
        ("p.json", PATIENT, "fhir", [PATIENT], False),
        ("p.json", b'{\n "resourceType": "Patient"\n}\n', "fhir", [b'{\n "resourceType": "Patient"\n}\n'], False),
        ("p.ndjson", PATIENT + b"\n", "fhir", [PATIENT], True),
        ("p.json", PATIENT + b"\r\n\r\n" + PATIENT, "fhir", [PATIENT, PATIENT], True),
        ("d.xml", CDA, "cda", [CDA], False),
        ("n.txt", b"Seen today.", "text", [b"Seen today."], False),
    ],
)
def test_a_file_is_one_message_or_a_batch(
    name: str, content: bytes, format_: str, members: list[bytes], batch: bool
) -> None:
    unpacked = unpack(content, name)
    assert (unpacked.format, list(unpacked.members), unpacked.batch) == (format_, members, batch)


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("e.hl7", b"", "empty"),
        ("e.txt", b" \r\n", "empty"),
        ("i.png", b"\x89PNG\r\n", "unsupported-format"),
        ("t.csv", b"a,b\n", "unsupported-format"),
    ],
)
def test_what_cannot_be_taken_is_named(name: str, content: bytes, code: str) -> None:
    with pytest.raises(Malformed) as caught:
        unpack(content, name)
    assert caught.value.code == code


def test_a_file_is_taken_when_two_looks_saw_the_same(
    watch: FolderWatch, folder: Path, intake: RememberingIntake
) -> None:
    file = folder / "ward" / "a.hl7"
    file.parent.mkdir()
    file.write_bytes(HL7[:20])
    assert watch.look().waiting == 1
    file.write_bytes(HL7)
    assert watch.look().waiting == 1
    assert watch.look().taken == 1
    (case,) = intake.cases
    assert (case.source, case.location, case.header.source) == (HL7, "ward/a.hl7", "drop")
    assert not file.exists()
    assert (folder / ".done" / "ward" / "a.hl7").read_bytes() == HL7
    assert watch.look() == type(watch.last)()


def test_a_file_that_was_written_long_ago_is_taken_at_first_sight(
    watch: FolderWatch, folder: Path, clock: FixedClock
) -> None:
    file = folder / "a.hl7"
    file.write_bytes(HL7)
    os.utime(file, (clock.now() - 60, clock.now() - 60))
    assert watch.look().taken == 1


def test_unfinished_and_hidden_files_are_left_alone(
    watch: FolderWatch, folder: Path, intake: RememberingIntake
) -> None:
    for name in (".a.hl7", "a.hl7.part", "a.TMP", "~a.hl7"):
        (folder / name).write_bytes(HL7)
    (folder / "link.hl7").symlink_to(folder / "nowhere")
    watch.look()
    assert watch.look().taken == 0
    assert intake.cases == []


def take(watch: FolderWatch) -> None:
    watch.look()
    watch.look()


def test_a_batch_becomes_members_that_know_their_place(
    watch: FolderWatch, folder: Path, intake: RememberingIntake
) -> None:
    (folder / "b.hl7").write_bytes(BATCH)
    take(watch)
    assert b"".join(case.source for case in intake.cases) == BATCH
    containers = [case.header.container for case in intake.cases]
    assert [(one.ordinal, one.size) for one in containers if one] == [(0, 4), (1, 4), (2, 4), (3, 4)]
    assert len({case.id for case in intake.cases}) == 4, "two equal messages of one file are two"


def test_the_same_file_read_again_after_a_crash_gives_the_same_cases(
    watch: FolderWatch, folder: Path, intake: RememberingIntake
) -> None:
    for _ in range(2):
        (folder / "b.hl7").write_bytes(BATCH)
        (folder / "copy.hl7").write_bytes(BATCH)
        take(watch)
    ids = [case.id for case in intake.cases]
    assert ids[:8] == ids[8:]
    assert len(set(ids)) == 8, "two equal files are two"
    assert (folder / ".done" / "b.2.hl7").exists()


def test_what_cannot_be_taken_is_put_aside_with_its_reason_and_nothing_else(
    watch: FolderWatch, folder: Path, intake: RememberingIntake
) -> None:
    (folder / "i.png").write_bytes(b"\x89PNG\r\n SECRET")
    (folder / "e.hl7").write_bytes(b"")
    take(watch)
    assert (folder / ".bad" / "i.png").exists()
    assert (folder / ".bad" / "i.png.reason").read_text() == "unsupported-format\nfile\n"
    assert (folder / ".bad" / "e.hl7.reason").read_text() == "empty\nfile\n"
    assert intake.cases == []


def test_a_file_too_large_is_put_aside_unread(
    folder: Path, admission: Admission, intake: RememberingIntake, clock: FixedClock
) -> None:
    watch = FolderWatch(FolderSource(name="drop", path=folder, max_file_bytes=10), admission, intake, clock)
    (folder / "a.hl7").write_bytes(HL7)
    take(watch)
    assert (folder / ".bad" / "a.hl7.reason").read_text().startswith("file-too-large")


def test_a_file_stays_while_it_cannot_be_made_durable(
    watch: FolderWatch, folder: Path, intake: RememberingIntake
) -> None:
    (folder / "a.hl7").write_bytes(HL7)
    intake.refusal = Unavailable("intake-full", "ingest")
    take(watch)
    assert (folder / "a.hl7").exists()
    intake.refusal = None
    assert watch.look().taken == 1


def test_a_file_without_permission_stays_and_is_reported(
    watch: FolderWatch, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Path) -> bytes:
        raise PermissionError

    (folder / "a.hl7").write_bytes(HL7)
    watch.look()
    with monkeypatch.context() as patch:  # tests may run as root, which may read everything
        patch.setattr(Path, "read_bytes", refuse)
        assert watch.look().unreadable == 1
    assert watch.look().taken == 1


def test_a_folder_that_is_not_there_is_a_fault_of_the_deployment(
    folder: Path, admission: Admission, intake: RememberingIntake, clock: FixedClock
) -> None:
    watch = FolderWatch(FolderSource(name="drop", path=folder / "missing"), admission, intake, clock)
    with pytest.raises(Misconfigured):
        watch.look()
