"""Keys as Kubernetes mounts them: links into a folder that is replaced as a whole, files of root that a group may read."""

import os
from pathlib import Path

import pytest
from deidstream.adapters.file_keys import FileKeyRing
from deidstream.adapters.provided_keys import ProvidedKeyRing
from deidstream.core.errors import Misconfigured, Unavailable


def mounted(volume: Path, keys: Path, version: str, mode: int = 0o440) -> Path:
    """``volume`` with the files of ``keys``, as a kubelet lays them out and replaces them."""
    (volume / version).mkdir(parents=True)
    volume.chmod(0o3777)
    for file in keys.glob("*.json"):
        (volume / version / file.name).write_bytes(file.read_bytes())
        (volume / version / file.name).chmod(mode)
        if not (volume / file.name).is_symlink():
            (volume / file.name).symlink_to(Path("..data") / file.name)
    (volume / "..new").symlink_to(version)
    os.replace(volume / "..new", volume / "..data")
    return volume


@pytest.fixture
def made(tmp_path: Path) -> FileKeyRing:
    return FileKeyRing(tmp_path / "made", {"content", "audit"})


def test_what_the_makers_ring_sealed_opens(made: FileKeyRing, tmp_path: Path) -> None:
    ring = ProvidedKeyRing(mounted(tmp_path / "mounted", tmp_path / "made", "..1"), {"content", "audit"})
    assert ring.open("content", made.seal("content", b"secret", b"case-1"), b"case-1") == b"secret"
    assert made.open("content", ring.seal("content", b"more", b"case-1"), b"case-1") == b"more"


def test_no_key_is_ever_made(made: FileKeyRing, tmp_path: Path) -> None:
    volume = mounted(tmp_path / "mounted", tmp_path / "made", "..1")
    before = sorted(path.name for path in volume.rglob("*"))
    with pytest.raises(Misconfigured, match="key-missing: lookup"):
        ProvidedKeyRing(volume, {"content", "lookup"})
    ring = ProvidedKeyRing(volume, {"content", "surrogate.*"})
    with pytest.raises(Misconfigured, match=r"key-missing: surrogate\.research"):
        ring.secret("surrogate.research")
    assert ring.renew({"content"}, 0, 1e12) == ()
    for change in (lambda: ring.rotate("content"), lambda: ring.give_up("content", "0" * 16)):
        with pytest.raises(Misconfigured, match="keys-provided: content"):
            change()
    assert sorted(path.name for path in volume.rglob("*")) == before


def test_a_purpose_that_is_mounted_by_mistake_is_not_read(made: FileKeyRing, tmp_path: Path) -> None:
    ring = ProvidedKeyRing(mounted(tmp_path / "mounted", tmp_path / "made", "..1"), {"audit"})
    with pytest.raises(Misconfigured, match="key-not-given: content"):
        ring.seal("content", b"secret", b"")


def test_a_volume_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="key-folder"):
        ProvidedKeyRing(tmp_path / "mounted", {"content"})
    assert not (tmp_path / "mounted").exists()


@pytest.mark.parametrize("mode", [0o444, 0o644, 0o460, 0o442])
def test_a_file_that_everybody_may_read_or_a_group_may_write_is_refused(
    made: FileKeyRing, tmp_path: Path, mode: int
) -> None:
    with pytest.raises(Misconfigured, match="key-permissions"):
        ProvidedKeyRing(mounted(tmp_path / "mounted", tmp_path / "made", "..1", mode), {"content"})


def test_a_new_key_is_found_when_it_is_missed_without_a_restart(made: FileKeyRing, tmp_path: Path) -> None:
    volume = mounted(tmp_path / "mounted", tmp_path / "made", "..1")
    ring = ProvidedKeyRing(volume, {"content"})
    made.rotate("content")
    sealed = made.seal("content", b"secret", b"")
    with pytest.raises(Unavailable, match="unknown-key"):
        ring.open("content", sealed, b"")
    mounted(volume, tmp_path / "made", "..2")
    assert ring.open("content", sealed, b"") == b"secret"
