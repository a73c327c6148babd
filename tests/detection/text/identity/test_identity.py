"""What the identity layer finds in texts, and what it leaves alone."""

from __future__ import annotations

import string

import pytest
from deidstream.core.category import Category, Role
from deidstream.core.document import Part
from deidstream.core.finding import Finding
from deidstream.core.subject import Known, Subject
from deidstream.detection.text.identity import Identity
from deidstream.detection.text.identity.near import near, one_error
from deidstream.detection.text.identity.ordinary import ordinary
from hypothesis import assume, given, settings
from hypothesis import strategies as st


def _known(category: Category, form: str, value: str, role: Role = Role.PATIENT, group: str = "1") -> Known:
    return Known(category, role, form, value, group)


def _person(family: str, given_: str, role: Role = Role.PATIENT, group: str = "1") -> tuple[Known, ...]:
    return (_known(Category.NAME, "family", family, role, group), _known(Category.NAME, "given", given_, role, group))


def _subject(*known: Known, id_: str = "s1") -> Subject:
    return Subject(id_, 1, 1, "unknown", "", known)


_PATIENT = _subject(
    *_person("García López", "María José"),
    _known(Category.STREET, "line", "Calle Mayor 12, 3º B", group="2"),
    _known(Category.CITY, "city", "Zaragoza", group="2"),
    _known(Category.POSTAL_CODE, "postal_code", "50001", group="2"),
    _known(Category.PHONE, "phone", "+34 612 345 678", group="3"),
    _known(Category.EMAIL, "email", "Maria.Garcia@example.org", group="4"),
    _known(Category.MEDICAL_RECORD, "number", "4711002", group="5"),
    _known(Category.NATIONAL_ID, "number", "12345678Z", group="6"),
    _known(Category.BIRTH_DATE, "hl7.DT", "19600503", group="7"),
    *_person("O'Brien", "Robert", Role.RELATIVE, "8"),
    _known(Category.NAME, "name", "Dr. Hans Müller", Role.CLINICIAN, "9"),
    *_person("de la Cruz", "Rosa", Role.CLINICIAN, "10"),
    _known(Category.ORGANISATION, "name", "Hospital Royo Villanova", Role.EMPLOYER, "11"),
    *_person("Li", "Wei", Role.CLINICIAN, "12"),
)


def _find(text: str, subject: Subject = _PATIENT, language: str = "") -> list[tuple[str, str, str]]:
    """What is found, in the order of the text: (text, category, form)."""
    part = Part("NTE-3", text, (), 0, language)
    (findings,) = Identity().find([part], [subject])
    spans = sorted((finding.span.start, finding) for finding in findings if finding.span is not None)
    return [(_text(part, finding), str(finding.category), finding.form) for _, finding in spans]


def _text(part: Part, finding: Finding) -> str:
    assert finding.span is not None
    return part.text[finding.span.start : finding.span.end]


_NAMES = [
    ("Visto García López hoy", "García López", "family", "as known"),
    ("PACIENTE GARCIA LOPEZ", "GARCIA LOPEZ", "family", "capitals, no accents"),
    ("García-López acude", "García-López", "family", "hyphenated"),
    ("La Sra. López refiere", "López", "family", "the second surname alone"),
    ("García, María José, de 60 años", "García, María José", "name.family_first", "family name first"),
    ("María José García López acude", "María José García López", "name", "in display order"),
    ("M. J. García acude", "M. J. García", "name", "initials before"),
    ("García López, M.J. acude", "García López, M.J", "name.family_first", "an initial after a comma"),
    ("Maria Jose Garcia", "Maria Jose Garcia", "name", "no accents at all"),
    ("Mari Garcia acude", "Mari Garcia", "name", "a familiar form beside the surname"),
    ("visto por Mueller", "Mueller", "family", "umlaut written out"),
    ("visto por Muller", "Muller", "family", "umlaut dropped"),
    ("Herr Müller", "Müller", "family", "of a whole name, the family name"),
    ("her brother Bob O'Brien called", "Bob O'Brien", "name", "a nickname and an apostrophe"),
    ("her brother OBrien called", "OBrien", "family", "written as one word"),
    ("Dra. de la Cruz", "de la Cruz", "family", "with its particles"),
    ("R. de la Cruz informa", "R. de la Cruz", "name", "an initial before particles"),
    ("Rosa de la Cruz informa", "Rosa de la Cruz", "name", "an ordinary word beside the surname"),
    ("Dr. Li", "Li", "family", "two letters after a title"),
    ("Wei Li informa", "Wei Li", "name", "two short words together"),
    ("Garcia\u0301 acude", "Garcia\u0301", "family", "a combining mark, wrongly placed"),
    ("Gar\u200bcía acude", "Gar\u200bcía", "family", "a zero-width space inside"),
    ("Ｇａｒｃíａ acude", "Ｇａｒｃíａ", "family", "full-width letters"),
    ("Gаrcía acude", "Gаrcía", "family", "a Cyrillic a"),
    ("Sra. Garzia", "Garzia", "family", "one letter wrong"),
    ("Sra. Gacría", "Gacría", "family", "two letters exchanged"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected", "form", "reason"), _NAMES, ids=[row[3] for row in _NAMES])
def test_a_name_is_found_in_every_way_it_is_written(text: str, expected: str, form: str, reason: str) -> None:
    assert (expected, "name", form) in _find(text), reason


_LEFT = [
    ("una rosa en el jarrón", "an ordinary word in lower case"),
    ("Rosa vino", "an ordinary word with the capital of the sentence"),
    ("signo de la cruz", "an ordinary surname in lower case"),
    ("li wei", "short words in lower case"),
    ("dolor costal", "no name at all"),
    ("Se aprecia mejoría", "nothing of the subject's"),
    ("glucosa 47110 mg", "another number"),
    ("0.4711002 mmol", "a longer number with a point is no record number? it is: seven digits"),
    ("creatinina 150 y 001", "digits of a postal code apart"),
    ("03.06.1960", "another day"),
    ("3 de junio de 1960", "another month"),
    ("3 de mayo de 1961", "another year"),
    ("mayor 12 años", "a street without its telling words"),
]


@pytest.mark.parametrize("text", [row[0] for row in _LEFT if "it is" not in row[1]])
def test_what_is_no_name_is_left_alone(text: str) -> None:
    assert [found for found in _find(text) if found[1] != "street"] == []


_DOUBTFUL = [
    ("se vio a Blanca ayer", ["Blanca"], "a capital inside a sentence"),
    ("Blanca acude", [], "a capital that any first word has"),
    ("la zona blanca", [], "no capital"),
    ("ZONA BLANCA", [], "everything in capitals"),
    ("Sra. Blanca", ["Blanca"], "after a title"),
    ("Nombre:  Blanca", ["Blanca"], "after a label"),
    ("Blanca Quisenberry", ["Blanca Quisenberry"], "beside the surname"),
    ("Blanca Q. acude", ["Blanca Q"], "beside the initial of the surname"),
    ("Die Patientin klagt nach der Blanca und ist nicht mit dem im Haus", [], "German, where every noun has a capital"),
]


@pytest.mark.parametrize(("text", "expected", "reason"), _DOUBTFUL, ids=[row[2] for row in _DOUBTFUL])
def test_a_name_that_is_an_ordinary_word_counts_only_as_a_name(text: str, expected: list[str], reason: str) -> None:
    assert [found[0] for found in _find(text, _subject(*_person("Quisenberry", "Blanca")))] == expected, reason


def test_a_middle_initial_belongs_to_the_name() -> None:
    subject = _subject(*_person("Quisenberry", "Wilhelmina"), _known(Category.NAME, "middle", "K"))
    assert _find("Wilhelmina K. Quisenberry", subject) == [("Wilhelmina K. Quisenberry", "name", "name")]
    assert _find("K. Quisenberry", subject) == [("K. Quisenberry", "name", "name")]


_EPONYMS = [
    ("enfermedad de Parkinson avanzada", [], "the disease"),
    ("Parkinson disease", [], "the disease in English"),
    ("Sr. Parkinson acude", ["Parkinson"], "the patient"),
    ("acude Parkinson", ["Parkinson"], "the patient, by surname alone"),
    ("James Parkinson disease", ["James Parkinson"], "the patient by full name, whatever follows"),
    ("Parkinsn", ["Parkinsn"], "misspelt, it is no eponym"),
]


@pytest.mark.parametrize(("text", "expected", "reason"), _EPONYMS, ids=[row[2] for row in _EPONYMS])
def test_a_patient_named_like_a_disease_is_found_and_the_disease_is_not(
    text: str, expected: list[str], reason: str
) -> None:
    assert [found[0] for found in _find(text, _subject(*_person("Parkinson", "James")))] == expected, reason


_NUMBERS = [
    ("NHC 4711002", "4711002", "medical_record", "as known"),
    ("NHC 4.711.002", "4.711.002", "medical_record", "with points"),
    ("NHC 47-11-002", "47-11-002", "medical_record", "with hyphens"),
    ("NHC 0004711002", "0004711002", "medical_record", "with leading zeros"),
    ("DNI 12345678Z", "12345678Z", "national_id", "with its letter"),
    ("DNI 12345678-z", "12345678-z", "national_id", "hyphen and lower case"),
    ("tel. 612345678", "612345678", "phone", "without country code"),
    ("tel. 0034 612 34 56 78", "0034 612 34 56 78", "phone", "international prefix, other groups"),
    ("tel. +34612345678", "+34612345678", "phone", "plus"),
    ("mail maria.garcia@EXAMPLE.org", "maria.garcia@EXAMPLE.org", "email", "case says nothing"),
    ("C/ Mayor 12, 50001 Zaragoza", "50001", "postal_code", "postal code"),
    ("C/ Mayor 12, 50001 Zaragoza", "Zaragoza", "city", "town"),
    ("C/ Mayor 12, 50001 Zaragoza", "C/ Mayor 12", "street", "street, abbreviated"),
    ("de Zaragosa", "Zaragosa", "city", "town misspelt"),
    ("trabaja en Royo Villanova", "Royo Villanova", "organisation", "employer, without what many are called"),
]


@pytest.mark.parametrize(("text", "expected", "category", "reason"), _NUMBERS, ids=[row[3] for row in _NUMBERS])
def test_numbers_and_places_are_found_whatever_their_punctuation(
    text: str, expected: str, category: str, reason: str
) -> None:
    assert (expected, category) in [(found[0], found[1]) for found in _find(text)], reason


_DATES = [
    "03.05.1960", "3.5.1960", "3/5/60", "05/03/1960", "1960-05-03", "19600503", "03-05-1960", "03 05 1960",
    "3 de mayo de 1960", "3 mayo 1960", "May 3, 1960", "3rd May 1960", "May 3rd, 1960", "3. Mai 1960", "3 mai 1960",
    "3 maggio 1960",
    "3 mei 1960", "3 de maio de 1960", "3-MAY-1960", "03-May-60", "1960 May 3", "Mai 3, 1960",
]  # fmt: skip


@pytest.mark.parametrize("text", _DATES)
def test_a_date_of_birth_is_found_in_every_form(text: str) -> None:
    found = _find(f"nacida el {text}, acude", language="es")
    assert [(one[0], one[1], one[2]) for one in found] == [(text, "birth_date", "text.es")]


def test_a_finding_says_what_it_is_a_variant_of_and_how_sure_it_is() -> None:
    text = "Bob OBrien, Garzia, García. Müller"
    (findings,) = Identity().find([Part("p", text, ())], [_PATIENT])
    said = {text[f.span.start : f.span.end]: (f.canonical, f.role, f.score, f.detector) for f in findings if f.span}
    assert said == {
        "Bob OBrien": ("Robert O'Brien", Role.RELATIVE, 0.95, "text.identity/1"),
        "Garzia": ("García López", Role.PATIENT, 0.85, "text.identity/1"),
        "García": ("García López", Role.PATIENT, 0.99, "text.identity/1"),
        "Müller": ("Müller", Role.CLINICIAN, 0.99, "text.identity/1"),
    }


def test_findings_of_many_parts_stay_with_their_part_and_every_subject_is_looked_for() -> None:
    subjects = [_subject(*_person("Quisenberry", "Ann")), _subject(*_person("Featherstone", "Lee"), id_="s2")]
    parts = [
        Part(f"OBX[{i}]-5", text, ())
        for i, text in enumerate(["Quisenberry", "", "none", "Featherstone x", "Ö Quisenberry"])
    ]
    found = Identity().find(parts, subjects)
    assert [[(f.span, f.subject) for f in of_part] for of_part in found] == [
        [((0, 11), 0)], [], [], [((0, 12), 1)], [((2, 13), 0)]
    ]  # fmt: skip


def test_a_name_does_not_run_from_one_part_into_the_next() -> None:
    (first, second) = Identity().find([Part("a", "José", ()), Part("b", "García", ())], [_PATIENT])
    assert [len(first), len(second)] == [1, 1]


def test_names_in_scripts_without_case_are_found() -> None:
    subject = _subject(
        _known(Category.NAME, "name", "王小明"), _known(Category.NAME, "name", "Иван Петров", Role.RELATIVE, "2")
    )
    assert [found[0] for found in _find("患者王小明入院。", subject)] == ["王小明"]
    assert [found[0] for found in _find("пациент Иван Петров", subject)] == ["Иван Петров"]


def test_new_knowledge_counts_at_once_even_under_the_same_revision() -> None:
    layer = Identity()
    part = Part("p", "Quisenberry and Featherstone", ())
    assert len(layer.find([part], [_subject(*_person("Quisenberry", "Ann"))])[0]) == 1
    assert len(layer.find([part], [_subject(*_person("Quisenberry", "Ann"), *_person("Featherstone", "Lee"))])[0]) == 2


def test_nobody_known_and_nothing_to_read_are_no_findings() -> None:
    assert Identity().find([Part("p", "García", ())], [Subject("s")]) == [[]]
    assert Identity().find([], [_PATIENT]) == []


_SURNAMES = st.sampled_from(
    ["Quisenberry", "Fernández", "Kowalski", "Hernández", "Oberhuber", "Vandenberghe", "Ferreira"]
)
_LETTERS = st.sampled_from(string.ascii_lowercase)


@st.composite
def _edited(draw: st.DrawFn) -> tuple[str, str]:
    name = draw(_SURNAMES)
    at = draw(st.integers(0, len(name) - 1))
    letter = draw(_LETTERS)
    edited = draw(
        st.sampled_from(
            [
                name[:at] + letter + name[at:],
                name[:at] + name[at + 1 :],
                name[:at] + letter + name[at + 1 :],
                name[:at] + name[at : at + 2][::-1] + name[at + 2 :],
            ]
        )
    )
    return name, edited


@settings(max_examples=100, deadline=None)
@given(_edited(), st.sampled_from(["{}", "Sr. {} acude", "visto por {}, hoy", "x\n{}\ny", "José «{}»"]))
def test_any_single_error_in_a_surname_is_forgiven(pair: tuple[str, str], frame: str) -> None:
    name, edited = pair
    assume(edited.lower().encode("ascii", "ignore") not in ordinary())
    found = _find(frame.format(edited), _subject(*_person(name, "Zoë")))
    assert edited in [one[0] for one in found]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(sorted(ordinary())), min_size=1, max_size=30))
def test_ordinary_words_are_never_a_misspelt_name(words: list[bytes]) -> None:
    subject = _subject(*_person("Quisenberry", "Wilhelmina"), *_person("Fernández", "Joaquín", Role.RELATIVE, "2"))
    assert _find(" ".join(word.decode() for word in words), subject) == []


_WORD = st.text(st.sampled_from("abcd"), min_size=4, max_size=8)


@given(_WORD, _WORD)
def test_one_error_is_one_edit_or_one_exchange(one: str, other: str) -> None:
    def edits(word: str) -> set[str]:
        splits = [(word[:i], word[i:]) for i in range(len(word) + 1)]
        deleted = {a + b[1:] for a, b in splits if b}
        exchanged = {a + b[1] + b[0] + b[2:] for a, b in splits if len(b) > 1}
        changed = {a + c + b[1:] for a, b in splits if b for c in "abcd"}
        inserted = {a + c + b for a, b in splits for c in "abcd"}
        return (deleted | exchanged | changed | inserted) - {word}

    expected = other in edits(one)
    assert one_error(one.encode(), other.encode()) is expected
    if len(one) >= 5:
        assert bool(near([other.encode()], [[one.encode()]])) is expected


def test_a_word_near_several_known_ones_is_near_them_in_the_same_order_in_every_process() -> None:
    words = sorted(b"walke" + bytes([letter]) for letter in b"acdefghijklmnopqstuvwxyz")
    assert near([b"walker"], [words[::-1]]) == {b"walker": words}


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60))
def test_spans_hold_in_any_text_around(before: str, after: str) -> None:
    text = f"{before} Quisenberry {after}"
    part = Part("p", text, ())
    (findings,) = Identity().find([part], [_subject(*_person("Quisenberry", "Wilhelmina"))])
    assert any("Quisenberry" in _text(part, finding) for finding in findings)
    assert all(0 <= f.span.start < f.span.end <= len(text) for f in findings if f.span)
