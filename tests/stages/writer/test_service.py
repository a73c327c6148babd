"""The stage: what a decision forgot is taken out or held, and a case comes out the same in whatever company."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime

import pytest
from deidstream.adapters.memory_archive import MemoryCaseArchive
from deidstream.adapters.memory_keys import MemoryKeyRing
from deidstream.core.case import Case, Header
from deidstream.core.category import Category, Role
from deidstream.core.decision import Decision, Method
from deidstream.core.errors import Unsafe
from deidstream.core.finding import Finding
from deidstream.core.outcome import Hold, Outcome, Released, Unchanged
from deidstream.core.span import Span
from deidstream.core.subject import Known, Subject
from deidstream.detection.text.identity import Identity
from deidstream.detection.text.rules import Rules
from deidstream.formats import split
from deidstream.ports import Run
from deidstream.stages.writer.config import WriterSettings
from deidstream.stages.writer.earlier import Earlier
from deidstream.stages.writer.service import Writer

from tests.formats.pdf.made import pdf

SUBJECT = Subject("s", 1, 1, known=(Known(Category.NAME, Role.PATIENT, "family", "Zanzibarski"),))
PID = "MSH|^~\\&|A|B|C|D|20260302||ORU^R01|%s|P|2.5\rPID|1||7712345^^^H^MR||Zanzibarski^Ida\r"
NAME = Decision("PID-5.1", Span(0, 11), Category.NAME, Method.PSEUDONYM, "Miller", "test")
NUMBER = Decision("PID-3.1", Span(0, 7), Category.MEDICAL_RECORD, Method.PSEUDONYM, "9913579", "test")


class _Clock:
    def now(self) -> float:
        return datetime(2026, 3, 2, tzinfo=UTC).timestamp()


@pytest.fixture
def writer() -> Writer:
    return Writer(WriterSettings(), (Rules(),), Identity(), _Clock(), Earlier(MemoryKeyRing()))


def _case(name: str, text: str, *decisions: Decision, attributes: tuple[tuple[str, str], ...] = ()) -> Case:
    source = (PID % name + f"OBX|1|TX|x||{text}||||||F\r").encode()
    header = Header(name, "adt", "hl7v2", 0.0, ("writer",), "k", project="research", attributes=attributes)
    return Case(header, source, subjects=(SUBJECT,), decisions=decisions)


def _text(case: Case, word: str, made: str) -> Decision:
    """A decision about ``word`` in the report."""
    (part,) = [part for part in split("hl7v2", case.source).parts if word in part.text]
    start = part.text.index(word)
    return Decision(part.locator, Span(start, start + len(word)), Category.NAME, Method.PSEUDONYM, made, "test")


def _released(outcome: Outcome) -> bytes:
    assert isinstance(outcome, Released)
    return outcome.release.content


def test_what_no_decision_names_stays_as_it_is(writer: Writer) -> None:
    (out,) = writer.handle([_case("1", "no change", NAME, NUMBER)])
    assert _released(out) == (PID % "1").replace("Zanzibarski", "Miller").replace("7712345", "9913579").encode() + (
        b"OBX|1|TX|x||no change||||||F\r"
    )


def test_what_the_layers_find_in_a_text_that_was_changed_is_redacted_and_accounted_for(writer: Writer) -> None:
    case = _case("1", "Ida was seen; Zanzibarski went home. Call 555-123-4567.")
    decisions = (NAME, NUMBER, _text(case, "Ida", "Anna"))
    (out,) = writer.handle([case.changed(decisions=decisions)])
    assert b"Anna was seen; [NAME] went home. Call [PHONE]." in _released(out)
    assert isinstance(out, Released)
    assert str(out.audit).count("residue") == 2


def test_an_original_that_stands_elsewhere_holds_the_case_unless_a_person_has_let_it_go(writer: Writer) -> None:
    (held,) = writer.handle([_case("1", "no change|H|7712345", NAME, NUMBER)])
    assert isinstance(held, Hold)
    assert held.case.header.itinerary == ("resolver", "writer")
    assert "7712345" not in str(held.audit)
    assert "Zanzibarski" not in str(held.audit)
    (out,) = writer.handle([_case("1", "no change|H|7712345", NAME, NUMBER, attributes=(("reviewed", "ada"),))])
    assert b"|H|7712345|" in _released(out)


def test_a_layer_that_always_finds_more_holds_the_case_instead_of_going_on_for_ever() -> None:
    class Insatiable:
        def find(self, parts: object) -> list[list[Finding]]:
            return [
                [Finding(part.locator, Span(at, at + 1), Category.NAME, 1.0, "test/1")]
                for part in parts  # type: ignore[attr-defined]
                for at in [part.text.rindex(" ")]
            ]

    case = _case("1", "Ida was seen a b c d e f g h")
    (out,) = Writer(WriterSettings(), (Insatiable(),), Identity(), _Clock(), Earlier(MemoryKeyRing())).handle(
        [case.changed(decisions=(_text(case, "Ida", "Anna"),))]
    )
    assert isinstance(out, Hold)


def test_a_case_comes_out_the_same_alone_and_among_others(writer: Writer) -> None:
    cases = []
    for number in range(12):
        case = _case(str(number), f"Ida came {number} times. Zanzibarski, phone 555-123-45{number:02}, left.")
        decisions = (NAME, NUMBER, *([_text(case, "Ida", "Anna")] if number % 3 else []))
        cases.append(case.changed(decisions=decisions))
    together = [_released(out) for out in writer.handle(cases)]
    assert together == [_released(out) for case in cases for out in writer.handle([case])]
    assert [content.count(b"[NAME]") for content in together] == [1 if number % 3 else 0 for number in range(12)]


def test_what_is_no_longer_of_its_format_does_not_leave(writer: Writer) -> None:
    header = Header("1", "fhir", "fhir", 0.0, ("writer",), "k", project="research")
    case = Case(header, b'{"resourceType":"Patient","id":"1","active":true}')
    broken = Decision("Patient.active", Span(0, 4), Category.OTHER_ID, Method.PSEUDONYM, "not json", "test")
    with pytest.raises(Unsafe):
        writer.handle([case.changed(decisions=(broken,))])


@pytest.mark.parametrize("kind", ["pdf", "hl7v2"])
def test_pages_that_nobody_has_read_do_not_leave(writer: Writer, kind: str) -> None:
    page = pdf(["Patient: Quilty McGrath"])
    message = b"MSH|^~\\&|A|B|||20200101||MDM^T02|1|P|2.5\rOBX|1|ED|1||^AP^PDF^Base64^" + b64encode(page) + b"\r"
    with pytest.raises(Unsafe, match="page-not-read"):
        writer.handle([Case(Header("1", "folder", kind, 0.0, ("writer",)), page if kind == "pdf" else message)])


class TestFurtherRun:
    """A case that goes through again, because more is known of its subject."""

    @pytest.fixture
    def archive(self) -> MemoryCaseArchive:
        return MemoryCaseArchive()

    @pytest.fixture
    def further(self, archive: MemoryCaseArchive) -> Writer:
        return Writer(WriterSettings(), (Rules(),), Identity(), _Clock(), Earlier(MemoryKeyRing(), archive))

    def _run(
        self, writer: Writer, archive: MemoryCaseArchive, version: int, *decisions: Decision, ticket: str = ""
    ) -> Outcome:
        """The outcome; the archive learns of a release as it does from the commit."""
        case = _case("1", "seen before as Larkspur", *decisions)
        case = case.with_header(release_version=version, attributes=(*case.header.attributes, ("ticket", ticket)))
        (out,) = writer.handle([case])
        if isinstance(out, Released):
            release = out.release
            run = Run(release.case_id, "research", version, release.id, release.supersedes, out.places, version, ticket)
            archive.put([], [run], [])
        return out

    def _named(self, made: str = "Jones") -> Decision:
        return _text(_case("1", "seen before as Larkspur"), "Larkspur", made)

    def test_that_changes_the_same_places_publishes_nothing(self, further: Writer, archive: MemoryCaseArchive) -> None:
        self._run(further, archive, 1, NAME, NUMBER)
        renamed = NAME._replace(replacement="Baker")
        out = self._run(further, archive, 4, renamed, NUMBER)
        assert isinstance(out, Unchanged)
        assert [one.event for one in out.audit] == ["case.unchanged"]

    def test_that_finds_more_supersedes_the_release_before(self, further: Writer, archive: MemoryCaseArchive) -> None:
        first = self._run(further, archive, 1, NAME, NUMBER)
        second = self._run(further, archive, 4, NAME, NUMBER, self._named())
        assert isinstance(first, Released)
        assert isinstance(second, Released)
        assert second.release.supersedes == first.release.id != second.release.id
        assert b"Larkspur" not in second.release.content
        assert second.audit[0].details["supersedes"] == first.release.id
        third = self._run(further, archive, 6, NAME, NUMBER)
        assert isinstance(third, Released)
        assert third.release.superseded == (second.release.id, first.release.id)

    def test_that_is_done_again_after_a_crash_is_the_same_release(
        self, further: Writer, archive: MemoryCaseArchive
    ) -> None:
        self._run(further, archive, 1, NAME, NUMBER)
        assert self._run(further, archive, 4, NAME, NUMBER, self._named()) == self._run(
            further, archive, 4, NAME, NUMBER, self._named()
        )

    @pytest.mark.parametrize("committed", [True, False])
    def test_that_was_sent_on_its_way_twice_is_released_once(
        self, further: Writer, archive: MemoryCaseArchive, committed: bool
    ) -> None:
        self._run(further, archive, 1, NAME, NUMBER)
        unknown = archive if committed else MemoryCaseArchive()
        first = self._run(further, unknown, 4, NAME, NUMBER, self._named(), ticket="a")
        assert isinstance(first, Released)
        assert isinstance(self._run(further, unknown, 4, NAME, NUMBER, self._named(), ticket="b"), Unchanged)
        again = self._run(further, unknown, 4, NAME, NUMBER, self._named(), ticket="a")
        assert isinstance(again, Released)
        assert again.release.id == first.release.id

    def test_that_comes_after_a_later_one_publishes_nothing(self, further: Writer, archive: MemoryCaseArchive) -> None:
        self._run(further, archive, 6, NAME, NUMBER, self._named())
        assert isinstance(self._run(further, archive, 4, NAME, NUMBER), Unchanged)

    def test_counts_what_was_kept_before_and_is_replaced_now(self, further: Writer, archive: MemoryCaseArchive) -> None:
        kept = self._named("Larkspur")._replace(method=Method.KEEP)
        self._run(further, archive, 1, NAME, NUMBER, kept)
        assert isinstance(self._run(further, archive, 4, NAME, NUMBER, self._named()), Released)
