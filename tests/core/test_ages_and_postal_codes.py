"""Ages over 89 and ZIP codes, against 45 CFR 164.514(b)(2)(i)(B) and (C)."""

from __future__ import annotations

import pytest
from deidstream.core.ages import cap_age
from deidstream.core.postal_codes import TABLES, generalise


@pytest.mark.parametrize(
    ("value", "form", "capped"),
    [
        ("89", "number", "89"),
        ("90", "number", "90"),
        ("104", "number", "90"),
        ("89.9", "number", "89.9"),
        ("unknown", "number", "90"),  # no number: fail closed
        ("93-year-old", "age", "90-year-old"),
        ("93 y/o", "age", "90 y/o"),
        ("92M", "age", "90M"),
        ("45-year-old", "age", "45-year-old"),
        ("95 months", "age", "95 months"),
        ("120 Tage", "age", "120 Tage"),
        ("93 Jahre", "age", "90 Jahre"),
        ("de 101 años", "age", "de 90 años"),
        ("ninety-three years", "age", "90 years"),
        ("noventa y tres años", "age", "90 años"),
        ("dreiundneunzig Jahre", "age", "90 Jahre"),
        ("quatre-vingt-treize ans", "age", "90 ans"),
        ("forty-five years", "age", "forty-five years"),
    ],
)
def test_ages_over_89_become_one_category(value: str, form: str, capped: str):
    assert cap_age(value, form, 89) == capped


HHS = [
    "036",
    "059",
    "063",
    "102",
    "203",
    "556",
    "692",
    "790",
    "821",
    "823",
    "830",
    "831",
    "878",
    "879",
    "884",
    "890",
    "893",
]  # guidance of 26 November 2012, census 2000


def test_the_census_2000_table_is_the_one_that_hhs_published():
    assert sorted(TABLES["us-census-2000"]) == HHS


@pytest.mark.parametrize("area", HHS)
@pytest.mark.parametrize("table", ["us-census-2000", "us-census-2000-2010"])
def test_sparse_areas_become_000(area: str, table: str):
    assert generalise(f"{area}01", table, 3) == "000"
    assert generalise(f"{area}01-1234", table, 3) == "000"


@pytest.mark.parametrize(
    ("code", "kept"),
    [
        ("90210", "902"),
        ("90210-1234", "902"),
        ("902101234", "902"),
        ("SW1A 1AA", "SW"),
        ("1012 AB", "10"),
        ("K1A 0B1", "K1"),
        ("1000-205", "10"),
        ("", None),
        ("7", None),
    ],
)
def test_other_codes_keep_three_digits_or_less_than_half(code: str, kept: str | None):
    assert generalise(code, "us-census-2000", 3) == kept


def test_the_census_of_the_united_states_says_nothing_about_other_countries():
    assert generalise("75011", "us-census-2000-2010", 3, "FR") == "75"
    assert generalise("75011", "us-census-2000-2010", 3, "US") == "750"
    assert generalise("03601", "us-census-2000-2010", 3, "") == "000"
