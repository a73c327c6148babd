"""``send``: a real client, against receivers on loopback."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from deidstream.cli.simulate.day import day
from deidstream.formats.hl7v2.acknowledgement import Verdict, acknowledge
from deidstream.formats.hl7v2.header import peek

from tests.adapters.dicom_receiver import DicomReceiver
from tests.adapters.receivers import HttpReceiver, MllpReceiver
from tests.cli.command import run
from tests.stages.ingest.dicom_peer import sample


@pytest.fixture
def mllp() -> Iterator[MllpReceiver]:
    receiver = MllpReceiver()
    yield receiver
    receiver.close()


@pytest.fixture
def fhir() -> Iterator[HttpReceiver]:
    receiver = HttpReceiver()
    yield receiver
    receiver.close()


def _day(folder: Path, messages: int = 30) -> tuple[int, int]:
    """How many HL7 and FHIR messages were written."""
    run("simulate", "--out", folder, "--messages", str(messages), "--seed", "3", "--patients", "3")
    formats = [event.format for event in day(messages, 3, 3)]
    return formats.count("hl7v2"), formats.count("fhir")


def test_every_message_goes_the_way_of_its_format_and_the_summary_counts_them(
    tmp_path: Path, mllp: MllpReceiver, fhir: HttpReceiver
) -> None:
    hl7, bundles = _day(tmp_path / "day")
    assert bundles
    ran = run("send", tmp_path / "day", "--mllp", f"127.0.0.1:{mllp.port}", "--fhir", fhir.url)
    assert ran.code == 0
    assert len(mllp.got) == hl7
    assert len(fhir.got) == bundles
    pattern = rf"send: sent={hl7 + bundles} accepted={hl7 + bundles} refused=0 p50=[\d.]+ms p99=[\d.]+ms\n"
    assert re.fullmatch(pattern, ran.out)


def test_one_connection_keeps_the_order_of_names_and_several_lose_nothing(tmp_path: Path, mllp: MllpReceiver) -> None:
    events = [event for event in day(30, 3, 3) if event.format == "hl7v2"]
    (tmp_path / "day").mkdir()
    for event in events:
        (tmp_path / "day" / f"{event.number:04}.hl7").write_bytes(event.content)
    assert run("send", tmp_path / "day", "--mllp", f"127.0.0.1:{mllp.port}").code == 0
    assert mllp.got == [event.content for event in events]
    mllp.got.clear()
    assert run("send", tmp_path / "day", "--mllp", f"127.0.0.1:{mllp.port}", "--connections", "4").code == 0
    assert sorted(mllp.got) == sorted(event.content for event in events)


def test_a_folder_below_the_working_directory_is_sent(
    tmp_path: Path, mllp: MllpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "day").mkdir()
    (tmp_path / "day" / "one.hl7").write_bytes(next(iter(day(1))).content)
    monkeypatch.chdir(tmp_path)
    assert run("send", "day", "--mllp", f"127.0.0.1:{mllp.port}").code == 0
    assert len(mllp.got) == 1


def test_a_batch_file_is_sent_message_by_message_without_its_envelope(tmp_path: Path, mllp: MllpReceiver) -> None:
    members = [event.content for event in day(8, 1, 1) if event.format == "hl7v2"]
    (tmp_path / "batch.hl7").write_bytes(b"FHS|^~\\&|A\rBHS|^~\\&|A\r" + b"".join(members) + b"BTS|8\rFTS|1\r")
    assert run("send", tmp_path / "batch.hl7", "--mllp", f"127.0.0.1:{mllp.port}").code == 0
    assert mllp.got == members


def test_refused_messages_are_counted_by_code_and_the_exit_code_is_3(tmp_path: Path, mllp: MllpReceiver) -> None:
    mllp.answer = lambda message: acknowledge(peek(message), Verdict.REJECTED, "A", "20240101000000")
    for number, event in enumerate(one for one in day(5, 1, 1) if one.format == "hl7v2"):
        (tmp_path / f"{number}.hl7").write_bytes(event.content)
    count = len(list(tmp_path.glob("*.hl7")))
    ran = run("send", tmp_path, "--mllp", f"127.0.0.1:{mllp.port}", "--attempts", "1")
    assert ran.code == 3
    assert f"accepted=0 refused={count} (" in ran.out


def test_a_receiver_that_is_not_there_is_exit_code_3_and_no_stack_trace(tmp_path: Path) -> None:
    (tmp_path / "one.hl7").write_bytes(next(iter(day(1))).content)
    ran = run("send", tmp_path / "one.hl7", "--mllp", "127.0.0.1:1", "--attempts", "1")
    assert ran.code == 3
    assert "refused=1 (not-connected=1)" in ran.out


def test_what_cannot_be_sent_is_counted_by_reason_and_the_exit_code_is_3(tmp_path: Path, mllp: MllpReceiver) -> None:
    (tmp_path / "one.hl7").write_bytes(next(iter(day(1))).content)
    (tmp_path / "empty.hl7").write_bytes(b"")
    (tmp_path / "Clara Lockhart.txt").write_text("a note about Clara Lockhart")
    ran = run("send", tmp_path, "--mllp", f"127.0.0.1:{mllp.port}")
    assert ran.code == 3
    assert len(mllp.got) == 1
    assert "Lockhart" not in ran.out + ran.err


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ((), "where-to"),
        (("--mllp", "localhost"), "mllp-address"),
        (("--mllp", "localhost:99999"), "mllp-address"),
        (("--fhir", "localhost:8080"), "fhir-url"),
        (("--mllp", "localhost:2575", "--tls", "--ca", "no.pem"), "tls-authority"),
    ],
)
def test_wrong_addresses_are_one_line_and_exit_code_2(options: tuple[str, ...], reason: str, tmp_path: Path) -> None:
    (tmp_path / "one.hl7").write_bytes(next(iter(day(1))).content)
    ran = run("send", tmp_path / "one.hl7", *options)
    assert ran.code == 2
    assert ran.err.startswith(f"deidstream: {reason}")
    assert ran.err.count("\n") == 1


def test_dicom_instances_go_by_c_store_and_what_is_refused_is_counted(tmp_path: Path) -> None:
    receiver = DicomReceiver()
    (tmp_path / "study").mkdir()
    for name in ("CT_small.dcm", "JPEG2000.dcm", "no_meta.dcm"):
        (tmp_path / "study" / name).write_bytes(sample(name).read_bytes())
    where = ("--dicom", f"127.0.0.1:{receiver.port}", "--called-ae", "STORE")
    ran = run("send", tmp_path / "study", *where)
    assert ran.code == 3
    assert "send: sent=2 accepted=2 refused=0" in ran.out
    assert [syntax for _, syntax, _ in receiver.got] == ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.91"]
    receiver.statuses = [0xC000]
    ran = run("send", tmp_path / "study", *where)
    assert "accepted=1 refused=1 (c000=1)" in ran.out
    receiver.close()
