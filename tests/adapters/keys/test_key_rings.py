import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from deidstream.adapters.file_keys import FileKeyRing
from deidstream.adapters.memory_keys import MemoryKeyRing
from deidstream.core.errors import Misconfigured, Unavailable, Unsafe
from deidstream.ports import KeyRing

from tests.adapters.keys.contract import KeyContract, Place
from tests.adapters.keys.wrapping import Wrapping

MakeRing = Callable[[], KeyRing]


@pytest.fixture(params=["memory", "file"])
def ring(request: pytest.FixtureRequest, tmp_path: Path) -> KeyRing:
    return MemoryKeyRing() if request.param == "memory" else FileKeyRing(tmp_path / "keys")


class TestFolder(KeyContract):
    @pytest.fixture
    def place(self, tmp_path: Path) -> Place:
        return lambda purposes, create: FileKeyRing(tmp_path / "keys", purposes, create)


class TestWrapped(KeyContract):
    """Whoever wraps: here in memory, tests/full has a real service."""

    @pytest.fixture
    def place(self, tmp_path: Path) -> Place:
        wrapping = Wrapping()
        return lambda purposes, create: FileKeyRing(tmp_path / "keys", purposes, create, wrapping)


def test_what_was_sealed_opens_only_where_it_was_bound_to(ring: KeyRing) -> None:
    sealed = ring.seal("content", b"secret", b"case-1")
    assert ring.open("content", sealed, b"case-1") == b"secret"
    with pytest.raises(Unsafe, match="seal-broken: content"):
        ring.open("content", sealed, b"case-2")


def test_purposes_do_not_share_keys(ring: KeyRing) -> None:
    sealed = ring.seal("content", b"secret", b"")
    with pytest.raises(Unavailable, match=f"unknown-key: identity/{sealed.key_id}: restore the key ring"):
        ring.open("identity", sealed, b"")
    assert ring.secret("content") != ring.secret("identity")
    assert ring.mac("lookup", b"x") != ring.mac("subject", b"x")


def test_what_names_a_key_that_no_ring_ever_made_is_unsafe_and_its_name_is_not_told(ring: KeyRing) -> None:
    sealed = ring.seal("content", b"secret", b"")
    with pytest.raises(Unsafe, match="foreign-key: content$"):
        ring.open("content", replace(sealed, key_id="Winterbourne"), b"")


def test_a_lost_key_is_waited_for_until_its_file_is_restored(tmp_path: Path) -> None:
    ring, other = FileKeyRing(tmp_path / "keys"), FileKeyRing(tmp_path / "other")
    ring.ids("content")
    lost = other.seal("content", b"secret", b"")
    there = tmp_path / "keys" / "content.json"
    there.unlink()
    with pytest.raises(Unavailable, match="unknown-key"):
        ring.open("content", lost, b"")
    there.write_bytes((tmp_path / "other" / "content.json").read_bytes())
    there.chmod(0o600)
    assert ring.open("content", lost, b"") == b"secret"


def test_nonces_do_not_repeat(ring: KeyRing) -> None:
    assert len({ring.seal("content", b"", b"").nonce for _ in range(500)}) == 500


def test_a_mac_is_that_of_rfc_2104_and_stays(ring: KeyRing) -> None:
    import hashlib
    import hmac

    expected = hmac.new(ring.secret("lookup"), b"4711", hashlib.sha256).digest()
    assert ring.mac("lookup", b"4711") == ring.mac("lookup", b"4711") == expected


def test_sealing_is_aes_256_gcm(tmp_path: Path) -> None:
    sealed = FileKeyRing(tmp_path / "keys").seal("content", b"secret", b"bound")
    (key,) = json.loads((tmp_path / "keys" / "content.json").read_text())["keys"]
    import base64

    secret = base64.b64decode(key["key"])
    assert len(secret) == 32
    assert AESGCM(secret).decrypt(sealed.nonce, sealed.ciphertext, b"bound") == b"secret"


def test_keys_stay_over_restarts_and_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "state" / "keys"
    sealed = FileKeyRing(path, {"content", "audit"}).seal("content", b"secret", b"")
    assert FileKeyRing(path).open("content", sealed, b"") == b"secret"
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in path.iterdir()} == {0o600}
    assert sorted(file.name for file in path.iterdir()) == ["audit.json", "content.json"]


@pytest.mark.parametrize(("what", "mode"), [("content.json", 0o640), ("content.json", 0o604), (".", 0o750)])
def test_keys_that_others_can_read_are_refused_with_what_to_do(tmp_path: Path, what: str, mode: int) -> None:
    FileKeyRing(tmp_path / "keys", {"content"})
    (tmp_path / "keys" / what).chmod(mode)
    with pytest.raises(Misconfigured, match="key-permissions: .*chmod"):
        FileKeyRing(tmp_path / "keys", {"content"})


def test_keys_of_somebody_else_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    FileKeyRing(tmp_path / "keys", {"content"})
    owner = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: owner)
    with pytest.raises(Misconfigured, match="key-owner"):
        FileKeyRing(tmp_path / "keys", {"content"})


def test_a_key_file_that_is_a_link_is_refused(tmp_path: Path) -> None:
    FileKeyRing(tmp_path / "keys", {"content"})
    (tmp_path / "keys" / "content.json").rename(tmp_path / "elsewhere")
    (tmp_path / "keys" / "content.json").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Misconfigured, match="key-unreadable"):
        FileKeyRing(tmp_path / "keys", {"content"})


@pytest.mark.parametrize("content", [b"", b"{}", b"nonsense", b'{"purpose":"content","keys":[]}'])
def test_a_damaged_key_file_is_refused_and_not_replaced(tmp_path: Path, content: bytes) -> None:
    FileKeyRing(tmp_path / "keys", {"content"})
    file = tmp_path / "keys" / "content.json"
    file.write_bytes(content)
    with pytest.raises(Misconfigured, match="key-file-damaged: content"):
        FileKeyRing(tmp_path / "keys", {"content"})
    assert file.read_bytes() == content


def test_a_key_file_moved_to_another_purpose_is_refused(tmp_path: Path) -> None:
    FileKeyRing(tmp_path / "keys", {"content"})
    (tmp_path / "keys" / "content.json").rename(tmp_path / "keys" / "identity.json")
    with pytest.raises(Misconfigured, match="key-file-damaged: identity"):
        FileKeyRing(tmp_path / "keys", {"identity"})


def test_only_keys_that_are_old_enough_are_renewed(tmp_path: Path) -> None:
    ring = FileKeyRing(tmp_path / "keys", {"content", "release"})
    made = json.loads((tmp_path / "keys" / "content.json").read_text())["keys"][0]["created"]
    assert ring.renew({"content"}, 30.0, made + 29) == ()
    assert ring.renew({"content"}, 30.0, made + 30) == ("content",)
    assert (len(ring.ids("content")), len(ring.ids("release"))) == (2, 1)


def test_processes_that_start_at_once_agree_on_one_key(tmp_path: Path) -> None:
    code = (
        "import sys; from deidstream.adapters.file_keys import FileKeyRing;"
        "sys.stdin.read(1); print(FileKeyRing(sys.argv[1]).secret('content').hex())"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "keys")], stdin=-1, stdout=-1) for _ in range(4)
    ]
    keys = {process.communicate(b"x")[0] for process in processes}
    assert len(keys) == 1
    assert len(keys.pop().strip()) == 64
    assert [file.name for file in (tmp_path / "keys").iterdir()] == ["content.json"]


def test_a_ring_never_shows_a_key(ring: KeyRing) -> None:
    secret = ring.secret("content")
    assert secret.hex() not in repr(ring)
    assert repr(secret) not in repr(vars(ring)["_keys"])
