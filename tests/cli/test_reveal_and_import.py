"""``reveal`` and ``import-identities``, with the stages of a deployment run in this process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from deidstream.cli.pipeline import Stage
from deidstream.cli.pipeline import run as run_stages
from deidstream.cli.simulate.day import Event, day
from deidstream.core.outcome import Released
from deidstream.stages.fields.__main__ import build as build_fields
from deidstream.stages.identify.__main__ import build as build_identify
from deidstream.stages.ingest.service import Admission, Received
from deidstream.stages.process import Process
from deidstream.stages.resolver.__main__ import build as build_resolver
from deidstream.stages.text.__main__ import build as build_text
from deidstream.stages.writer.__main__ import build as build_writer
from deidstream.stream.instances import Instance

from tests.cli.command import configured, run

_STAGES = ("ingest", "identify", "fields", "text", "resolver", "writer")
_TOKENS = """\
name: tokens
version: "1"
default: redact
unknown: redact
categories:
  medical_record: token
"""


def _event() -> Event:
    return next(iter(day(1, seed=3)))


def _released(config: Path, event: Event) -> dict[str, list[str]]:
    """The segments of the release of ``event``, by name, as lists of fields."""
    process = Process.open(config, Instance(_STAGES))
    stages: dict[str, Stage] = {
        "identify": build_identify(process),
        "fields": build_fields(process),
        "text": build_text(process),
        "resolver": build_resolver(process),
        "writer": build_writer(process),
    }
    case = Admission(process.keys, process.clock).case(Received("adt", event.format, event.content))
    (outcome,) = run_stages([case], stages)
    assert isinstance(outcome, Released)
    return {one[:3]: one.split("|") for one in outcome.release.content.decode("utf-8").split("\r") if one}


def _audited(config: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in run("audit", "show", "--config", config).out.splitlines()]


@pytest.fixture
def tokens(tmp_path: Path) -> tuple[Path, str, Event]:
    """A deployment that has released a token, that token, and the event that it stands in."""
    (tmp_path / "tokens.yaml").write_text(_TOKENS)
    config = configured(tmp_path, policy=str(tmp_path / "tokens.yaml"))
    event = _event()
    token = _released(config, event)["PID"][3].split("^")[0]
    assert token.startswith("TKN-")
    return config, token, event


def test_a_token_is_revealed_to_who_holds_the_key_and_the_audit_says_so(tokens: tuple[Path, str, Event]) -> None:
    config, token, event = tokens
    ran = run("reveal", token, "--project", "research", "--reason", "IRB-2041", "--config", config)
    assert ran.code == 0
    assert ran.out == f"{event.person.mrn}\n"
    (entry,) = [one for one in _audited(config) if one["event"] == "token.revealed"]
    assert entry["details"] == {"project": "research", "reason": "IRB-2041", "tokens": 1}
    assert run("audit", "verify", "--config", config).code == 0


def test_a_reason_that_is_free_text_is_refused_before_anything_is_opened(tokens: tuple[Path, str, Event]) -> None:
    config, token, _ = tokens
    ran = run("reveal", token, "--project", "research", "--reason", "Clara Lockhart wants it", "--config", config)
    assert ran.code == 2
    assert ran.out == ""
    assert "Lockhart" not in ran.err


def test_nothing_is_revealed_when_the_audit_cannot_be_written(
    tokens: tuple[Path, str, Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    from deidstream.cli.access import Access
    from deidstream.core.errors import Unavailable

    def fail(*_: object) -> None:
        raise Unavailable("disk-full", "bus")

    monkeypatch.setattr(Access, "audit", fail)
    config, token, event = tokens
    ran = run("reveal", token, "--project", "research", "--reason", "IRB-2041", "--config", config)
    assert ran.code == 2
    assert event.person.mrn not in ran.out + ran.err


@pytest.mark.parametrize("token", ["TKN-AAAA", "7101504", "TKN-" + "A" * 40])
def test_what_is_no_token_of_the_project_is_one_line(token: str, tokens: tuple[Path, str, Event]) -> None:
    ran = run("reveal", token, "--project", "research", "--reason", "IRB-2041", "--config", tokens[0])
    assert ran.code == 2
    assert ran.err.count("\n") == 1
    assert token not in ran.err


def test_tokens_of_a_project_that_does_not_exist_are_not_revealed(tokens: tuple[Path, str, Event]) -> None:
    config, token, _ = tokens
    ran = run("reveal", token, "--project", "other", "--reason", "IRB-2041", "--config", config)
    assert ran.code == 2
    assert "no-such-project" in ran.err


def test_without_the_token_key_nothing_is_revealed(tokens: tuple[Path, str, Event]) -> None:
    config, token, event = tokens
    (config.parent / "state" / "keys" / "token.research.json").unlink()
    ran = run("reveal", token, "--project", "research", "--reason", "IRB-2041", "--config", config)
    assert ran.code == 2
    assert event.person.mrn not in ran.out + ran.err


def test_a_pipeline_goes_on_with_the_imported_pseudonym_and_offset(tmp_path: Path) -> None:
    config, event = configured(tmp_path), _event()
    rows = f"identifier,pseudonym,offset_days,project\n{event.person.mrn},STUDY-0042,-100,research\n"
    (tmp_path / "legacy.csv").write_text(rows)
    ran = run("import-identities", tmp_path / "legacy.csv", "--project", "research", "--config", config)
    assert ran.code == 0
    assert ran.out == "imported: pseudonyms=1 offsets=1 project=research\n"
    release = _released(config, event)
    assert release["PID"][3].split("^")[0] == "STUDY-0042"
    assert release["PV1"][44][:8] == "20251122"  # 2026-03-02 less 100 days


def test_what_was_imported_is_sealed_private_and_audited_without_content(tmp_path: Path) -> None:
    config, event = configured(tmp_path), _event()
    (tmp_path / "legacy.csv").write_text(f"identifier,pseudonym\n{event.person.mrn},STUDY-0042\n")
    assert run("import-identities", tmp_path / "legacy.csv", "--project", "research", "--config", config).code == 0
    sealed = tmp_path / "state" / "imported" / "research.sealed"
    assert sealed.stat().st_mode & 0o777 == 0o600
    assert event.person.mrn.encode() not in sealed.read_bytes()
    (entry,) = [one for one in _audited(config) if one["event"] == "identities.imported"]
    assert entry["details"] == {"project": "research", "pseudonyms": 1, "offsets": 0}


def test_with_kafka_nothing_is_imported_where_the_resolver_would_not_see_it(tmp_path: Path) -> None:
    config = configured(tmp_path)
    config.write_text(
        config.read_text().replace(
            "health: null", "health: null, bus: 'kafka://127.0.0.1:1', database: 'postgresql://h/d'"
        )
    )
    (tmp_path / "legacy.csv").write_text("identifier,pseudonym\n7101504,STUDY-0042\n")
    ran = run("import-identities", tmp_path / "legacy.csv", "--project", "research", "--config", config)
    assert ran.code == 2
    assert "import-not-shared" in ran.err
    assert "resolver.projects[].pseudonyms" in ran.err
    assert not (tmp_path / "state").exists()  # neither an import nor a key that nobody else has


def test_a_damaged_import_stops_the_start_instead_of_being_ignored(tmp_path: Path) -> None:
    config = configured(tmp_path)
    (tmp_path / "legacy.csv").write_text("identifier,pseudonym\n7101504,STUDY-0042\n")
    assert run("import-identities", tmp_path / "legacy.csv", "--project", "research", "--config", config).code == 0
    sealed = tmp_path / "state" / "imported" / "research.sealed"
    sealed.write_text(sealed.read_text().replace('"ciphertext": "', '"ciphertext": "AAAA'))
    ran = run("up", "--here", "--chain", "resolver", "--config", config)
    assert ran.code == 2
    assert "import-damaged" in ran.err


@pytest.mark.parametrize(
    ("rows", "place"),
    [
        ("name,pseudonym\nClara,X\n", "legacy.csv:1"),
        ("identifier,pseudonym\n7101504,A\n7101504,B\n", "legacy.csv:3"),
        ("identifier,offset_days\n7101504,soon\n", "legacy.csv:2"),
        ("identifier,offset_days\n7101504,0\n", "legacy.csv:2"),
        ("identifier,pseudonym,project\n7101504,A,other\n", "nothing-to-import"),
    ],
)
def test_a_wrong_file_is_named_with_its_line_and_changes_nothing(rows: str, place: str, tmp_path: Path) -> None:
    config = configured(tmp_path)
    (tmp_path / "legacy.csv").write_text(rows)
    ran = run("import-identities", tmp_path / "legacy.csv", "--project", "research", "--config", config)
    assert ran.code == 2
    assert place in ran.err
    assert "7101504" not in ran.err
    assert "Clara" not in ran.err
    assert not (tmp_path / "state" / "imported").exists()
