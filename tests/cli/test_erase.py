"""``erase``: a person and their retained messages are gone, others are not, and the audit has no number."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from deidstream.adapters.sql_archive import SqlCaseArchive
from deidstream.adapters.sql_identity import SqlIdentityStore
from deidstream.core.category import Category, Role
from deidstream.core.subject import Identifier, Known, Subject
from deidstream.ports import Kept, Seen
from deidstream.stages.process import Process
from deidstream.stream.instances import Instance
from deidstream.stream.stages import STAGES

from tests.cli.command import Ran, configured, run

NUMBER, OTHER = "8100001", "8100002"
_ALIASES = "identity: {issuer_aliases: {hospital: [STMARY]}}\n"


class Site:
    """A deployment that knows two people, with a retained case of each."""

    def __init__(self, folder: Path) -> None:
        self.config = configured(folder, _ALIASES)
        self.process = Process.open(self.config, Instance(STAGES))
        self.store = SqlIdentityStore(
            self.process.deployment.database_url("identity"), self.process.keys, self.process.clock
        )
        self.subjects = [self.met(NUMBER, "c1"), self.met(OTHER, "c2")]
        kept = [Kept(f"c{n}", 1.0, (one.id,), True, b"sealed") for n, one in enumerate(self.subjects, 1)]
        self.archive.put(kept, (), ())

    @property
    def archive(self) -> SqlCaseArchive:
        made = self.process.archive
        assert isinstance(made, SqlCaseArchive)
        return made

    def met(self, number: str, case: str) -> Subject:
        name = (Known(Category.NAME, Role.PATIENT, "family", "Winterbourne", "PID-5[1]"),)
        seen = Seen(
            (Identifier("hospital", "MR", number),), name if case in ("c1", "c2") else (), source="adt", case_id=case
        )
        (found,) = self.store.resolve([seen])
        assert isinstance(found, Subject)
        return found

    def retained(self) -> Sequence[str]:
        return [one.case_id for one in self.archive.cases(["c1", "c2"])]

    def erase(self, number: str, *more: str) -> Ran:
        given = ("--number", number, "--issuer", "stmary", "--reason", "DPO-17")
        return run("erase", *given, *more, "--config", self.config)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_a_person_and_their_retained_cases_go_and_nobody_elses(site: Site) -> None:
    ran = site.erase(NUMBER)
    assert (ran.code, ran.out) == (0, f"erased: subject={site.subjects[0].id} cases=1\n"), ran.err
    assert site.retained() == ["c2"]
    assert [one.value for one in site.met(OTHER, "c4").known] == ["Winterbourne"]
    again = site.met(NUMBER, "c3")
    assert (again.known, again.id) == ((), site.subjects[0].id)


def test_the_audit_says_so_by_ids_and_ticket_alone(site: Site) -> None:
    site.erase(NUMBER)
    shown = run("audit", "show", "--config", site.config).out
    (entry,) = [one for one in map(json.loads, shown.splitlines()) if one["event"] == "subject.erased"]
    assert entry["details"] == {"subject": site.subjects[0].id, "reason": "DPO-17", "cases": 1}
    assert NUMBER not in shown
    assert run("audit", "verify", "--config", site.config).code == 0


@pytest.mark.parametrize("more", [("--issuer", "elsewhere"), ("--type", "SS"), ("--number", "8199999")])
def test_nobody_is_erased_by_a_number_that_nobody_has(site: Site, more: tuple[str, str]) -> None:
    ran = site.erase(NUMBER, *more)
    assert ran.code == 2
    assert "nobody-known" in ran.err
    assert "81" not in ran.err
    assert site.retained() == ["c1", "c2"]


def test_a_reason_that_is_free_text_is_refused(site: Site) -> None:
    ran = site.erase(NUMBER, "--reason", "she asked for it")
    assert ran.code == 2
    assert site.retained() == ["c1", "c2"]
