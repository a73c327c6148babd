"""Every command: help, exit codes, and mistakes that end in one line."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from deidstream.cli.__main__ import COMMANDS
from deidstream.cli.simulate.day import day

from tests.cli.command import configured, run

_HEAVY = ("sqlalchemy", "hyperscan", "pydantic", "numpy", "opentelemetry", "cryptography", "deidstream.stages")
_SUBCOMMANDS = (
    ("policy", "show"),
    ("policy", "check"),
    ("dicom", "conformance"),
    ("topics", "apply"),
    ("topics", "check"),
    ("topics", "rights"),
    ("dev", "kafka"),
    ("config", "check"),
    ("config", "schema"),
    ("quarantine", "list"),
    ("quarantine", "show"),
    ("quarantine", "replay"),
    ("quarantine", "drop"),
    ("hold", "list"),
    ("hold", "show"),
    ("hold", "release"),
    ("audit", "verify"),
    ("audit", "show"),
    ("database", "upgrade"),
    ("database", "check"),
    ("database", "reconcile"),
    ("artifacts", "apply"),
    ("artifacts", "check"),
    ("artifacts", "collect"),
    ("keys", "make"),
    ("keys", "import"),
    ("keys", "rights"),
    ("keys", "list"),
    ("keys", "rotate"),
    ("models", "list"),
    ("models", "verify"),
    ("models", "sign"),
    ("models", "push"),
    ("monitor", "run"),
    ("monitor", "baseline"),
)
_GROUPS = {group for group, _ in _SUBCOMMANDS}


def _python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, timeout=120, check=False)


def test_the_list_of_commands_loads_no_stage_and_no_database() -> None:
    code = f"""
import sys
from deidstream.cli.__main__ import main
try:
    main(["--help"])
except SystemExit:
    print("LOADED", [name for name in {_HEAVY!r} if name in sys.modules])
"""
    assert _python("-c", code).stdout.endswith("LOADED []\n")


def test_the_list_of_commands_names_all_of_them_in_full_lines_and_the_exit_codes() -> None:
    ran = run("--help")
    for name, (_, line) in COMMANDS.items():
        assert f"  {name} " in ran.out
        assert line.rstrip(".") in ran.out
    assert "..." not in ran.out.partition("Commands:")[2]
    for code in ("0 ", "1 ", "2 ", "3 ", "4 ", "130"):
        assert f"\n    {code}" in ran.out


@pytest.mark.parametrize(
    "command", [*((name,) for name in COMMANDS if name not in _GROUPS), *_SUBCOMMANDS], ids=" ".join
)
def test_help_has_examples_on_lines_of_their_own(command: tuple[str, ...]) -> None:
    ran = run(*command, "--help")
    assert ran.code == 0
    assert f"\n    deidstream {' '.join(command)}" in ran.out
    assert "\b" not in ran.out
    assert "\n  Example" in ran.out


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--replicas", "text"), "give STAGE=COUNT"),
        (("--replicas", "txet=2"), "no such stage: txet"),
        (("--replicas", "delivery=65"), "from 1 to 64"),
        (("--chain", "text", "--replicas", "writer=2"), "no chain has: writer"),
    ],
)
def test_processes_that_cannot_be_are_exit_code_2(tmp_path: Path, given: tuple[str, ...], said: str) -> None:
    ran = run("up", "--config", configured(tmp_path), *given)
    assert ran.code == 2
    assert said in ran.err


def test_an_unknown_command_or_option_is_exit_code_2() -> None:
    assert run("no-such-command").code == 2
    assert run("clean", "--no-such-option").code == 2


@pytest.mark.parametrize(
    "command",
    [
        ("up",),
        ("config", "check"),
        ("quarantine", "list"),
        ("hold", "list"),
        ("audit", "verify"),
        ("audit", "show"),
        ("reveal", "TKN-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "--project", "p", "--reason", "T-1"),
        ("import-identities", "no.csv", "--project", "p"),
    ],
    ids=lambda command: command[0],
)
def test_a_missing_configuration_is_one_line_and_exit_code_2(command: tuple[str, ...], tmp_path: Path) -> None:
    ran = run(*command, "--config", tmp_path / "no.yaml")
    assert ran.code == 2
    assert ran.err.startswith("deidstream: settings-unreadable")
    assert ran.err.count("\n") == 1


def test_a_wrong_setting_is_named_with_its_line_and_not_with_its_value(tmp_path: Path) -> None:
    config = configured(tmp_path, "delivery: {destinations: [{name: x, kind: folder, paht: /secret-place}]}\n")
    ran = run("config", "check", "--config", config)
    assert ran.code == 2
    assert "deidstream.yaml:3" in ran.err
    assert "secret-place" not in ran.err


_RECEIVER = "delivery: {destinations: [{name: x, kind: dicom, projects: [research], host: 127.0.0.1, port: 11112, called_ae: A}]}\n"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("ingest: {dicom: [{name: a, ae_title: A-TITLE-THAT-IS-TOO-LONG}]}\n", "1 to 16 printable"),
        ("ingest: {dicom: [{name: a, allowed: [{ae_title: A, addresses: [10.0.0.1/8]}]}]}\n", "addresses"),
        ("ingest: {dicom: [{name: a}], stow: [{sources: [{name: a}]}]}\n", "two sources have the same name"),
        ("ingest: {stow: [{sources: [{name: a}, {name: b}]}]}\n", "the same base path"),
        ("ingest: {dicom: [{name: a, ae_title: A}]}\n" + _RECEIVER, "dicom-circle"),
    ],
)
def test_a_wrong_setting_of_dicom_says_what_to_do(given: str, said: str, tmp_path: Path) -> None:
    ran = run("config", "check", "--config", configured(tmp_path, given))
    assert ran.code == 2
    assert said in ran.err


def test_a_good_configuration_is_exit_code_0(tmp_path: Path) -> None:
    assert run("config", "check", "--config", configured(tmp_path)).code == 0


def test_the_configuration_schema_is_json() -> None:
    assert "resolver" in json.loads(run("config", "schema").out)["properties"]


def test_policies_are_listed_shown_and_checked(tmp_path: Path) -> None:
    assert "hipaa-safe-harbor" in run("policy", "show").out
    assert "medical_record" in run("policy", "show", "hipaa-safe-harbor").out
    assert run("policy", "check", "hipaa-safe-harbor").code == 0
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("name: mine\nversion: '1'\ndefault: redact\nunknown: reduct\n")
    ran = run("policy", "check", wrong)
    assert ran.code == 2
    assert "wrong.yaml:4" in ran.err


def test_operators_commands_say_that_no_deployment_is_there(tmp_path: Path) -> None:
    ran = run("quarantine", "list", "--config", configured(tmp_path))
    assert ran.code == 2
    assert "no-such-deployment" in ran.err


def test_a_key_folder_that_others_can_read_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "state" / "keys").mkdir(parents=True)
    (tmp_path / "state" / "keys").chmod(0o755)
    ran = run("quarantine", "list", "--config", configured(tmp_path))
    assert ran.code == 2
    assert "chmod 700" in ran.err


def test_an_error_of_the_system_is_one_line_without_the_name(tmp_path: Path) -> None:
    (tmp_path / "Clara Lockhart").write_text("a file, not a folder")
    ran = run("simulate", "--out", tmp_path / "Clara Lockhart", "--messages", "1")
    assert ran.code == 2
    assert ran.err == "deidstream: system: EEXIST: File exists\n"


def test_ctrl_c_is_exit_code_130_without_a_stack_trace(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "deidstream.cli",
        "simulate",
        "--out",
        str(tmp_path / "day"),
        "--messages",
        "1000000",
    ]
    # A shell starts what runs in the background deaf to Ctrl-C, and whatever that starts inherits it.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    signal.signal(signal.SIGINT, before)
    until = time.monotonic() + 30
    while not (tmp_path / "day").exists() and time.monotonic() < until:
        time.sleep(0.01)
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=30)
    assert child.returncode == 130
    assert "Traceback" not in err


def test_simulate_writes_the_same_bytes_for_the_same_seed(tmp_path: Path) -> None:
    for out, seed in (("a", "7"), ("b", "7"), ("c", "8")):
        assert run("simulate", "--out", tmp_path / out, "--messages", "40", "--seed", seed).code == 0
    one, again, other = (
        {path.name: path.read_bytes() for path in (tmp_path / out).iterdir()} for out in ("a", "b", "c")
    )
    assert len(one) == 40
    assert one == again
    assert one != other


def test_a_simulated_day_has_every_kind_of_message() -> None:
    kinds = {event.kind for event in day(600, seed=3)}
    assert {"ADT^A01", "ADT^A04", "ADT^A08", "ADT^A40", "ORM^O01", "MDM^T02", "SIU^S12", "FHIR bundle"} <= kinds
    assert {"ORU^R01 lab", "ORU^R01 radiology"} <= kinds
    assert {event.person.language for event in day(600, seed=3)} == {"en", "de", "es", "fr", "it"}


def test_a_merge_names_a_number_under_which_the_person_was_seen_before() -> None:
    seen: set[bytes] = set()
    merges = 0
    for event in day(600, seed=3):
        if event.kind == "ADT^A40":
            merges += 1
            prior = event.content.partition(b"MRG|")[2].partition(b"^")[0]
            assert prior in seen
        seen.add(event.content.partition(b"PID|1||")[2].partition(b"^")[0])
    assert merges >= 5


def test_every_planted_string_stands_in_its_message_or_in_others_of_the_person() -> None:
    events = list(day(300, seed=5, patients=6))
    whole = "\n".join(event.content.decode("utf-8") for event in events)
    for event in events:
        for planted in event.planted:
            assert planted in whole, event.kind


def test_simulate_refuses_a_language_that_it_does_not_speak(tmp_path: Path) -> None:
    ran = run("simulate", "--out", tmp_path / "day", "--lang", "tlh")
    assert ran.code == 2
    assert "no-such-language" in ran.err
