"""The rules of identity, over readings written by hand."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence

import pytest
from deidstream.adapters.identity_plan import KNOWN_LIMIT
from deidstream.adapters.memory_identity import MemoryIdentityStore
from deidstream.adapters.memory_keys import MemoryKeyRing
from deidstream.core.case import Case, Header
from deidstream.core.category import Category, Role
from deidstream.core.document import Document, Part
from deidstream.core.errors import Unsafe
from deidstream.core.fact import Fact, Link, Reading
from deidstream.core.outcome import Forward, Hold, Outcome, Quarantine
from deidstream.core.page import Pages
from deidstream.core.subject import Identifier
from deidstream.stages.identify.config import IdentifyConfig, StrongIdentifier
from deidstream.stages.identify.links import StrongLinks
from deidstream.stages.identify.service import Identify
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.formats.pdf.made import pdf


class _Clock:
    def now(self) -> float:
        return 1_000_000.0


def _identify(config: IdentifyConfig | None = None, keys: MemoryKeyRing | None = None) -> Identify:
    return Identify(MemoryIdentityStore(keys or MemoryKeyRing(), _Clock()), _Clock(), config)


def _case(
    name: str,
    *subjects: Sequence[Identifier],
    facts: Sequence[Fact] = (),
    links: Sequence[Link] = (),
    source: str = "adt",
    parts: Sequence[Part] = (),
) -> Case:
    document = Document(b"", (), parts)
    document.reading = Reading(tuple(tuple(one) for one in subjects), tuple(facts), tuple(links))
    return Case(Header(name, source, "hl7v2", 0.0, ("identify",), source), b"", document=document)


def _mr(value: str, issuer: str = "HOSP") -> Identifier:
    return Identifier(issuer, "MR", value)


def _fact(value: str, form: str = "family", role: Role = Role.PATIENT, group: str = "PID-5[1]") -> Fact:
    return Fact("PID-5.1", Category.NAME, role, form, value, 0, group)


def _forwarded(outcomes: list[Outcome]) -> list[Case]:
    assert all(isinstance(outcome, Forward) for outcome in outcomes)
    return [outcome.case for outcome in outcomes if isinstance(outcome, Forward)]


def test_a_case_gets_subject_sequence_key_and_itinerary() -> None:
    stage = _identify()
    plain, noted = _forwarded(
        stage.handle([_case("c1", [_mr("1234567")]), _case("c2", [_mr("1234567")], parts=[Part("NTE-3", "text", ())])])
    )
    assert plain.subjects[0].id == plain.header.key == noted.header.key
    assert (plain.header.sequence, noted.header.sequence) == (1, 2)
    assert plain.header.itinerary == ("fields", "resolver", "writer")
    assert noted.header.itinerary == ("fields", "text", "resolver", "writer")


@pytest.mark.parametrize("kind", ["pdf", "hl7v2"])
def test_pages_are_read_before_anything_is_said_of_them_and_refused_where_nobody_reads(kind: str) -> None:
    page = pdf(["Patient: Quilty McGrath"])
    message = b"MSH|^~\\&|A|B|||20200101||MDM^T02|1|P|2.5\rOBX|1|ED|1||^AP^PDF^Base64^" + b64encode(page) + b"\r"
    case = Case(Header("c1", "adt", kind, 0.0, ("identify",), "adt"), page if kind == "pdf" else message)
    store = MemoryIdentityStore(MemoryKeyRing(), _Clock())
    (read,) = _forwarded(Identify(store, _Clock(), pictures=True).handle([case]))
    assert read.header.itinerary == ("image", "fields", "text", "resolver", "writer")
    assert read.pages == ()
    (unread,) = _forwarded(Identify(store, _Clock()).handle([case]))
    assert unread.header.itinerary == ("fields", "text", "resolver", "writer")
    refused = () if kind == "pdf" else (Pages("OBX-5.5", refused="page-not-read"),)
    assert unread.pages == refused


def test_subjects_run_parallel_to_those_of_the_reading() -> None:
    (case,) = _forwarded(_identify().handle([_case("c1", [_mr("11")], [_mr("22")], [_mr("11")], [])]))
    first, second, third, unknown = (subject.id for subject in case.subjects)
    assert first == third
    assert len({first, second, unknown}) == 3


def test_a_case_about_nobody_has_a_subject_of_its_own_unless_there_is_nothing_to_hide() -> None:
    stage = _identify()
    one, other = _forwarded(stage.handle([_case("c1", facts=[_fact("Doe")]), _case("c2", facts=[_fact("Doe")])]))
    assert one.subjects[0].id != other.subjects[0].id
    assert [known.value for known in one.subjects[0].known] == ["Doe"]
    (envelope,) = _forwarded(stage.handle([_case("c3")]))
    assert (envelope.subjects, envelope.header.key, envelope.header.sequence) == ((), "adt", 0)


_PAIRS = [
    (_mr("123A"), _mr("123a"), True, "case says nothing in a record number"),
    (_mr("0123"), _mr("123"), False, "leading zeros are part of a number"),
    (_mr("123"), _mr("123", "CLINIC"), False, "another issuer, another number"),
    (_mr("123"), Identifier("HOSP", "PI", "123"), True, "MR and PI of one authority are one register"),
    (_mr("123"), Identifier("HOSP", "", "123"), True, "the type is often left out"),
    (_mr("123"), Identifier("HOSP", "PT", "123"), False, "an external number is another's"),
    (
        Identifier("", "SS", "078-05-1120"),
        Identifier("", "SS", "078051120"),
        True,
        "punctuation says nothing in an SSN",
    ),
    (
        Identifier("", "SS", "078051120"),
        Identifier("http://hl7.org/fhir/sid/us-ssn", "SS", "078-05-1120"),
        False,
        "a default issuer has to say that the SS numbers of a source are American",
    ),
    (
        Identifier("2.16.840.1.113883.4.1", "", "078051120"),
        Identifier("http://hl7.org/fhir/sid/us-ssn", "", "078-05-1120"),
        True,
        "the CDA root and the FHIR system of one register",
    ),
    (
        Identifier("urn:oid:1.2.3", "MR", "9876"),
        Identifier("1.2.3", "MR", "9876"),
        True,
        "an OID with and without urn:oid:",
    ),
]


@pytest.mark.parametrize(("one", "other", "same", "reason"), _PAIRS, ids=[row[3] for row in _PAIRS])
def test_which_numbers_join_records(one: Identifier, other: Identifier, same: bool, reason: str) -> None:
    first, second = _forwarded(_identify().handle([_case("c1", [one]), _case("c2", [other])]))
    assert (first.subjects[0].id == second.subjects[0].id) is same, reason


def test_numbers_without_issuer_hold_within_their_source_or_its_default_issuer() -> None:
    cases = [_case("c1", [_mr("4711", "")]), _case("c2", [_mr("4711", "")], source="lab")]
    one, other = _forwarded(_identify().handle(cases))
    assert one.subjects[0].id != other.subjects[0].id
    config = IdentifyConfig(
        default_issuers={"adt": "HOSP", "lab": "http://hosp.example/mrn"},
        issuer_aliases={"hosp": ("http://hosp.example/mrn", "1.2.3.4")},
    )
    one, other = _forwarded(_identify(config).handle(cases))
    assert one.subjects[0].id == other.subjects[0].id


@pytest.mark.parametrize(
    "value", ["999999999", "0000", "UNKNOWN", "unknown", "Test", "123456789", "---", "", "X", "N/A"]
)
def test_a_placeholder_identifies_nobody(value: str) -> None:
    one, other = _forwarded(_identify().handle([_case("c1", [_mr(value)]), _case("c2", [_mr(value)])]))
    assert one.subjects[0].id != other.subjects[0].id


@pytest.mark.parametrize("kind", ["VN", "AN", "DL", "XX"])
def test_a_weak_type_identifies_nobody(kind: str) -> None:
    weak = Identifier("HOSP", kind, "4711")
    one, other = _forwarded(_identify().handle([_case("c1", [weak]), _case("c2", [weak])]))
    assert one.subjects[0].id != other.subjects[0].id


def test_a_contradiction_is_held_with_a_deadline_and_quarantined_when_nobody_settles_it() -> None:
    stage = _identify(IdentifyConfig(contradiction_hours=2))
    stage.handle([_case("c1", [_mr("11")]), _case("c2", [_mr("22")])])
    bad = _case("c3", [_mr("11"), _mr("22")])
    (held,) = stage.handle([bad])
    assert isinstance(held, Hold)
    assert (held.stage, held.reason, held.deadline) == ("identify", "identity-two-subjects", 1_007_200.0)
    assert [audit.event for audit in held.audit] == ["identity.contradiction"]
    (out,) = stage.due([bad])
    assert isinstance(out, Quarantine)
    assert out.code == "identity-two-subjects"


def test_a_merge_message_settles_a_contradiction() -> None:
    stage = _identify()
    stage.handle([_case("c1", [_mr("11")]), _case("c2", [_mr("22")])])
    merge = Link("merge", (_mr("11"),), (_mr("22"),))
    stage.handle([_case("c4", [_mr("11")], links=[merge])])
    (out,) = stage.due([_case("c3", [_mr("11"), _mr("22")])])
    assert isinstance(out, Forward)


def test_a_merge_counts_from_its_place_in_the_batch_and_is_audited_by_ids_alone() -> None:
    merge = Link("merge", (_mr("11"),), (_mr("22"),))
    outcomes = _identify().handle(
        [
            _case("c1", [_mr("11")]),
            _case("c2", [_mr("22")]),
            _case("c3", [_mr("11")], links=[merge]),
            _case("c4", [_mr("22")]),
        ]
    )
    one, two, merged, after = _forwarded(outcomes)
    assert one.subjects[0].id != two.subjects[0].id
    assert one.subjects[0].id == merged.subjects[0].id == after.subjects[0].id
    (audit,) = outcomes[2].audit
    assert audit.event == "identity.linked"
    assert audit.details == {"kind": "merge", "survivor": one.subjects[0].id, "prior": two.subjects[0].id}


def test_an_unlink_takes_a_merge_back() -> None:
    stage = _identify()
    one, two = _forwarded(stage.handle([_case("c1", [_mr("11")]), _case("c2", [_mr("22")])]))
    stage.handle([_case("c3", [_mr("11")], links=[Link("merge", (_mr("11"),), (_mr("22"),))])])
    (out,) = stage.handle([_case("c4", [_mr("22")], links=[Link("unlink", (_mr("11"),), (_mr("22"),))])])
    assert isinstance(out, Forward)
    assert out.case.subjects[0].id == two.subjects[0].id
    assert out.audit[0].event == "identity.unlinked"


def test_a_link_whose_sides_name_no_strong_identifier_links_nobody() -> None:
    weak = Link("merge", (Identifier("HOSP", "VN", "1"),), (_mr("22"),))
    (out,) = _identify().handle([_case("c1", [_mr("22")], links=[weak])])
    assert out.audit == ()


def test_relatives_are_remembered_and_clinicians_only_travel() -> None:
    stage = _identify()
    facts = [
        _fact("Doe"),
        _fact("Ruth", "given", Role.RELATIVE, "NK1-2[1]"),
        _fact("House", role=Role.CLINICIAN, group="PV1-7"),
    ]
    (first,) = _forwarded(stage.handle([_case("c1", [_mr("11")], facts=facts)]))
    (later,) = _forwarded(stage.handle([_case("c2", [_mr("11")])]))
    assert [item.value for item in first.subjects[0].known] == ["Doe", "Ruth", "House"]
    assert [item.value for item in later.subjects[0].known] == ["Doe", "Ruth"]
    assert first.header.identity_revision == later.header.identity_revision == 1


def test_numbers_of_orders_are_looked_for_in_their_own_message_and_not_remembered() -> None:
    stage = _identify()
    order = Fact("ORC-2.1", Category.OTHER_ID, Role.PATIENT, "number", "A-4711", 0, "ORC-2")
    (first,) = _forwarded(stage.handle([_case("c1", [_mr("11")], facts=[_fact("Doe"), order])]))
    (later,) = _forwarded(stage.handle([_case("c2", [_mr("11")])]))
    assert [item.value for item in first.subjects[0].known] == ["Doe", "A-4711"]
    assert [item.value for item in later.subjects[0].known] == ["Doe"]


def test_more_than_can_be_looked_for_of_one_person_is_refused_and_nothing_of_it_is_stored() -> None:
    stage = _identify()
    crowd = [_fact(f"Name{number}", group=f"PID-5[{number}]") for number in range(2_001)]
    with pytest.raises(Unsafe, match="too-many-values-of-a-person"):
        stage.handle([_case("c1", [_mr("11")], facts=crowd)])
    (later,) = _forwarded(stage.handle([_case("c2", [_mr("11")], facts=crowd[:2_000])]))
    assert later.header.identity_revision == 1


def test_only_configured_types_of_configured_issuers_are_strong() -> None:
    links = StrongLinks(IdentifyConfig(strong=(StrongIdentifier(types=("PI",), issuers=("hosp",)),)))
    strong, _ = links.of([_mr("1"), Identifier("HOSP", "PI", "22"), Identifier("LAB", "PI", "33")], "adt")
    assert [identifier.value for identifier in strong] == ["22"]


def test_the_strongest_identifier_comes_first_whatever_the_message_says_first() -> None:
    links = StrongLinks(IdentifyConfig())
    strong, single = links.of([Identifier("", "SS", "078-05-1120"), Identifier("HOSP", "PI", "22")], "adt")
    assert [identifier.type for identifier in strong] == ["MR", "SS"]
    assert [identifier.value for identifier in single] == ["078051120"]


def _ids(stage: Identify, cases: Sequence[Case]) -> dict[str, str]:
    return {
        case_id: outcome.case.subjects[0].id if isinstance(outcome, Forward) else "held"
        for case in cases
        for outcome in stage.handle([case])
        for case_id in [case.id]
    }


_POOL = [_mr("11"), _mr("22"), _mr("33"), Identifier("", "SS", "078051120"), Identifier("", "SS", "219099998")]
_NUMBERS = st.sets(st.sampled_from(_POOL), min_size=1, max_size=3)


@settings(max_examples=60, deadline=None)
@given(st.lists(_NUMBERS, min_size=1, max_size=6), st.randoms(use_true_random=False), st.integers(1, 4))
def test_what_is_learned_first_does_not_depend_on_order(messages: list[set[Identifier]], random, size: int) -> None:
    keys = MemoryKeyRing()
    cases = [
        _case(f"c{number}", sorted(numbers, key=lambda one: one.value), facts=[_fact(f"Name{number}")])
        for number, numbers in enumerate(messages)
    ]
    results = []
    for _ in range(2):
        stage = _identify(keys=keys)
        random.shuffle(cases)
        for at in range(0, len(cases), size):
            stage.learn(cases[at : at + size])
        stage.settle()
        random.shuffle(cases)
        results.append(_ids(stage, cases))
    assert results[0] == results[1]


def test_after_learning_every_case_knows_what_the_last_one_said() -> None:
    stage = _identify()
    cases = [_case("c1", [_mr("11")], facts=[_fact("Doe")]), _case("c2", [_mr("11")], facts=[_fact("Roe")])]
    stage.learn(cases)
    known = [sorted(item.value for item in case.subjects[0].known) for case in _forwarded(stage.handle(cases))]
    assert known == [["Doe", "Roe"], ["Doe", "Roe"]]


def test_after_learning_more_than_is_remembered_no_case_depends_on_those_handled_before_it() -> None:
    facts = {f"c{number}": [_fact(f"Name{number}-{piece}") for piece in range(8)] for number in range(50)}
    cases = [_case(name, [_mr("11")], facts=said) for name, said in facts.items()]
    store = MemoryIdentityStore(MemoryKeyRing(), _Clock())
    learning = Identify(store, _Clock())
    learning.learn(cases)
    learning.settle()
    results = []
    for order in (cases, cases[::-1]):
        handled = _forwarded(Identify(store, _Clock(), remember=False).handle(order))
        results.append({case.id: (case.header.identity_revision, case.subjects[0].known) for case in handled})
    assert results[0] == results[1]
    for name, said in facts.items():
        _, known = results[0][name]
        assert {fact.value for fact in said} <= {item.value for item in known}, (
            "what a case says itself is always looked for"
        )
    assert len({item for _, known in results[0].values() for item in known if not item.is_passing}) == KNOWN_LIMIT


def test_without_remembering_what_a_case_says_of_somebody_unknown_is_theirs() -> None:
    stage = Identify(MemoryIdentityStore(MemoryKeyRing(), _Clock()), _Clock(), remember=False)
    (case,) = _forwarded(stage.handle([_case("c1", [], facts=[_fact("Doe")])]))
    assert [(item.value, item.is_passing) for item in case.subjects[0].known] == [("Doe", False)]


def test_learning_two_values_of_a_single_valued_number_holds_both_messages() -> None:
    stage = _identify()
    cases = [
        _case("c1", [_mr("11"), Identifier("", "SS", "078051120")]),
        _case("c2", [_mr("11"), Identifier("", "SS", "219099998")]),
        _case("c3", [_mr("11")]),
    ]
    stage.learn(cases)
    assert [type(outcome) for outcome in stage.handle(cases)] == [Hold, Hold, Forward]
