from dataclasses import replace

import pytest
from deidstream.adapters.memory_keys import MemoryKeyRing
from deidstream.core.case import Case, Container, Header
from deidstream.core.category import Category, Role
from deidstream.core.decision import Decision, Method
from deidstream.core.errors import Malformed, Misconfigured, Unsafe
from deidstream.core.finding import Finding
from deidstream.core.page import Box, Page, Pages
from deidstream.core.span import Span
from deidstream.core.subject import Known, Subject
from deidstream.wire import decode_case, decode_header, encode_case
from deidstream.wire.v1 import case_pb2, content_pb2
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.wire.cases import FixedKeyRing, full_case

KEYS = MemoryKeyRing()

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
counts = st.integers(0, 2**31 - 1)
spans = st.none() | st.tuples(counts, counts).map(lambda pair: Span(*sorted(pair)))
findings = st.builds(
    Finding,
    locator=texts,
    span=spans,
    category=st.sampled_from(Category),
    score=st.floats(0, 1),
    detector=texts,
    role=st.sampled_from(Role),
    form=texts,
    subject=st.integers(0, 9),
    canonical=texts,
)
decisions = st.builds(
    Decision,
    locator=texts,
    span=spans,
    category=st.sampled_from(Category),
    method=st.sampled_from(Method),
    replacement=st.none() | texts,
    rule=texts,
    detectors=st.lists(texts, max_size=3).map(tuple),
    score=st.floats(0, 1),
)
knowns = st.builds(
    Known,
    category=st.sampled_from(Category),
    role=st.sampled_from(Role),
    form=texts,
    value=texts,
    group=texts,
    issuer=texts,
)
subjects = st.builds(
    Subject,
    id=texts,
    sequence=counts,
    revision=counts,
    sex=texts,
    language=texts,
    known=st.lists(knowns, max_size=4).map(tuple),
)
headers = st.builds(
    Header,
    case_id=texts.filter(bool),
    source=texts,
    format=texts,
    received=st.floats(0, 2e9),
    itinerary=st.lists(texts, max_size=4).map(tuple),
    key=texts,
    sequence=counts,
    project=texts,
    release_version=st.integers(0, 9),
    supersedes=texts,
    identity_revision=counts,
    policy=texts,
    container=st.none() | st.builds(Container, id=texts, ordinal=counts, size=counts),
    attempts=st.integers(0, 9),
    trace=texts,
    attributes=st.lists(st.tuples(texts, texts), max_size=3).map(tuple),
)
boxes = st.tuples(*[st.integers(1, 10_000)] * 4).map(lambda one: Box(one[0], one[1], one[0] + one[2], one[1] + one[3]))


@st.composite
def pages(draw: st.DrawFn) -> Page:
    text = draw(texts)
    where = draw(st.tuples(*[st.none() | boxes] * len(text)))
    return Page(text, where, draw(st.tuples(*[st.booleans()] * len(text))), tuple(draw(st.lists(boxes, max_size=3))))


read = st.builds(Pages, path=texts, pages=st.lists(pages(), max_size=3).map(tuple), refused=texts)
cases = st.builds(
    Case,
    header=headers,
    source=st.binary(max_size=50),
    location=texts,
    subjects=st.lists(subjects, max_size=3).map(tuple),
    findings=st.lists(findings, max_size=5).map(tuple),
    decisions=st.lists(decisions, max_size=5).map(tuple),
    pages=st.lists(read, max_size=2).map(tuple),
)


def sections(data: bytes) -> list[tuple[str, bytes]]:
    return [(one.kind, one.ciphertext) for one in case_pb2.Case.FromString(data).sections]


@settings(max_examples=60, deadline=None)
@given(cases)
def test_a_case_comes_back_as_it_was(case: Case) -> None:
    data = encode_case(case, KEYS)
    assert decode_case(data, KEYS) == case
    assert decode_header(data) == case.header


@settings(max_examples=60, deadline=None)
@given(cases, st.lists(findings, max_size=3), st.lists(decisions, max_size=3), st.sampled_from([(), ("source",), None]))
def test_what_a_stage_adds_comes_back_after_what_was_there(
    case: Case, more: list[Finding], decided: list[Decision], opened: tuple[str, ...] | None
) -> None:
    before = encode_case(case, KEYS)
    seen = decode_case(before, KEYS) if opened is None else decode_case(before, KEYS, opened)
    seen = replace(seen, findings=(*seen.findings, *more), decisions=(*seen.decisions, *decided))
    after = encode_case(seen, KEYS)
    final = decode_case(after, KEYS)
    assert final.findings == (*case.findings, *more)
    assert final.decisions == (*case.decisions, *decided)
    assert (final.source, final.location, final.subjects) == (case.source, case.location, case.subjects)
    assert sections(after)[: len(sections(before))] == sections(before), "what was sealed stays as it was"


def test_a_name_that_is_not_utf8_survives_as_location() -> None:
    case = replace(full_case(), location=b"b\xe9atrice.hl7".decode("utf-8", "surrogateescape"))
    assert decode_case(encode_case(case, KEYS), KEYS).location == case.location


def test_a_case_that_only_passes_by_is_not_sealed_again_and_needs_no_key() -> None:
    data = encode_case(full_case(), KEYS)
    passing = decode_case(data, MemoryKeyRing(purposes=()), ())
    assert (passing.source, passing.subjects, passing.findings, passing.decisions) == (b"", (), (), ())
    onward = encode_case(passing.advance(), MemoryKeyRing(purposes=()))
    assert sections(onward) == sections(data)
    assert decode_case(onward, KEYS) == full_case().advance()


def test_a_stage_with_its_own_keys_reads_and_adds_what_is_its_own() -> None:
    own = MemoryKeyRing({"content": KEYS._keys.setdefault("content", KEYS._ring("content"))}, purposes={"content"})
    data = encode_case(full_case(), KEYS)
    case = decode_case(data, own, {"source", "findings"})
    added = Finding("ZZZ-1", None, Category.UNKNOWN, 1.0, "x/1")
    onward = encode_case(replace(case, findings=(*case.findings, added)), own)
    assert decode_case(onward, KEYS).findings == (*full_case().findings, added)
    assert decode_case(onward, KEYS).subjects == full_case().subjects
    with pytest.raises(Misconfigured, match="key-not-given: identity"):
        decode_case(data, own, {"identity"})


def test_findings_that_were_changed_replace_those_that_were_there() -> None:
    case = decode_case(encode_case(full_case(), KEYS), KEYS)
    changed = replace(case, findings=case.findings[1:], source=b"other", subjects=())
    again = decode_case(encode_case(changed, KEYS), KEYS)
    assert (again.findings, again.source, again.subjects) == (case.findings[1:], b"other", ())
    assert again.decisions == case.decisions


def test_one_case_may_become_several_with_their_own_decisions() -> None:
    case = decode_case(encode_case(replace(full_case(), decisions=()), KEYS), KEYS)
    for project in ("a", "b"):
        mine = (Decision("X", None, Category.NAME, Method.REDACT, project, "default"),)
        out = encode_case(replace(case.with_header(project=project), decisions=mine), KEYS)
        again = decode_case(out, KEYS)
        assert (again.decisions, again.header.project, again.source) == (mine, project, case.source)


def test_a_section_of_a_newer_version_goes_on_untouched() -> None:
    message = case_pb2.Case.FromString(encode_case(full_case(), KEYS))
    message.sections.add(kind="embedding", key_id="k", nonce=b"n", ciphertext=b"sealed")
    case = decode_case(message.SerializeToString(), KEYS)
    assert case == full_case()
    onward = encode_case(case.advance(), KEYS)
    assert ("embedding", b"sealed") in sections(onward)
    assert encode_case(decode_case(onward, KEYS), KEYS) == onward


def test_fields_of_a_newer_version_go_on_untouched() -> None:
    # Field 99, wire type 2 (length-delimited), "new": in the header, in a section, and in the case itself.
    unknown = b"\x9a\x06\x03new"
    message = case_pb2.Case.FromString(encode_case(full_case(), KEYS) + unknown)
    message.header.MergeFromString(unknown)
    message.sections[0].MergeFromString(unknown)
    case = decode_case(message.SerializeToString(), KEYS)
    onward = case_pb2.Case.FromString(encode_case(case.advance(), KEYS))
    assert onward.SerializeToString().count(unknown) == 3
    assert onward.header.SerializeToString().endswith(unknown)
    assert list(onward.header.itinerary) == ["resolver", "writer"]


def test_what_a_newer_version_calls_a_category_reads_as_unknown_which_is_redacted() -> None:
    message = content_pb2.Findings(
        locator=["X"], start=[0], end=[3], score=[1], label=[0], subject=[0], canonical=[""],
        label_category=["genome"], label_detector=["d/9"], label_role=["clone"], label_form=["f"],
    )  # fmt: skip
    (finding,) = decode_case(_with_section("findings", message.SerializeToString()), KEYS).findings
    assert (finding.category, finding.role) == (Category.UNKNOWN, Role.UNKNOWN)


def test_a_method_of_a_newer_version_is_unsafe() -> None:
    message = content_pb2.Decisions(
        locator=["X"], start=[0], end=[3], score=[1], label=[0], replacement=["a"], removed=[False],
        label_category=["name"], label_method=["vanish"], label_rule=[""], label_detectors=[0],
    )  # fmt: skip
    with pytest.raises(Unsafe, match="unknown-method"):
        decode_case(_with_section("decisions", message.SerializeToString()), KEYS)


@pytest.mark.parametrize(
    "broken",
    [
        content_pb2.Findings(locator=["X"], start=[0]),
        content_pb2.Findings(locator=["X"], start=[0], end=[3], score=[1], label=[7], subject=[0], canonical=[""]),
    ],
    ids=["columns of different length", "a label that is not there"],
)
def test_columns_that_do_not_fit_are_malformed(broken: content_pb2.Findings) -> None:
    with pytest.raises(Malformed, match="wire-columns: findings"):
        decode_case(_with_section("findings", broken.SerializeToString()), KEYS)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda message: message.header.__setattr__("case_id", "other"), "moved to another case"),
        (lambda message: message.sections[0].__setattr__("kind", "findings"), "shown as another kind"),
        (lambda message: message.sections[0].__setattr__("ciphertext", b"\0" * 40), "written over"),
        (lambda message: message.sections.insert(0, message.sections[2]), "a section of its kind put before it"),
    ],
)
def test_a_section_that_was_tampered_with_does_not_open(change: object, why: str) -> None:
    message = case_pb2.Case.FromString(encode_case(full_case(), KEYS))
    change(message)  # type: ignore[operator]
    with pytest.raises(Unsafe, match="seal-broken"):
        decode_case(message.SerializeToString(), KEYS)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=60))
def test_bytes_that_are_no_case_are_malformed(data: bytes) -> None:
    with pytest.raises((Malformed, Unsafe)):
        decode_case(data, KEYS)


def test_a_lone_surrogate_is_malformed_and_not_printed() -> None:
    finding = Finding("X", None, Category.NAME, 1.0, "d", canonical="\ud800secret")
    with pytest.raises(Malformed) as caught:
        encode_case(replace(full_case(), findings=(finding,)), KEYS)
    assert str(caught.value) == "lone-surrogate: case"


def test_nothing_of_the_content_can_be_read_from_the_wire() -> None:
    data = encode_case(full_case(), FixedKeyRing())  # random bytes may hold a short text by chance
    for content in (b"MSH", b"Muster", b"Erika", b"folder", b"PID-5", "Müller".encode(), b"Berg", b"4711"):
        assert content not in data


def _with_section(kind: str, plaintext: bytes) -> bytes:
    case = Case(Header("c", "s", "hl7v2", 1.0), b"x")
    sealed = KEYS.seal("content", plaintext, f"c\0{kind}\0000".encode())
    message = case_pb2.Case.FromString(encode_case(case, KEYS))
    message.sections.add(kind=kind, key_id=sealed.key_id, nonce=sealed.nonce, ciphertext=sealed.ciphertext)
    return message.SerializeToString()
