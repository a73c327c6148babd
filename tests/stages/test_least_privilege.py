"""Least privilege: what a stage is not given it cannot read, whatever its code would try. Over real key files, one a purpose."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from deidstream.adapters.file_keys import FileKeyRing
from deidstream.adapters.memory_keys import MemoryKeyRing
from deidstream.adapters.provided_keys import ProvidedKeyRing
from deidstream.core.errors import Misconfigured, Unavailable
from deidstream.core.page import Pages
from deidstream.stages.process import Process
from deidstream.stream.instances import Instance
from deidstream.stream.settings import Settings
from deidstream.stream.stages import KEY_PURPOSES, SECTIONS, STAGES, purposes_of, purposes_with
from deidstream.wire import decode_case, decode_release, encode_case, encode_release
from deidstream.wire.case import ALL_SECTIONS, SECTION_PURPOSE
from deidstream.wire.v1 import case_pb2

from tests.wire.cases import full_case, full_release

CASE = replace(full_case(), pages=(Pages("OBX-5", (), ""),))
"""With every section that there is."""
PROJECTS = ("research", "other")
ALL = (*STAGES, "monitor")
PAIRS = [(stage, other) for stage in ALL for other in ALL if purposes_of([stage]) - purposes_of([other])]
"""A stage, and another one that lacks something that it has."""
READ = [
    (stage, other)
    for stage, sections in SECTIONS.items()
    for other in ALL
    if {SECTION_PURPOSE[one] for one in sections} - KEY_PURPOSES[other]
]
"""A stage, and another one that lacks the key of a section that it reads."""
STARTED = [
    (stage, other)
    for stage, other in PAIRS
    if any(not one.endswith(".*") for one in purposes_of([stage]) - purposes_of([other]))
]
"""Of these, keys of a project (``surrogate.*``) are asked for with the first case of the project, all others at the start."""


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every key of a deployment, as ``deidstream keys make`` makes it."""
    folder = tmp_path_factory.mktemp("site") / "keys"
    FileKeyRing(folder, purposes_with(ALL, PROJECTS))
    return folder


def test_the_case_has_every_section() -> None:
    assert {one.kind for one in case_pb2.Case.FromString(encode_case(CASE, MemoryKeyRing())).sections} == ALL_SECTIONS


def mounted(keys: Path, folder: Path, stage: str) -> Path:
    """What the platform mounts for ``stage``: the files of its purposes and no others."""
    folder.mkdir(mode=0o700)
    for purpose in purposes_with([stage], PROJECTS):
        shutil.copy(keys / f"{purpose}.json", folder)
    return folder


@pytest.mark.parametrize(("stage", "other"), READ)
def test_with_the_keys_of_another_stage_nothing_is_read(keys: Path, tmp_path: Path, stage: str, other: str) -> None:
    data = encode_case(CASE, FileKeyRing(keys))
    theirs = [FileKeyRing(keys, purposes_of([other])), ProvidedKeyRing(mounted(keys, tmp_path / "keys", other))]
    for section in SECTIONS[stage]:
        if SECTION_PURPOSE[section] not in KEY_PURPOSES[other]:
            for ring, code in zip(theirs, ("key-not-given", "key-missing"), strict=True):
                with pytest.raises(Misconfigured, match=code):
                    decode_case(data, ring, {section})


@pytest.mark.parametrize("stage", SECTIONS)
def test_with_its_own_keys_a_stage_reads_all_that_it_has_to(keys: Path, tmp_path: Path, stage: str) -> None:
    data = encode_case(CASE, FileKeyRing(keys))
    ring = ProvidedKeyRing(mounted(keys, tmp_path / "keys", stage), purposes_of([stage]))
    assert decode_case(data, ring, SECTIONS[stage]).source == CASE.source


@pytest.mark.parametrize("stage", ALL)
def test_a_release_opens_for_who_writes_delivers_or_watches_it_and_for_nobody_else(
    keys: Path, tmp_path: Path, stage: str
) -> None:
    data = encode_release(full_release(), FileKeyRing(keys))
    ring = ProvidedKeyRing(mounted(keys, tmp_path / "keys", stage))
    if stage in ("writer", "delivery", "monitor"):
        assert decode_release(data, ring).content == full_release().content
    else:
        with pytest.raises(Misconfigured, match="key-missing"):
            decode_release(data, ring)


@pytest.mark.parametrize("stage", ALL)
def test_pseudonyms_and_tokens_are_made_by_the_resolver_alone(keys: Path, tmp_path: Path, stage: str) -> None:
    ring = ProvidedKeyRing(mounted(keys, tmp_path / "keys", stage))
    for purpose in ("surrogate.research", "surrogate.other", "token.research", "token.other"):
        if stage == "resolver":
            assert len(ring.secret(purpose)) == 32
        else:
            with pytest.raises(Misconfigured, match="key-missing"):
                ring.secret(purpose)


@pytest.mark.parametrize(("stage", "other"), STARTED)
def test_a_process_started_with_the_keys_of_another_stage_ends_before_it_reads(
    keys: Path, tmp_path: Path, stage: str, other: str
) -> None:
    folder = mounted(keys, tmp_path / "keys", other)
    deployment = {"state": str(tmp_path / "state"), "keys": str(folder), "keys_provided": True}
    with pytest.raises(Misconfigured, match="key-missing"):
        Process.of(Settings({"deployment": deployment}), Instance((stage,)))


def test_the_keys_of_another_site_open_nothing_and_the_case_waits(keys: Path, tmp_path: Path) -> None:
    data = encode_case(CASE, FileKeyRing(keys))
    with pytest.raises(Unavailable, match="unknown-key"):
        decode_case(data, FileKeyRing(tmp_path / "keys", purposes_of(["identify"])), {"source"})
