"""Files whose keys a service has wrapped: who has the files alone has nothing."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from deidstream.adapters.file_keys import FileKeyRing
from deidstream.adapters.memory_keys import MemoryKeyRing
from deidstream.adapters.provided_keys import ProvidedKeyRing
from deidstream.core.errors import Misconfigured, Unavailable

from tests.adapters.keys.wrapping import Wrapping


@pytest.fixture
def wrapping() -> Wrapping:
    return Wrapping()


def test_no_key_lies_in_the_clear(tmp_path: Path, wrapping: Wrapping) -> None:
    ring = FileKeyRing(tmp_path / "keys", {"content"}, wrapping=wrapping)
    ring.rotate("content")
    text = (tmp_path / "keys/content.json").read_text()
    secrets = [key.secret for key in ring.all_of("content")]
    assert len(secrets) == 2
    for secret in secrets:
        assert base64.b64encode(secret).decode() not in text
        assert secret.hex() not in text


def test_without_the_service_the_files_open_nothing(tmp_path: Path, wrapping: Wrapping) -> None:
    FileKeyRing(tmp_path / "keys", {"content"}, wrapping=wrapping)
    with pytest.raises(Misconfigured, match="key-wrapped: content: .*deployment.kms"):
        FileKeyRing(tmp_path / "keys", {"content"})
    with pytest.raises(Misconfigured, match="kms-other-key: content"):
        FileKeyRing(tmp_path / "keys", {"content"}, wrapping=Wrapping())


def test_a_key_in_the_clear_is_refused_where_keys_are_wrapped(tmp_path: Path, wrapping: Wrapping) -> None:
    FileKeyRing(tmp_path / "keys", {"content"})
    with pytest.raises(Misconfigured, match="key-not-wrapped: content: .*deidstream keys import"):
        FileKeyRing(tmp_path / "keys", {"content"}, wrapping=wrapping)


def test_a_wrapped_key_moved_to_another_purpose_does_not_open(tmp_path: Path, wrapping: Wrapping) -> None:
    FileKeyRing(tmp_path / "keys", {"content"}, wrapping=wrapping)
    moved = json.loads((tmp_path / "keys/content.json").read_text()) | {"purpose": "identity"}
    (tmp_path / "keys/identity.json").write_text(json.dumps(moved))
    (tmp_path / "keys/identity.json").chmod(0o600)
    with pytest.raises(Misconfigured, match="kms-other-key: identity"):
        FileKeyRing(tmp_path / "keys", {"identity"}, wrapping=wrapping)


def test_secrets_of_the_platform_may_be_wrapped_too(tmp_path: Path, wrapping: Wrapping) -> None:
    sealed = FileKeyRing(tmp_path / "keys", {"content"}, wrapping=wrapping).seal("content", b"secret", b"")
    assert ProvidedKeyRing(tmp_path / "keys", {"content"}, wrapping).open("content", sealed, b"") == b"secret"


def test_the_service_is_needed_at_the_start_and_for_new_keys_alone(tmp_path: Path, wrapping: Wrapping) -> None:
    maker = FileKeyRing(tmp_path / "keys", {"content"}, wrapping=wrapping)
    running = FileKeyRing(tmp_path / "keys", {"content"}, wrapping=wrapping)
    first = maker.seal("content", b"first", b"")
    maker.rotate("content")
    second = maker.seal("content", b"second", b"")
    wrapping.away = True
    assert running.open("content", first, b"") == b"first"
    with pytest.raises(Unavailable, match="kms-away"):
        running.open("content", second, b"")
    with pytest.raises(Unavailable, match="kms-away"):
        FileKeyRing(tmp_path / "keys", {"content"}, wrapping=wrapping)
    wrapping.away = False
    wrapping.asked.clear()
    assert running.open("content", second, b"") == b"second"
    assert wrapping.asked == [f"content/{second.key_id}"], "a key that is there is not unwrapped again"


def test_keys_are_brought_from_files_in_the_clear(tmp_path: Path, wrapping: Wrapping) -> None:
    clear = FileKeyRing(tmp_path / "clear", {"content"})
    sealed = clear.seal("content", b"secret", b"")
    assert FileKeyRing(tmp_path / "keys", wrapping=wrapping).adopt("content", clear)
    assert FileKeyRing(tmp_path / "keys", {"content"}, wrapping=wrapping).open("content", sealed, b"") == b"secret"


def test_what_the_platform_provides_adopts_nothing(tmp_path: Path) -> None:
    FileKeyRing(tmp_path / "keys", {"content"})
    with pytest.raises(Misconfigured, match="keys-provided"):
        ProvidedKeyRing(tmp_path / "keys").adopt("content", MemoryKeyRing())
