"""Names: the same person, the same other name, however it is written."""

from __future__ import annotations

import pytest
from deidstream.core.category import Category, Role
from deidstream.core.subject import PASSING, Known, Subject
from deidstream.core.surrogate.locale import Locale
from deidstream.core.surrogate.name_tables import given_guess, normalise, table
from deidstream.core.surrogate.names import Names, unmarked
from deidstream.core.surrogate.person import Person, person
from deidstream.core.surrogate.prf import Prf
from hypothesis import given
from hypothesis import strategies as st

NAMES = Names(Prf(b"k" * 32))
NOBODY = Person("s9")


def surrogate(value: str, form: str, who: Person, canonical: str = "") -> str:
    made = NAMES.surrogate(value, form, who, canonical)
    assert made is not None
    return made


@pytest.fixture
def family(john: Person) -> str:
    return surrogate("SMITH", "family", john).title()


@pytest.fixture
def given_name(john: Person) -> str:
    return surrogate("JOHN", "given", john).title()


@pytest.mark.parametrize(
    ("written", "form", "canonical", "expected"),
    [
        ("Smith", "family", "", "{family}"),
        ("smith", "family", "", "{lower}"),
        ("Mr. Smith", "name", "", "Mr. {family}"),
        ("Smith", "name", "", "{family}"),
        ("John Smith", "name", "", "{given} {family}"),
        ("Smith, John", "name.family_first", "", "{family}, {given}"),
        ("Smith, John", "name", "", "{family}, {given}"),
        ("Dr. John Smith Jr.", "name", "", "Dr. {given} {family} Jr."),
        ("J. Smith", "name", "John Smith", "{initial}. {family}"),
        ("J. Smith", "name", "", "{initial}. {family}"),
        ("Jon Smyth", "name", "John Smith", "{given} {family}"),
        ("Johnny", "given", "John", "{given}"),
        ("Smithh", "family", "Smith", "{family}"),
        ("Smith-Smith", "family", "", "{family}-{family}"),
        ("von Smith", "family", "", "von {family}"),
    ],
)
def test_every_way_of_writing_leads_to_the_same_surrogate(
    written: str, form: str, canonical: str, expected: str, john: Person, family: str, given_name: str
):
    wanted = expected.format(family=family, lower=family.lower(), given=given_name, initial=given_name[0])
    assert surrogate(written, form, john, canonical) == wanted


def test_case_and_marks_and_umlaut_spellings_do_not_matter():
    made = {normalise(surrogate(name, "family", NOBODY)) for name in ("Müller", "MÜLLER", "Mueller", "muller")}
    assert len(made) == 1


def test_an_ascii_name_gets_an_ascii_surrogate():
    who = [Person(f"s{number}") for number in range(60)]
    assert all(surrogate("Schaefer", "family", one).isascii() for one in who)


@pytest.mark.parametrize(
    ("name", "sex"), [("Mary", "female"), ("MARY", "female"), ("Robert", "male"), ("Heinz", "male")]
)
def test_the_surrogate_has_the_sex_that_the_name_tells(name: str, sex: str):
    for number in range(30):
        made = surrogate(name, "given", Person(f"s{number}"))
        assert given_guess(made, given_guess(name, "en").language).sex == sex


@pytest.mark.parametrize(
    ("name", "language"), [("Иванов", "ru"), ("Παπαδόπουλος", "el"), ("Borysewicz", "pl"), ("Yılmaz", "tr")]
)
def test_the_surrogate_comes_from_the_language_of_the_name(name: str, language: str):
    assert normalise(surrogate(name, "family", NOBODY)) in {normalise(one) for one in table(language).family}


@pytest.mark.parametrize(
    ("name", "home", "language"),
    [
        ("Fournier", "ar", "fr"),
        ("Иванов", "uk", "uk"),
        ("Иванов", "en", "ru"),
        ("山田", "ja", "ja"),
        ("Smith", "de", "de"),
    ],
)
def test_the_subjects_language_counts_where_it_is_written_as_the_name_is(name: str, home: str, language: str):
    for number in range(30):
        made = surrogate(name, "family", Person(f"s{number}", locale=Locale(home, "")))
        assert normalise(made) in {normalise(one) for one in table(language).family}


def test_names_said_in_passing_change_no_surrogate():
    remembered = (Known(Category.NAME, Role.PATIENT, "given", "Maria", "1"),)
    doctor = Known(Category.NAME, Role.CLINICIAN, "given", "Bettina", f"{PASSING}PV1-7")
    alone, beside = (person(Subject("s1", known=known)) for known in (remembered, (*remembered, doctor)))
    assert alone == beside
    assert surrogate("B", "middle", alone) == surrogate("B", "middle", beside)


def test_what_is_learnt_later_about_other_things_does_not_change_a_name():
    early = person(Subject("s1", sex="unknown"))
    late = person(Subject("s1", sex="female"))  # the tables know Toivo, so the sex does not ask
    assert surrogate("Toivo", "given", early) == surrogate("Toivo", "given", late)


@given(st.sampled_from(table("en").family), st.integers(0, 10_000))
def test_no_name_of_the_subject_comes_back(name: str, number: int):
    known = tuple(Known(Category.NAME, Role.RELATIVE, "family", other) for other in table("en").family[:400])
    who = person(Subject(f"s{number}", known=known))
    made = normalise(surrogate(name, "family", who))
    assert made != normalise(name)
    assert not who.known(made)


@given(st.text(min_size=1, max_size=30), st.sampled_from(["family", "given", "name", "name.family_first"]))
def test_any_text_gives_another_name_or_nothing(value: str, form: str):
    made = NAMES.surrogate(value, form, NOBODY)
    assert made == NAMES.surrogate(value, form, NOBODY)
    assert made is None or made != value or not any(character.isalnum() for character in value) or _only_kept(value)


def _only_kept(value: str) -> bool:
    from deidstream.core.surrogate.names import _read

    return all(word.kind == "kept" for _, _, word in _read(value, "name", NOBODY, ""))


@pytest.mark.parametrize(
    ("value", "form", "kept"), [("DR", "prefix", True), ("Jr.", "suffix", True), ("Smith", "prefix", False)]
)
def test_only_known_titles_and_suffixes_stay(value: str, form: str, kept: bool):
    assert NAMES.surrogate(value, form, NOBODY) == (value if kept else None)


def test_another_subject_and_another_project_get_another_name(john: Person):
    other = Names(Prf(b"z" * 32))
    names = ["Miller", "Johnson", "Brown", "Wilson", "Taylor", "Clark"]
    mine = [surrogate(name, "family", john) for name in names]
    assert mine != [surrogate(name, "family", Person("s2")) for name in names]
    assert mine != [other.surrogate(name, "family", john) for name in names]


def test_the_sex_of_the_subject_decides_where_the_tables_do_not_know_the_name():
    known = (
        Known(Category.NAME, Role.PATIENT, "given", "Zorblax", "1"),
        Known(Category.NAME, Role.RELATIVE, "given", "Qwendryl", "2"),
    )
    for number in range(20):
        who = person(Subject(f"s{number}", sex="female", language="fr", known=known))
        made = surrogate("Zorblax", "given", who)
        assert made in {unmarked(name) for name in table("fr").female}
        assert surrogate("Qwendryl", "given", who) not in {made}


def test_no_surrogate_begins_with_its_original():
    for number in range(300):
        made = surrogate("Torre", "family", Person(f"s{number}", locale=Locale("it", "IT"))) or ""
        assert not made.startswith("Torre")
