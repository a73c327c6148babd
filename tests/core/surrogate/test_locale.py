"""Where a subject is at home, by what its own data say."""

from __future__ import annotations

import pytest
from deidstream.core.category import Category, Role
from deidstream.core.subject import Known, Subject
from deidstream.core.surrogate.locale import Locale, country_code, locale_of


def known(category: Category, value: str, form: str = "", role: Role = Role.PATIENT) -> Known:
    return Known(category, role, form, value)


@pytest.mark.parametrize(
    ("language", "said", "locale"),
    [
        ("", (), Locale()),
        ("fr", (), Locale("fr", "FR")),
        ("en", (), Locale("en", "")),  # no one country
        ("fr-CA", (), Locale("fr", "CA")),
        ("es", (known(Category.COUNTRY, "USA"),), Locale("es", "US")),
        ("", (known(Category.COUNTRY, "Deutschland"),), Locale("de", "DE")),
        ("", (known(Category.COUNTRY, "USA", role=Role.RELATIVE), known(Category.COUNTRY, "FRA")), Locale("fr", "FR")),
        ("", (known(Category.STREET, "12 rue de Rivoli"),), Locale("fr", "FR")),
        ("", (known(Category.STREET, "12 Main Street"),), Locale("", "")),
        ("", (known(Category.CITY, "Leipzig"),), Locale("de", "DE")),
        ("", (known(Category.NAME, "Иванов", "family"),), Locale("ru", "RU")),
    ],
)
def test_what_is_stated_comes_before_what_is_guessed(language: str, said: tuple[Known, ...], locale: Locale):
    assert locale_of(Subject("s", language=language, known=said)) == locale


@pytest.mark.parametrize(
    ("written", "code"), [("FRA", "FR"), ("fr", "FR"), ("España", "ES"), (" UK ", "GB"), ("Atlantis", "")]
)
def test_countries_are_known_by_code_and_name(written: str, code: str):
    assert country_code(written) == code
