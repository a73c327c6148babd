"""Canaries: whatever form a format gives them, they are found; and they are told by their names alone."""

from __future__ import annotations

import base64
import io
import json
import logging
import os
from pathlib import Path

import pytest
from deidstream.adapters.memory_keys import MemoryKeyRing
from deidstream.core.errors import Misconfigured
from deidstream.core.release import Release
from deidstream.ports import Record
from deidstream.stages.monitor.canaries import Canaries, open_to_others, read_canaries
from deidstream.stages.monitor.config import MonitorSettings
from deidstream.stages.monitor.service import Monitor, Sight
from deidstream.stream import log
from deidstream.stream.chain import SystemClock
from deidstream.stream.meters import Meters, resource_of
from deidstream.stream.stages import AUDIT, RELEASES
from deidstream.wire import encode_release

from tests.cli.command import run

VALUE = "Zoë Quillfeather & Sons"
KEYS = MemoryKeyRing()


def listed(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "canaries"
    path.write_text(text)
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    "form",
    [
        VALUE.encode(),
        VALUE.upper().encode(),
        VALUE.encode("latin-1"),
        VALUE.encode("utf-16-le"),
        json.dumps(VALUE)[1:-1].encode(),
        VALUE.replace("&", "&amp;").encode(),
        b"Zo&euml; Quillfeather &amp; Sons",
        b"Zo&#235; Quillfeather &amp; Sons",
        b"Zo&#xEB; Quillfeather &amp; Sons",
        b"Zo\\'eb Quillfeather & Sons",
        b"Zo\\u235? Quillfeather & Sons",
        b"Zo\\u235\\'EB Quillfeather & Sons",
        "Zoë Quillfeather \\T\\ Sons".encode(),
        base64.encodebytes(b"w" * 60 + VALUE.encode() + b"v" * 60),
        *(base64.b64encode(b"x" * lead + VALUE.encode() + b"y" * 7) for lead in range(3)),
    ],
    ids=[
        *("utf-8", "upper", "latin-1", "utf-16", "json", "xml", "html", "html-decimal", "html-hex"),
        *("rtf", "rtf-unicode", "rtf-both", "hl7", "base64-wrapped", "base64+0", "base64+1", "base64+2"),
    ],
)
def test_a_canary_is_found_however_a_format_writes_it(form: bytes) -> None:
    canaries = Canaries({"one": VALUE, "other": "4471.90236"})
    assert canaries.within(b"PID|1||" + form + b"|rest") == ["one"]
    assert canaries.within(b"PID|1||" + form[: len(form) // 2] + b"|rest") == []


def test_what_an_encoding_has_no_letters_for_is_no_sighting() -> None:
    canaries = Canaries({"name": "Захарова"})
    assert canaries.within("Пациентка Захарова".encode()) == ["name"]
    assert canaries.within(b"?????????") == []
    assert canaries.within(b"\\'3f" * 9) == []
    assert canaries.within("".join(f"\\u{ord(sign)}\\'3f" for sign in "Захарова").encode()) == ["name"]


def test_a_file_of_canaries_is_read_by_lines(tmp_path: Path) -> None:
    canaries = read_canaries(listed(tmp_path, "# ours\n\nward-7 MRN 778899\nnurse Zanzibarski\n"))
    assert canaries.names == ("ward-7", "nurse")
    assert canaries.within(b"PID|1||mrn 778899|") == ["ward-7"]


@pytest.mark.parametrize(
    ("owner", "mode", "others", "why"),
    [
        (10001, 0o600, False, "its owner's alone"),
        (10001, 0o640, True, "a group of ours may be anybody's"),
        (0, 0o440, False, "a Secret, as a kubelet mounts it for fsGroup"),
        (0, 0o444, True, "everybody"),
        (0, 0o460, True, "somebody could change what is looked for"),
    ],
)
def test_a_file_is_secret_that_nobody_else_reads_but_by_the_platform(
    owner: int, mode: int, others: bool, why: str
) -> None:
    state = os.stat_result((0o100000 | mode, 0, 0, 1, owner, 10001, 0, 0, 0, 0))
    assert open_to_others(state, 10001) is others


@pytest.mark.parametrize(
    ("text", "mode", "code"),
    [
        ("a SECRETVALUE\n", 0o644, "canaries-open"),
        ("a SECRETVALUE\na SECRETVALUE\n", 0o600, "canary-name"),
        ("SECRETVALUE!name x\n", 0o600, "canary-name"),
        ("a 12345\n", 0o600, "canary-value"),
        ("SECRETVALUE\n", 0o600, "canary-value"),
    ],
)
def test_a_file_that_would_not_watch_or_not_be_secret_is_refused(
    tmp_path: Path, text: str, mode: int, code: str
) -> None:
    with pytest.raises(Misconfigured, match=code) as refused:
        read_canaries(listed(tmp_path, text, mode))
    assert "SECRETVALUE" not in f"{refused.value} {refused.value.hint}"


def release_record(content: bytes, value: bytes | None = None) -> Record:
    release = Release(
        "R1", "c1", "research", "adt", "hl7v2", "k", 1, 0.0, content, trace=f"00-{'a' * 32}-{'b' * 16}-01"
    )
    return Record(RELEASES, 0, 1, "k", value or encode_release(release, KEYS), {"kind": "release"}, 5.0)


@pytest.fixture
def said() -> io.StringIO:
    stream = io.StringIO()
    log.configure(stream)
    yield stream
    logging.getLogger(log.LOGGER).handlers.clear()


def test_a_sighting_is_counted_and_logged_by_name_and_release_and_nothing_else_is(said: io.StringIO) -> None:
    meters = Meters(resource_of("monitor"))
    monitor = Monitor(MonitorSettings(), {}, Sight(Canaries({"ward-7": VALUE}), KEYS), meters, SystemClock())
    assert b'deidstream_monitor_canaries_total{canary="ward-7"} 0.0' in meters.exposition()
    monitor.look(release_record(b"PID|1||nothing"))
    monitor.look(release_record(b"PID|1||" + VALUE.encode()))
    monitor.look(Record(RELEASES, 0, 2, "k", b"", {"kind": "gap"}))
    assert b'deidstream_monitor_canaries_total{canary="ward-7"} 1.0' in meters.exposition()
    (line,) = map(json.loads, said.getvalue().splitlines())
    assert (line["event"], line["canary"], line["release"], line["trace_id"]) == (
        "canary.leaked",
        "ward-7",
        "R1",
        "a" * 32,
    )
    assert "Quillfeather" not in said.getvalue() + meters.exposition().decode()
    meters.close()


def test_what_cannot_be_read_is_counted_as_unseen_and_not_as_clean(said: io.StringIO) -> None:
    meters = Meters(resource_of("monitor"))
    monitor = Monitor(MonitorSettings(), {}, Sight(Canaries({"ward-7": VALUE}), KEYS), meters, SystemClock())
    monitor.look(release_record(b"", b"\xff\xff"))
    sealed_elsewhere = encode_release(
        Release("R1", "c1", "research", "adt", "hl7v2", "k", 1, 0.0, VALUE.encode()), MemoryKeyRing()
    )
    monitor.look(release_record(b"", sealed_elsewhere))
    table: dict[str, int] = {}
    monitor.count(Record(AUDIT, 0, 1, "core", b"\xff\xff"), table)
    shown = meters.exposition().decode()
    assert f'deidstream_monitor_unreadable_total{{topic="{RELEASES}"}} 2.0' in shown
    assert f'deidstream_monitor_unreadable_total{{topic="{AUDIT}"}} 1.0' in shown
    assert table == {}
    assert [json.loads(line)["event"] for line in said.getvalue().splitlines()] == ["monitor.unreadable"] * 3
    meters.close()


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ("{window_second: 5}", "monitor.window_second"),
        ("{window_seconds: 60, drift_seconds: 5}", "drift_seconds"),
        ("{canaries: CANARIES}", "canaries-open"),
    ],
)
def test_the_check_of_the_configuration_covers_the_monitor(tmp_path: Path, section: str, told: str) -> None:
    listed(tmp_path, "ward-7 SECRETVALUE\n", 0o644)
    config = tmp_path / "deidstream.yaml"
    config.write_text(f"monitor: {section.replace('CANARIES', str(tmp_path / 'canaries'))}\n")
    ran = run("config", "check", "--config", str(config))
    assert ran.code == 2
    assert told in ran.err
