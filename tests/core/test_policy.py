"""Policies: which line decides, what a profile promises, and that equal policies have equal hashes."""

from __future__ import annotations

import pytest
from deidstream.core.category import HIPAA_CLASS, Category, Role
from deidstream.core.decision import Method
from deidstream.core.finding import Finding
from deidstream.core.policy import Doubt, Policy
from deidstream.core.policy_schema import Invalid, parse
from deidstream.core.span import Span
from hypothesis import given
from hypothesis import strategies as st


def finding(
    locator: str = "PID-5.1", category: Category = Category.NAME, role: Role = Role.PATIENT, score: float = 1.0
) -> Finding:
    return Finding(locator, Span(0, 5), category, score, "fields.hl7v2/1", role)


POLICY = parse(
    {
        "name": "test",
        "version": "1",
        "default": "redact",
        "unknown": "quarantine",
        "categories": {"name": "pseudonym", "date": "shift"},
        "roles": {"clinician": {"name": "keep"}},
        "paths": {"PID-19": "drop", "OBX[*]-5": "keep", "NK1[2]-2": "mask", "Patient.photo": "drop", "ZPD": "redact"},
        "keep": ["Parkinson"],
        "redact": ["Project Alpha"],
    }
)


@pytest.mark.parametrize(
    ("found", "value", "method", "line"),
    [
        (finding(), "Smith", Method.PSEUDONYM, "category:name"),
        (finding(role=Role.CLINICIAN), "Smith", Method.KEEP, "role:clinician:name"),
        (finding(category=Category.CITY), "Berlin", Method.REDACT, "default"),
        (finding(category=Category.UNKNOWN), "x", Method.QUARANTINE, "unknown"),
        (finding("PID-19"), "1", Method.DROP, "path:PID-19"),
        (finding("PID-19[2]"), "1", Method.DROP, "path:PID-19"),
        (finding("PID-19.1"), "1", Method.DROP, "path:PID-19"),
        (finding("PID-190"), "1", Method.PSEUDONYM, "category:name"),
        (finding("OBX[3]-5"), "1", Method.KEEP, "path:OBX[*]-5"),
        (finding("OBX-5[2].1"), "1", Method.KEEP, "path:OBX[*]-5"),
        (finding("NK1[2]-2.1"), "1", Method.MASK, "path:NK1[2]-2"),
        (finding("NK1[1]-2.1"), "1", Method.PSEUDONYM, "category:name"),
        (finding("Patient.photo[0].data"), "1", Method.DROP, "path:Patient.photo"),
        (finding("Bundle.entry[1].resource/Patient.photo[0]"), "1", Method.DROP, "path:Patient.photo"),
        (finding("Patient.photograph"), "1", Method.PSEUDONYM, "category:name"),
        (finding("ZPD-3"), "1", Method.REDACT, "path:ZPD"),
        (finding("ZPD[2]-3.1"), "1", Method.REDACT, "path:ZPD"),
        (finding(), "PARKINSON", Method.KEEP, "list:keep"),
        (finding(role=Role.CLINICIAN), "project alpha", Method.REDACT, "list:redact"),
        (finding(score=0.1), "Smith", Method.REDACT, "doubt"),
        (finding(role=Role.CLINICIAN, score=0.1), "Smith", Method.KEEP, "role:clinician:name"),
    ],
)
def test_the_most_specific_line_decides(found: Finding, value: str, method: Method, line: str):
    assert POLICY.rule(found, value) == (method, line)


@pytest.mark.parametrize(
    ("action", "method"), [("hold", Method.HOLD), ("redact", Method.REDACT), ("apply", Method.PSEUDONYM)]
)
def test_doubtful_findings_are_held_redacted_or_treated_as_any(action: str, method: Method):
    policy = Policy("p", categories={Category.NAME: Method.PSEUDONYM}, doubt=Doubt(0.5, action))
    assert policy.rule(finding(score=0.4), "Smith").method is method
    assert policy.rule(finding(score=0.5), "Smith").method is Method.PSEUDONYM


def test_the_hash_depends_on_the_content_and_not_on_the_order():
    one = parse({"name": "a", "version": "1", "categories": {"name": "keep", "date": "shift"}})
    two = parse({"version": "1", "categories": {"date": "shift", "name": "keep"}, "name": "a"})
    other = parse({"version": "1", "categories": {"date": "keep", "name": "keep"}, "name": "a"})
    assert one.hash == two.hash
    assert one.hash != other.hash
    assert len(one.hash) == 64


@given(st.sampled_from(Category), st.sampled_from(Role))
def test_a_policy_without_choices_redacts_everything(category: Category, role: Role):
    assert Policy("strict").rule(finding(category=category, role=role), "x").method is Method.REDACT


@pytest.mark.parametrize(
    ("content", "path", "hint"),
    [
        ({"version": "1"}, (), "'name' is missing"),
        ({"name": "a", "version": 1}, ("version",), "quotes"),
        ({"name": "a", "version": "1", "categories": {"nam": "keep"}}, ("categories", "nam"), "did you mean 'name'"),
        ({"name": "a", "version": "1", "default": "redactt"}, ("default",), "did you mean 'redact'"),
        ({"name": "a", "version": "1", "dates": {"shift_days": [0, 0]}}, ("dates", "shift_days"), "0"),
        ({"name": "a", "version": "1", "dates": {"shift_days": [5, 1]}}, ("dates", "shift_days"), "least"),
        ({"name": "a", "version": "1", "ages": {"cap": 0}}, ("ages", "cap"), "between"),
        ({"name": "a", "version": "1", "keep": "x"}, ("keep",), "must be array"),
        ({"name": "a", "version": "1", "noise": True}, ("noise",), "must be number"),
        (["a"], (), "must be object"),
    ],
)
def test_what_breaks_the_schema_is_named_with_its_key_and_a_way_out(content: object, path: tuple[str, ...], hint: str):
    with pytest.raises(Invalid) as caught:
        parse(content)
    assert caught.value.path == path
    assert hint in caught.value.hint


def test_every_letter_of_safe_harbor_has_a_category():
    assert set(HIPAA_CLASS.values()) == set("ABCDEFGHIJKLMNOPQR")
