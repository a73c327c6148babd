from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import pytest
from deidstream.core.errors import Misconfigured
from deidstream.stream.settings import Settings
from pydantic import BaseModel, ConfigDict, Field, SecretStr


class Peer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    port: int = Field(2575, ge=1, le=65535)
    password: SecretStr = SecretStr("")


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = "x"
    peers: tuple[Peer, ...] = ()
    limit: float = 1.0


def load(tmp_path: Path, text: str, **environ: str) -> Settings:
    file = tmp_path / "deidstream.yaml"
    file.write_text(text)
    return Settings.load(file, environ)


def test_a_section_is_read_and_an_absent_one_has_its_defaults(tmp_path: Path) -> None:
    settings = load(tmp_path, "ingest:\n  name: lab\n  peers:\n    - port: 1\n")
    assert settings.section("ingest", Section) == Section(name="lab", peers=(Peer(port=1),))
    assert settings.section("other", Section) == Section()
    assert settings.names() == ("ingest",)
    assert load(tmp_path, "").section("ingest", Section) == Section()
    assert load(tmp_path, "ingest:\n").section("ingest", Section) == Section()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\ningest:\n  limit: secret\n", "settings-invalid: deidstream.yaml:3: ingest.limit: "),
        ("ingest:\n  peers:\n  - port: 1\n  - port: 99999\n", "settings-invalid: deidstream.yaml:4: ingest.peers.1.port: "),
        ("ingest:\n  peers:\n  - port: 1\n    pasword: secret\n",
         "settings-invalid: deidstream.yaml:4: ingest.peers.0.pasword: no such setting"),
        ("ingest: secret\n", "settings-invalid: deidstream.yaml:1: ingest: "),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_line_and_without_its_value(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        load(tmp_path, text).section("ingest", Section)
    assert str(caught.value).startswith(expected)
    assert "secret" not in str(caught.value)
    assert "99999" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: b\nc: [1,\n", "settings-syntax: deidstream.yaml:3"),
        ("a: {b: 1}}\n", "settings-syntax: deidstream.yaml:1"),
        ("- a\n", "settings-syntax: deidstream.yaml:1"),
        ("a:\n  b: 1\n  b: 2\n", "settings-duplicate: deidstream.yaml:3"),
        ("a: !!python/object/apply:os.system [ls]\n", "settings-syntax: deidstream.yaml:1"),
    ],
)
def test_a_file_that_cannot_be_read_is_said_with_its_line(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(Misconfigured, match=expected):
        load(tmp_path, text)


def test_an_unknown_section_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"deidstream\.yaml:2: igest: no such section; there are ingest, writer"):
        load(tmp_path, "writer:\nigest:\n").refuse_unknown(["writer", "ingest"])


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    settings = load(
        tmp_path, "ingest:\n  name: lab\n  limit: 2\n", DEIDSTREAM_INGEST__LIMIT="3.5", DEIDSTREAM_CONFIG="x", HOME="y"
    )
    assert settings.section("ingest", Section) == Section(name="lab", limit=3.5)
    assert settings.names() == ("ingest",)


def test_the_environment_alone_is_enough() -> None:
    settings = Settings.load(None, {"DEIDSTREAM_INGEST__NAME": "lab", "DEIDSTREAM_INGEST__PEERS": "[{port: 7}]"})
    assert settings.section("ingest", Section) == Section(name="lab", peers=(Peer(port=7),))


class Typed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    password: SecretStr = SecretStr("")
    token: SecretStr | None = SecretStr("old")
    name: str = ""
    folder: Path | None = Path("here")
    count: int = 0
    seconds: float | None = 1.0
    on: bool = False
    kind: Literal["on", "off"] = "off"
    chains: tuple[tuple[str, ...], ...] = ()
    peer: Peer | None = Peer()
    replicas: Mapping[str, int] = {}
    names: Mapping[str, str] = {}


@pytest.mark.parametrize(
    ("setting", "given", "field", "expected"),
    [
        ("PASSWORD", "12345678", "password", SecretStr("12345678")),
        ("PASSWORD", "on", "password", SecretStr("on")),
        ("PASSWORD", "a: b # c", "password", SecretStr("a: b # c")),
        ("PASSWORD", "{x", "password", SecretStr("{x")),
        ("PASSWORD", "0123", "password", SecretStr("0123")),
        ("TOKEN", "2020-01-01", "token", SecretStr("2020-01-01")),
        ("TOKEN", "", "token", None),
        ("NAME", "null", "name", "null"),
        ("NAME", "1e3", "name", "1e3"),
        ("NAME", '"quoted"', "name", '"quoted"'),
        ("FOLDER", "null", "folder", None),
        ("FOLDER", "2026", "folder", Path("2026")),
        ("COUNT", "12", "count", 12),
        ("COUNT", "0x10", "count", 16),
        ("SECONDS", "2", "seconds", 2.0),
        ("SECONDS", "null", "seconds", None),
        ("ON", "on", "on", True),
        ("ON", "false", "on", False),
        ("KIND", "on", "kind", "on"),
        ("CHAINS", "[[identify, text], [delivery]]", "chains", (("identify", "text"), ("delivery",))),
        ("PEER", "null", "peer", None),
        ("PEER", "{port: 7}", "peer", Peer(port=7)),
        ("PEER__PASSWORD", "777", "peer", Peer(password=SecretStr("777"))),
        ("REPLICAS__TEXT", "2", "replicas", {"text": 2}),
        ("NAMES__A", "2", "names", {"a": "2"}),
    ],
)
def test_a_value_of_the_environment_is_read_as_its_field_asks(
    setting: str, given: str, field: str, expected: object
) -> None:
    settings = Settings.load(None, {f"DEIDSTREAM_INGEST__{setting}": given})
    assert getattr(settings.section("ingest", Typed), field) == expected


def test_what_no_type_fits_is_said_without_its_value() -> None:
    with pytest.raises(Misconfigured, match=r"ingest\.count: ") as caught:
        Settings.load(None, {"DEIDSTREAM_INGEST__COUNT": "secret: [x"}).section("ingest", Typed)
    assert "secret" not in str(caught.value)
    with pytest.raises(Misconfigured, match=r"ingest\.cuont: no such setting"):
        Settings.load(None, {"DEIDSTREAM_INGEST__CUONT": "1"}).section("ingest", Typed)


def test_a_missing_file_and_one_that_is_no_text_are_misconfigured(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="settings-unreadable"):
        Settings.load(tmp_path / "none.yaml")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Misconfigured, match="settings-syntax"):
        Settings.load(tmp_path / "binary.yaml")


def test_settings_never_show_their_values(tmp_path: Path) -> None:
    assert "lab" not in repr(load(tmp_path, "ingest:\n  name: lab\n"))
