"""The allow-list and the guess of the language."""

from __future__ import annotations

import pytest
from deidstream.detection.text.allow import is_clinical
from deidstream.detection.text.fold import fold
from deidstream.detection.text.languages import guess

ALL = ("en", "de", "es", "fr", "it", "nl", "pt")


@pytest.mark.parametrize(
    "term",
    [
        "Parkinson",
        "PARKINSON",
        "Crohn's",
        "Wilson's",
        "Guillain-Barré",
        "Sjögren",
        "Foley",
        "Glasgow",
        "Apgar",
        "Januvia",
        "Cardiología",
        "Miller Fisher",
        "Swan-Ganz",
    ],
)
def test_clinical_terms_are_known_in_any_spelling(term: str) -> None:
    assert is_clinical(term)


@pytest.mark.parametrize("name", ["Müllerova", "García", "Nguyen", "Anna Schmidt", "Parkinson Garcia", ""])
def test_names_are_not_clinical(name: str) -> None:
    assert not is_clinical(name)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The patient was seen in the clinic and has no history of cancer.", "en"),
        ("Der Patient wurde mit Schmerzen in die Klinik eingeliefert und ist nicht ansprechbar.", "de"),
        ("El paciente ingresa por dolor en el pecho que no se irradia.", "es"),
        ("Le patient est venu pour des douleurs dans la jambe.", "fr"),
        ("Il paziente viene ricoverato per dolore alla gamba e non presenta febbre.", "it"),
        ("De patiënt werd met pijn op de borst naar het ziekenhuis gebracht.", "nl"),
        ("O doente foi internado com dor na perna e não tem febre.", "pt"),
        ("7.35", ""),
    ],
)
def test_the_commonest_words_give_a_language_away(text: str, language: str) -> None:
    assert guess(fold([text]).buffer, 1, ALL) == language


def test_only_languages_asked_for_are_guessed() -> None:
    assert guess(fold(["El paciente ingresa por dolor"]).buffer, 1, ("en", "de")) == ""


def test_folding_keeps_one_byte_a_character_and_the_way_back() -> None:
    texts = ["José ﬁeld", "a\u200bb\u0301c", "", "１２３ № ∑"]
    folded = fold(texts)
    assert folded.buffer.count(b"\0") == len(texts) + 1
    start = folded.starts[1]
    assert folded.buffer[start : start + 3] == b"abc"
    assert folded.span(1, start + 1, start + 2) == (2, 4)
    assert [folded.text_at(position) for position in folded.starts if position < len(folded.buffer)][:2] == [0, 1]
