"""Policy files: the shipped profiles against the texts of the law, the published schema, and messages that name the line."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml
from deidstream.adapters import policy_files
from deidstream.core.category import Category, Role
from deidstream.core.decision import Method
from deidstream.core.errors import Misconfigured
from deidstream.core.finding import Finding
from deidstream.core.policy import Policy
from deidstream.core.policy_schema import schema
from deidstream.core.span import Span

PROFILES = ("gdpr-pseudonymised", "hipaa-limited-data-set", "hipaa-safe-harbor", "research-dates-shifted")


def method(policy: Policy, category: Category, role: Role = Role.PATIENT) -> Method:
    return policy.rule(Finding("x", Span(0, 1), category, 1.0, "d", role), "value").method


def test_the_four_profiles_of_the_design_are_shipped():
    assert policy_files.shipped() == PROFILES


@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_loads_is_valid_and_decides_every_category(name: str):
    content = yaml.safe_load((policy_files.FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    jsonschema.validate(content, json.loads(policy_files.SCHEMA.read_text(encoding="utf-8")))
    policy = policy_files.load(name)
    assert policy.name == name
    assert set(policy.categories) == set(Category) - {Category.UNKNOWN}
    assert method(policy, Category.UNKNOWN) is Method.REDACT


def test_the_published_schema_is_the_one_that_is_checked():
    assert json.loads(policy_files.SCHEMA.read_text(encoding="utf-8")) == schema()
    jsonschema.Draft202012Validator.check_schema(schema())


REMOVED = {Method.REDACT, Method.DROP}
CODED = REMOVED | {Method.PSEUDONYM}
COARSE = REMOVED | {Method.GENERALISE}
SAFE_HARBOR = [
    # 45 CFR 164.514(b)(2)(i): letter, what the text names, category, what may become of it
    ("A", "names", Category.NAME, REMOVED),
    ("B", "street address", Category.STREET, REMOVED),
    ("B", "city, county, precinct", Category.CITY, REMOVED),
    ("B", "equivalent geocodes", Category.PLACE, REMOVED),
    ("B", "zip code: three digits or 000", Category.POSTAL_CODE, COARSE),
    ("C", "dates directly related to an individual, except year", Category.DATE, COARSE),
    ("C", "birth date", Category.BIRTH_DATE, COARSE),
    ("C", "date of death", Category.DEATH_DATE, COARSE),
    ("C", "ages over 89", Category.AGE, COARSE),
    ("D", "telephone numbers", Category.PHONE, REMOVED),
    ("E", "fax numbers", Category.FAX, REMOVED),
    ("F", "electronic mail addresses", Category.EMAIL, REMOVED),
    ("G", "social security numbers", Category.NATIONAL_ID, REMOVED),
    ("H", "medical record numbers (a code by (c))", Category.MEDICAL_RECORD, CODED),
    ("I", "health plan beneficiary numbers", Category.HEALTH_PLAN, REMOVED),
    ("J", "account numbers", Category.ACCOUNT, REMOVED),
    ("K", "certificate and licence numbers", Category.LICENCE, REMOVED),
    ("L", "vehicle identifiers, plates", Category.VEHICLE, REMOVED),
    ("M", "device identifiers, serial numbers", Category.DEVICE, REMOVED),
    ("N", "URLs", Category.URL, REMOVED),
    ("O", "IP addresses", Category.IP_ADDRESS, REMOVED),
    ("P", "biometric identifiers", Category.BIOMETRIC, REMOVED),
    ("Q", "full-face photographs", Category.PHOTO, REMOVED),
    ("R", "any other unique number (a code by (c))", Category.OTHER_ID, CODED),
    ("R", "visit numbers (a code by (c))", Category.VISIT, CODED),
    ("R", "user names", Category.USERNAME, REMOVED),
    ("R", "record ids (a code by (c))", Category.RECORD_ID, CODED),
    ("R", "what no table knows", Category.UNKNOWN, REMOVED),
]


@pytest.mark.parametrize(("letter", "text", "category", "allowed"), SAFE_HARBOR)
@pytest.mark.parametrize("role", list(Role))
def test_safe_harbor_removes_all_18_classes_of_everybody(
    letter: str, text: str, category: Category, allowed: set[Method], role: Role
):
    assert method(policy_files.load("hipaa-safe-harbor"), category, role) in allowed, (letter, text)


def test_safe_harbor_covers_every_letter():
    assert {row[0] for row in SAFE_HARBOR} == set("ABCDEFGHIJKLMNOPQR")


def test_safe_harbor_generalises_dates_to_the_year_and_caps_ages_at_89():
    policy = policy_files.load("hipaa-safe-harbor")
    assert (policy.dates.generalise_to, policy.ages.cap, policy.postal_codes.digits) == ("year", 89, 3)


LIMITED = [
    # 45 CFR 164.514(e)(2)(i)-(xvi)
    *(Category.NAME, Category.STREET, Category.PHONE, Category.FAX, Category.EMAIL, Category.NATIONAL_ID),
    *(
        Category.MEDICAL_RECORD,
        Category.HEALTH_PLAN,
        Category.ACCOUNT,
        Category.LICENCE,
        Category.VEHICLE,
        Category.DEVICE,
    ),
    *(Category.URL, Category.IP_ADDRESS, Category.BIOMETRIC, Category.PHOTO),
]


def test_the_limited_data_set_removes_its_16_and_keeps_dates_towns_and_zip_codes():
    policy = policy_files.load("hipaa-limited-data-set")
    assert len(LIMITED) == 16
    assert all(method(policy, category) in CODED for category in LIMITED)
    kept = (Category.DATE, Category.BIRTH_DATE, Category.AGE, Category.CITY, Category.REGION, Category.POSTAL_CODE)
    assert all(method(policy, category) is Method.KEEP for category in kept)


@pytest.mark.parametrize("name", ["gdpr-pseudonymised", "research-dates-shifted"])
def test_the_other_profiles_shift_dates_and_let_no_direct_identifier_through(name: str):
    policy = policy_files.load(name)
    assert method(policy, Category.DATE) is Method.SHIFT
    assert all(method(policy, category) is not Method.KEEP for category in LIMITED)


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("name: x\nversion: '1'\ncategories:\n  name: pseudonim\n", 4, "categories.name: did you mean 'pseudonym'?"),
        ("name: x\nversion: '1'\ncategoris:\n  a: b\n", 3, "did you mean 'categories'?"),
        ("name: x\nversion: 1\n", 2, "put it in quotes"),
        ("name: x\nversion: '1'\nroles:\n  clinician:\n    nmae: keep\n", 5, "did you mean 'name'?"),
        ("name: x\nversion: '1'\nname: y\n", 3, "stands twice"),
        ("name: x\nversion: '1'\nkeep:\n  - a\n  - 3\n", 5, "put it in quotes"),
        ("name: [\n", 2, ""),
        ("", 1, "must be object"),
        ("name: x\nversion: '1'\nages: {cap: -4}\n", 3, "between"),
    ],
)
def test_a_mistake_is_named_with_file_line_key_and_suggestion(text: str, line: int, says: str, tmp_path: Path):
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Misconfigured) as caught:
        policy_files.read(path)
    assert caught.value.place == f"{path}:{line}"
    assert says in caught.value.hint


def test_a_missing_policy_lists_the_shipped_ones(tmp_path: Path):
    with pytest.raises(Misconfigured, match="hipaa-safe-harbor"):
        policy_files.load("hipa-safe-harbour", tmp_path)


def test_a_file_relative_to_the_configuration_is_found(tmp_path: Path):
    (tmp_path / "mine.yaml").write_text("name: mine\nversion: '1'\n", encoding="utf-8")
    assert policy_files.load("mine.yaml", tmp_path).name == "mine"


def test_bytes_that_are_no_text_are_refused(tmp_path: Path):
    (tmp_path / "bad.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Misconfigured, match="policy-unreadable"):
        policy_files.load("bad.yaml", tmp_path)
