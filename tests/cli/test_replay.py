"""``deidstream replay``: what it refuses, and how two accounts are compared."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from deidstream.adapters.file_keys import FileKeyRing
from deidstream.cli.replay.difference import Difference, Line, account_of

from tests.cli.command import Ran, configured, run

DAY = ("--from", "2026-03-01T00:00Z", "--to", "2026-03-02T00:00+01:00")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    purposes = {"audit", "content", "identity", "lookup", "subject", "release", "surrogate.research", "token.research"}
    FileKeyRing(tmp_path / "state/keys", purposes)
    return configured(
        tmp_path,
        f"delivery: {{destinations: [{{name: out, kind: folder, path: '{tmp_path / 'out'}', projects: [research]}}]}}\n",
    )


def replay(config: Path, *arguments: str | Path) -> Ran:
    return run("replay", *arguments, "--config", config)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--from", "yesterday", "--to", "2026-03-02T00:00Z", "--project", "research", "--diff"), "no-time: --from"),
        (("--from", "2026-03-01T00:00", "--to", "2026-03-02T00:00Z", "--project", "research", "--diff"), "no-time-zone: --from"),
        (("--from", "2026-03-02T00:00Z", "--to", "2026-03-02T01:00+01:00", "--project", "research", "--diff"), "no-time: --to"),
        ((*DAY, "--project", "nobody", "--diff"), "no-such-project: nobody: there are research"),
        ((*DAY, "--project", "research", "--policy", "strict", "--diff"), "policy-not-found: strict"),
        ((*DAY, "--project", "research", "--tagger", "{folder}/none", "--diff"), "none/tagger.json"),
        ((*DAY, "--project", "research"), "nothing-to-do"),
        ((*DAY, "--project", "research", "--out", "{folder}/out/again"), "the destination out writes there"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_in_one_line(config: Path, arguments: tuple[str, ...], said: str) -> None:
    ran = replay(config, *(one.format(folder=config.parent) for one in arguments))
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert len(ran.err.splitlines()) == 1


def test_where_nothing_is_retained_it_says_which_setting_is_to_blame(config: Path) -> None:
    config.write_text(config.read_text().replace("health: null", "health: null, retained_days: 0"))
    ran = replay(config, *DAY, "--project", "research", "--diff")
    assert (ran.code, "nothing-retained" in ran.err, "deployment.retained_days" in ran.err) == (2, True, True)


def test_a_time_without_messages_is_no_mistake(config: Path) -> None:
    ran = replay(config, *DAY, "--project", "research", "--diff")
    assert (ran.code, "no retained message came in within that time" in ran.out) == (0, True)
    found = json.loads(replay(config, *DAY, "--project", "research", "--diff", "--json").out)
    assert (found["messages"], found["policy"], found["tagger"]) == ({}, "research-dates-shifted", "none")
    assert found["difference"]["compared"] == 0


ROWS = [
    ("PID-5.1", "name", "pseudonym", "default", "fields", 1),
    ("OBX-5", "name", "pseudonym", "default", "identity", 2),
    ("OBX-5", "name", "pseudonym", "default", "rules", 1),
    ("OBX-5", "date", "shift", "category:date", "rules", 1),
]


def test_an_account_counts_what_was_done_at_like_places_whoever_found_it() -> None:
    assert account_of(ROWS) == Counter(
        {
            Line("PID-5.1", "name", "pseudonym"): 1,
            Line("OBX-5", "name", "pseudonym"): 3,
            Line("OBX-5", "date", "shift"): 1,
        }
    )


def test_only_places_that_differ_are_listed_and_all_are_counted() -> None:
    before = account_of(ROWS)
    after = account_of([ROWS[0], ROWS[1], ("OBX-5", "date", "redact", "default", "rules", 1)])
    difference = Difference()
    difference.add("c1", before, after)
    difference.add("c2", before, before)
    difference.add("c3", None, after)
    assert (difference.compared, difference.unknown) == (2, 1)
    assert {case: [tuple(one) for one in places] for case, places in difference.changed.items()} == {
        "c1": [
            ("OBX-5", "date", {"shift": 1}, {"redact": 1}),
            ("OBX-5", "name", {"pseudonym": 3}, {"pseudonym": 2}),
        ]
    }
    assert difference.rows() == [
        ("date", "redact", 0, 1),
        ("date", "shift", 2, 1),
        ("name", "pseudonym", 8, 7),
    ]
    assert json.loads(json.dumps(difference.as_json()))["changed"]["c1"][0]["before"] == {"shift": 1}
