"""What every archive must do. A class with a fixture ``archive``, or ``database`` where it is one of SQL, inherits the suite."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from deidstream.adapters.sql_archive import SqlCaseArchive
from deidstream.ports import CaseArchive, Ended, Kept, Run


def kept(name: str, received: float = 10.0, subjects: tuple[str, ...] = ("s1",), searchable: bool = True) -> Kept:
    return Kept(name, received, subjects, searchable, f"sealed {name}".encode())


def run(name: str, version: int = 1, project: str = "p", revision: int = 1, places: str = "aa") -> Run:
    return Run(name, project, version, f"R{version}", f"R{version - 1}" if version > 1 else "", places, revision)


class ArchiveContract:
    def test_what_is_put_comes_back_whole_oldest_first(self, archive: CaseArchive) -> None:
        one, other = kept("b", 12.5, ("s1", "s2")), Kept("a", 20.0, (), False, b"\x00\xff")
        archive.put([other, one], [], [])
        assert list(archive.cases(["a", "b", "nobody"])) == [one, other]

    def test_a_batch_that_is_done_again_leaves_one_of_each(self, archive: CaseArchive) -> None:
        for _ in range(2):
            archive.put([kept("a")], [run("a")], [])
        assert list(archive.cases(["a"])) == [kept("a")]
        assert list(archive.runs(["a"])) == [run("a")]

    def test_of_a_corrected_case_the_corrected_form_is_kept(self, archive: CaseArchive) -> None:
        archive.put([kept("a")], [], [])
        corrected = Kept("a", 10.0, ("s2",), False, b"sealed anew")
        archive.put([corrected], [], [])
        assert list(archive.cases(["a"])) == [corrected]

    def test_only_cases_with_texts_can_be_searched(self, archive: CaseArchive) -> None:
        archive.put([kept("a", subjects=("s1", "s2")), kept("b", searchable=False), kept("c")], [], [])
        assert archive.searchable(["a", "b", "nobody"]) == {"a": ("s1", "s2")}

    def test_the_latest_run_of_each_case_and_project_counts(self, archive: CaseArchive) -> None:
        archive.put([kept("a")], [run("a"), run("a", project="q"), run("b")], [])
        archive.put([], [run("a", 3, revision=2)], [])
        assert sorted(archive.runs(["a"])) == [run("a", 3, revision=2), run("a", project="q")]

    def test_an_earlier_run_that_is_written_late_changes_nothing(self, archive: CaseArchive) -> None:
        archive.put([], [run("a", 4, revision=3)], [])
        archive.put([], [run("a", 1), run("a", 3, revision=2)], [])
        assert list(archive.runs(["a"])) == [run("a", 4, revision=3)]

    def test_a_run_that_is_done_again_is_written_again(self, archive: CaseArchive) -> None:
        archive.put([], [run("a"), run("a", 3, places="bb")], [])
        archive.put([], [run("a", 3, places="cc")], [])
        assert list(archive.runs(["a"])) == [run("a", 3, places="cc")]

    def test_a_run_that_found_nothing_leaves_the_release_and_says_what_was_known(self, archive: CaseArchive) -> None:
        archive.put([kept("a")], [run("a"), run("a", project="q")], [])
        archive.put([], [], [Ended("a", "p", 5), Ended("nobody", "p", 9)])
        archive.put([], [], [Ended("a", "p", 4)])
        assert sorted(archive.runs(["a", "nobody"])) == [run("a", revision=5), run("a", project="q")]

    def test_what_came_in_within_a_time_comes_page_by_page_oldest_first(self, archive: CaseArchive) -> None:
        archive.put([kept(f"{number:04}", float(number // 3)) for number in range(900)], [], [])
        found = [one.case_id for one in archive.received(1.0, 250.0)]
        assert found == [f"{number:04}" for number in range(3, 750)]

    def test_what_is_older_goes_with_what_was_noted_of_its_releases(self, archive: CaseArchive) -> None:
        archive.put([kept("old", 1.0), kept("new", 2.0)], [run("old"), run("new")], [])
        archive.prune(2.0)
        assert [one.case_id for one in archive.cases(["old", "new"])] == ["new"]
        assert list(archive.runs(["old", "new"])) == [run("new")]

    def test_erased_is_what_is_named_and_nothing_else(self, archive: CaseArchive) -> None:
        archive.put([kept("a"), kept("b")], [run("a"), run("b")], [])
        archive.erase(["a", "nobody", *map(str, range(3000))])
        assert [one.case_id for one in archive.cases(["a", "b"])] == ["b"]
        assert list(archive.runs(["a", "b"])) == [run("b")]


class SqlArchiveContract(ArchiveContract):
    @pytest.fixture
    def archive(self, database: str) -> Iterator[SqlCaseArchive]:
        made = SqlCaseArchive(database)
        yield made
        made.close()

    def test_what_is_kept_survives_the_process(self, database: str) -> None:
        for names in ([], ["a"]):
            archive = SqlCaseArchive(database)
            assert [one.case_id for one in archive.cases(["a"])] == names
            archive.put([kept("a")], [run("a")], [])
            archive.close()

    def test_processes_that_write_the_same_cases_at_once_agree(self, database: str) -> None:
        names = [f"{number:03}" for number in range(60)]
        SqlCaseArchive(database).close()

        def work(turn: int) -> None:
            own = SqlCaseArchive(database)
            order = names if turn % 2 else names[::-1]
            own.put([kept(name) for name in order], [run(name, 1 + turn, revision=turn) for name in order], [])
            own.close()

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(work, range(6)))
        archive = SqlCaseArchive(database)
        assert len(archive.cases(names)) == len(archive.runs(names)) == 60
        archive.close()
