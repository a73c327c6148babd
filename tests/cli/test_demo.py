"""The demo: a small one, whole; and what it shows, from hand-made messages."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from base64 import b64encode
from datetime import date
from pathlib import Path

import pytest
from deidstream.cli.demo import proof, story
from deidstream.cli.demo.deployment import Deployment
from deidstream.cli.demo.reading import glance, lines, plain
from deidstream.cli.demo.watch import percentile
from deidstream.cli.simulate.day import day
from deidstream.core.errors import Misconfigured
from rich.console import Console

from tests.cli.command import run

HL7 = b"MSH|^~\\&|A\rPID|1||7101504^^^STMARY^MR||Lockhart^Clara||19760628|F\rOBX|1|TX|||seen \\T\\ admitted on 03/02/2026\r"


@pytest.mark.slow
def test_a_small_demo_ends_by_itself_and_proves_what_it_says(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "deidstream.cli", "demo", "--dir", str(tmp_path / "demo")]
    command += ["--messages", "120", "--rate", "40"]
    environment = {name: value for name, value in os.environ.items() if name not in ("FORCE_COLOR", "COLUMNS")}
    ran = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False, env=environment)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "\x1b" not in ran.stdout
    assert "NOT ok" not in ran.stdout
    assert "120 released, 0 quarantined, 0 held" in ran.stdout
    assert "\nok      0 of " in ran.stdout
    assert len([one for one in (tmp_path / "demo" / "released").iterdir() if not one.stem.endswith("p")]) == 120
    assert run("audit", "verify", "--config", tmp_path / "demo" / "deidstream.yaml").code == 0, (
        "the folder is a deployment that the other commands work on"
    )
    again = run("demo", "--dir", tmp_path / "demo")
    assert again.code == 2
    assert "demo-folder" in again.err


def test_ports_are_free_and_the_configuration_is_good(tmp_path: Path) -> None:
    made = Deployment.prepare(tmp_path / "it's a demo")
    assert len({made.mllp, made.fhir, *(made.health + number for number in range(3))}) == 5
    assert run("config", "check", "--config", made.config).code == 0
    with pytest.raises(Misconfigured):
        Deployment.prepare(tmp_path / "it's a demo")


def test_a_glance_at_hl7_reads_person_and_dates() -> None:
    seen = glance("hl7v2", HL7)
    assert (seen.name, seen.number, seen.birth) == ("Clara Lockhart", "7101504", "19760628")
    assert seen.dates == (("born", date(1976, 6, 28)), ("admitted (in the note)", date(2026, 3, 2)))


def test_text_of_an_observation_is_shown_unescaped() -> None:
    assert lines("hl7v2", HL7, ("OBX",)) == ["seen & admitted on 03/02/2026"]


def test_a_search_also_sees_what_is_wrapped_in_base64() -> None:
    bundle = {"resourceType": "Bundle", "entry": [{"resource": {"data": b64encode(b"MRN 7101504").decode()}}]}
    assert "7101504" in plain("fhir", json.dumps(bundle).encode())


def test_what_differs_is_marked_on_both_sides_and_nothing_else() -> None:
    left, right = story._marked(["seen on 03/02/2026 by Dr. Horne"], ["seen on 06/23/2025 by Dr. Kerr"], "<>")
    assert left.plain == "seen on <03/02/2026> by Dr. <Horne>"
    assert right.plain == "seen on <06/23/2025> by Dr. <Kerr>"


def test_the_patient_who_is_shown_speaks_english_and_has_a_merge_a_note_and_a_bundle() -> None:
    events = list(day(600, seed=38))
    person = story.chosen(events)
    kinds = {event.kind for event in events if event.person.mrn == person.mrn}
    assert person.language == "en"
    assert {"ADT^A01", "ADT^A40", "MDM^T02", "ORU^R01 radiology", "FHIR bundle"} <= kinds


@pytest.mark.parametrize(("share", "expected"), [(0.5, 3.0), (0.95, 5.0), (0.0, 1.0)])
def test_percentiles_are_values_that_occurred(share: float, expected: float) -> None:
    assert percentile([5.0, 1.0, 4.0, 2.0, 3.0], share) == expected


def test_residue_counts_what_survived_apart_from_what_is_chance(tmp_path: Path) -> None:
    from types import SimpleNamespace

    from deidstream.core.release import Release

    events = [one for one in day(60, seed=3, patients=2) if one.format == "hl7v2"]
    first = events[0]
    other = next(one for one in events if one.person.mrn != first.person.mrn)
    cases = {"a": first, "b": other}
    releases = {case: Release(f"R{case}", case, "p", "s", "hl7v2", "", 0, 0.0, b"") for case in cases}
    watch = SimpleNamespace(releases=releases)
    (tmp_path / "Ra.hl7").write_text(f"PID|1||{first.person.mrn}^^^X")
    (tmp_path / "Rb.hl7").write_text(f"PID|1||{first.person.mrn}^^^X and 9{other.person.mrn}")
    found = proof.residue(cases, watch, tmp_path)  # type: ignore[arg-type]  # only releases are read
    assert (found.files, found.survived, found.coincidences) == (2, 1, 1)


def test_plain_output_has_no_control_codes() -> None:
    console = Console(width=100, force_terminal=False, color_system=None, record=True)
    left, _ = story._marked(["Clara"], ["Milka"], "<>")
    with console.capture() as captured:
        console.print(left)
    assert captured.get() == "<Clara>\n"
