"""Releases as files."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from deidstream.adapters.folder_destination import FolderDestination
from deidstream.adapters.memory_bus import MemoryBusFactory
from deidstream.adapters.topic_destination import TopicDestination
from deidstream.adapters.topic_record import topic_record
from deidstream.core.errors import Unavailable, Unsafe
from deidstream.core.release import Release
from deidstream.ports import Output, Receipt


def release(name: str = "R1", format_: str = "hl7v2", content: bytes = b"content", **changes: object) -> Release:
    made = Release(name, "c", "p", "adt", format_, "s", 1, 86_400.0, content)
    return replace(made, **changes)  # type: ignore[arg-type]


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("one", "name"),
    [
        (release(), "R1.hl7"),
        (release(format_="fhir"), "R1.json"),
        (release(format_="cda"), "R1.xml"),
        (release(format_="text"), "R1.txt"),
        (release(format_="other"), "R1.bin"),
        (release(format_="fhir", attributes=(("joined", "3"),)), "R1.ndjson"),
        (release(format_="fhir", attributes=(("fhir.method", "DELETE"),)), "R1.delete.json"),
        (release(name="x", id="../../etc/passwd"), "______etc_passwd.hl7"),
    ],
)
def test_a_file_is_named_by_the_id_and_the_format(tmp_path: Path, one: Release, name: str) -> None:
    assert FolderDestination(tmp_path).send([one]) == [Receipt("written")]
    assert files(tmp_path) == {name: b"content"}


@pytest.mark.parametrize(
    ("suggested", "name"),
    [("ward/a.hl7", "ward/a.hl7"), ("../up.hl7", "R1.hl7"), ("/etc/x", "R1.hl7"), ("a//b", "R1.hl7"), (".x", "R1.hl7")],
)
def test_a_suggested_name_counts_only_when_it_stays_inside(tmp_path: Path, suggested: str, name: str) -> None:
    one = Release("R1", "c", "p", "adt", "hl7v2", "s", 1, 1.0, b"content", name=suggested)
    FolderDestination(tmp_path / "out").send([one])
    assert files(tmp_path) == {f"out/{name}": b"content"}


SUPERSEDING = {"id": "R2", "supersedes": "R1"}
NOTICE = b'{"recalled": "R1", "superseded_by": "R2"}'


def test_a_release_takes_away_the_file_of_the_one_that_it_supersedes_and_says_so(tmp_path: Path) -> None:
    destination = FolderDestination(tmp_path)
    destination.send([release(content=b"with the name"), release("R0")])
    for _ in range(2):  # as after a crash before the ledger knew
        assert destination.send([release(content=b"without", **SUPERSEDING)]) == [Receipt("written")]
        assert files(tmp_path) == {"R0.hl7": b"content", "R2.hl7": b"without", "recalled/R1.json": NOTICE}


def test_one_that_supersedes_several_takes_all_of_them_away(tmp_path: Path) -> None:
    destination = FolderDestination(tmp_path)
    destination.send([release(content=b"with the name"), release("R3", content=b"with the other name")])
    destination.send([release(content=b"without", id="R4", supersedes="R3,R2,R1")])
    assert sorted(files(tmp_path)) == ["R4.hl7", "recalled/R1.json", "recalled/R2.json", "recalled/R3.json"]


def test_of_two_that_are_sent_together_the_later_stays(tmp_path: Path) -> None:
    FolderDestination(tmp_path).send([release(content=b"with the name"), release(content=b"without", **SUPERSEDING)])
    assert files(tmp_path) == {"R2.hl7": b"without", "recalled/R1.json": NOTICE}


def test_under_a_suggested_name_the_file_is_replaced(tmp_path: Path) -> None:
    destination = FolderDestination(tmp_path)
    before, after = release(content=b"with the name"), release(content=b"without", **SUPERSEDING)
    destination.send([replace(before, name="ward/a.hl7")])
    destination.send([replace(after, name="ward/a.hl7")])
    assert files(tmp_path) == {"ward/a.hl7": b"without", "recalled/R1.json": NOTICE}


def test_a_notice_names_the_batch_file_in_which_the_recalled_message_stands(tmp_path: Path) -> None:
    FolderDestination(tmp_path).send([release(attributes=(("batch", "B1"),), **SUPERSEDING)])
    assert json.loads(files(tmp_path)["recalled/R1.json"]) == {"recalled": "R1", "superseded_by": "R2", "batch": "B1"}


def test_of_a_recalled_line_a_notice_tells(tmp_path: Path) -> None:
    destination = FolderDestination(tmp_path, ndjson=True)
    destination.send([release(format_="fhir", content=b"{}")])
    destination.send([release(format_="fhir", content=b"[]", **SUPERSEDING)])
    assert files(tmp_path) == {"p-19700102.ndjson": b"{}\n[]\n", "recalled/R1.json": NOTICE}


def test_a_release_sent_again_replaces_itself(tmp_path: Path) -> None:
    destination = FolderDestination(tmp_path)
    destination.send([release(content=b"old"), release("R2")])
    destination.send([release(content=b"new")])
    assert files(tmp_path) == {"R1.hl7": b"new", "R2.hl7": b"content"}


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []
    synced: list[int] = []
    real_replace, real_fsync = os.replace, os.fsync

    def observed(source: str, target: str) -> None:
        seen.append([path.name for path in tmp_path.iterdir() if not path.name.startswith(".")])
        assert len(synced) == 2, "every file is on the disk before the first gets its name"
        assert Path(source).read_bytes() == b"content"
        real_replace(source, target)

    def counted(descriptor: int) -> None:
        synced.append(descriptor)
        real_fsync(descriptor)

    monkeypatch.setattr(os, "replace", observed)
    monkeypatch.setattr(os, "fsync", counted)
    FolderDestination(tmp_path).send([release("R1"), release("R2")])
    assert seen == [[], ["R1.hl7"]]
    assert len(synced) == 3, "and the folder afterwards"


def test_a_full_disk_is_away_and_leaves_no_rubbish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int, _content: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        results = FolderDestination(tmp_path).send([release("R1"), release("R2")])
    assert [one.code for one in results if isinstance(one, Unavailable)] == ["folder-unavailable"] * 2
    assert files(tmp_path) == {}


def test_a_folder_that_cannot_be_made_is_away(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    (result,) = FolderDestination(tmp_path / "file" / "out").send([release()])
    assert isinstance(result, Unavailable)


def test_resources_become_lines_when_asked(tmp_path: Path) -> None:
    destination = FolderDestination(tmp_path, ndjson=True)
    lines = [release(f"R{number}", "fhir", b'{"n":%d}' % number) for number in range(3)]
    deletion = release("R9", "fhir", b"{}", attributes=(("fhir.method", "DELETE"),))
    assert destination.send([*lines[:2], release("M1"), deletion]) == [Receipt("written")] * 4
    destination.send(lines[2:])
    assert files(tmp_path) == {
        "p-19700102.ndjson": b'{"n":0}\n{"n":1}\n{"n":2}\n',
        "M1.hl7": b"content",
        "R9.delete.json": b"{}",
    }


def test_half_a_line_left_by_a_crash_is_cut_off(tmp_path: Path) -> None:
    torn = tmp_path / "p-19700102.ndjson"
    torn.write_bytes(b'{"n":0}\n{"n":1' + b" " * 100_000)
    FolderDestination(tmp_path, ndjson=True).send([release("R1", "fhir", b'{"n":1}')])
    assert torn.read_bytes() == b'{"n":0}\n{"n":1}\n'


def test_a_topic_gets_a_batch_in_one_transaction() -> None:
    factory = MemoryBusFactory()
    destination = TopicDestination(factory.open("delivery.research.out", (), "0"), "research")
    assert (
        destination.send([release("R1"), release("R2", attributes=(("hl7.type", "ADT^A01"),))])
        == [Receipt("published")] * 2
    )
    first, second = factory.scan("research")
    assert (first.value, first.headers["id"]) == (b"content", "R1")
    assert second.headers["hl7.type"] == "ADT^A01"
    destination.close()


def test_the_key_of_a_topic_keeps_order_and_links_no_projects() -> None:
    def key(**changes: object) -> str:
        return topic_record(release("R1", **changes), "t").key

    assert key() == key(id="R2")  # of one subject
    assert len({key(), key(key="t"), key(project="q"), key(key="", id="R3"), "s"}) == 5


def test_a_release_that_is_too_large_is_refused_and_holds_back_no_other() -> None:
    class Strict:
        """A bus with a limit on records; a transaction with a larger one fails whole."""

        def __init__(self) -> None:
            self.got: list[bytes] = []

        def commit(self, outputs: Sequence[Output]) -> None:
            if any(len(one.value) > 10 for one in outputs):
                raise Unsafe("record-too-large", "research")
            self.got += [one.value for one in outputs]

    bus = Strict()
    destination = TopicDestination(bus, "research")  # type: ignore[arg-type]
    good, large, last = destination.send(
        [release("R1", content=b"a"), release("R2", content=b"b" * 11), release("R3", content=b"c")]
    )
    assert (good, last) == (Receipt("published"), Receipt("published"))
    assert isinstance(large, Unsafe)
    assert bus.got == [b"a", b"c"]
