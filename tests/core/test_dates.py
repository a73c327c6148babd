"""Dates of every form: 40 days earlier, in the same form; coarser; and what cannot be read gives nothing."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from deidstream.core.dates import Shift, generalise, shift
from hypothesis import given
from hypothesis import strategies as st

BACK = Shift(-40)

STRUCTURED = [
    # form, value, 40 days earlier, its year
    ("hl7.DT", "20210312", "20210131", "2021"),
    ("hl7.DT", "202103", "202102", "2021"),
    ("hl7.DT", "2021", "2021", "2021"),
    ("hl7.DTM", "202103121430", "202101311430", "2021"),
    ("hl7.DTM", "20210312143015.1234-0500", "20210131143015.1234-0500", "2021"),
    ("hl7.DTM", "2021031214", "2021013114", "2021"),
    ("hl7.DT", "20240409", "20240229", "2024"),  # onto a leap day
    ("hl7.DT", "20230410", "20230301", "2023"),
    ("hl7.DT", "18990210", "18990101", "1899"),
    ("fhir.date", "2021-03-12", "2021-01-31", "2021"),
    ("fhir.date", "2021-03", "2021-02", "2021"),
    ("fhir.date", "2021", "2021", "2021"),
    ("fhir.dateTime", "2021-03-12T14:30:00+01:00", "2021-01-31T14:30:00+01:00", "2021"),
    ("fhir.instant", "2021-03-12T14:30:00.123Z", "2021-01-31T14:30:00.123Z", "2021-01-01T00:00:00Z"),
    ("cda.TS", "20210312143015+0100", "20210131143015+0100", "2021"),
    ("hl7.TM", "143015.5", "143015.5", None),
    ("fhir.time", "14:30:00", "14:30:00", None),
    ("hl7.DT", "20210230", None, None),
    ("hl7.DT", "00000000", None, None),
    ("hl7.DT", "20211301", None, None),
    ("hl7.DT", "unknown", None, None),
    ("hl7.TM", "1430 or so", None, None),
    ("fhir.date", "2021-3-1x", None, None),
    ("hl7.DT", "00010110", None, "0001"),
]


@pytest.mark.parametrize(("form", "value", "shifted", "year"), STRUCTURED)
def test_structured_dates_move_in_their_own_form(form: str, value: str, shifted: str | None, year: str | None):
    assert shift(value, form, BACK) == shifted
    assert generalise(value, form) == year


@pytest.mark.parametrize(
    ("form", "value", "month"),
    [
        ("hl7.DTM", "202103121430", "202103"),
        ("fhir.dateTime", "2021-03-12T14:30:00Z", "2021-03"),
        ("fhir.instant", "2021-03-12T14:30:00Z", "2021-03-01T00:00:00Z"),
    ],
)
def test_a_month_is_a_valid_partial_date(form: str, value: str, month: str):
    assert generalise(value, form, "month") == month


WRITTEN = [
    ("en", "3/12/2021", "1/31/2021", "2021"),
    ("en", "03/12/2021", "01/31/2021", "2021"),
    ("en", "03/12/21", "01/31/21", "2021"),
    ("en", "13/03/2021", "01/02/2021", "2021"),  # cannot be a month
    ("en-gb", "12/03/2021", "31/01/2021", "2021"),
    ("en", "March 12, 2021", "January 31, 2021", "2021"),
    ("en", "MARCH 12, 2021", "JANUARY 31, 2021", "2021"),
    ("en", "March 12th, 2021", "January 31st, 2021", "2021"),
    ("en", "12 Mar 2021", "31 Jan 2021", "2021"),
    ("en", "12-MAR-2021", "31-JAN-2021", "2021"),
    ("en", "12MAR2021", "31JAN2021", "2021"),
    ("en", "Sept. 12, 2021", "Aug. 3, 2021", "2021"),
    ("en", "the 12th of March 2021", "the 31st of January 2021", "2021"),
    ("en", "Friday, March 12, 2021", "Sunday, January 31, 2021", "2021"),
    ("en", "Fri 12 March", "Sun 31 January", None),
    ("en", "March 12", "January 31", None),
    ("en", "March 2021", "February 2021", "2021"),
    ("en", "03/12/2021 14:30", "01/31/2021 14:30", "2021"),
    ("en", "03/12/2021 at 2:30 pm", "01/31/2021 at 2:30 pm", "2021"),
    ("en", "2021-03-12T14:30:00Z", "2021-01-31T14:30:00Z", "2021"),
    ("en", "20210312", "20210131", "2021"),
    ("en", "March 10-12, 2021", "January 29-31, 2021", "2021"),
    ("en", "March 12-15, 2021", "January 31-February 3, 2021", "2021"),
    ("en", "3/12/2021 - 3/15/2021", "1/31/2021 - 2/3/2021", "2021"),
    ("en", "2019-2021", "2019-2021", "2019-2021"),
    ("en", "1998", "1998", "1998"),
    ("de", "12.03.2021", "31.01.2021", "2021"),
    ("de", "12.3.21", "31.1.21", "2021"),
    ("de", "12. März 2021", "31. Januar 2021", "2021"),
    ("de", "12. Maerz 2021", "31. Januar 2021", "2021"),
    ("de", "Freitag, den 12.03.2021 um 14:30 Uhr", "Sonntag, den 31.01.2021 um 14:30 Uhr", "2021"),
    ("de", "12.03.", "31.01.", None),
    ("de", "vom 12.03. bis 15.03.2021", "vom 31.01. bis 03.02.2021", "2021"),
    ("de", "12.-15.03.2021", "31.01.-03.02.2021", "2021"),
    ("de", "12.-14.05.2021", "02.-04.04.2021", "2021"),
    ("de", "03/2021", "02/2021", "2021"),
    ("es", "12 de marzo de 2021", "31 de enero de 2021", "2021"),
    ("es", "12/03/2021", "31/01/2021", "2021"),
    ("es", "viernes 12 de marzo", "domingo 31 de enero", None),
    ("es", "marzo de 2021", "febrero de 2021", "2021"),
    ("es", "del 12 al 13 de marzo de 2021", "del 31 enero al 1 de febrero de 2021", "2021"),
    ("fr", "12 mars 2021", "31 janvier 2021", "2021"),
    ("fr", "le 1er mars 2021", "le 20 janvier 2021", "2021"),
    ("fr", "12/03/2021 à 14h30", "31/01/2021 à 14h30", "2021"),
    ("fr", "mar. 12 mars 2021", "jeu. 31 janvier 2021", "2021"),
    ("fr", "1 fevrier 2021", "23 decembre 2020", "2021"),
    ("it", "12 marzo 2021", "31 gennaio 2021", "2021"),
    ("it", "12/03/2021 ore 14:30", "31/01/2021 ore 14:30", "2021"),
    ("nl", "12 maart 2021", "31 januari 2021", "2021"),
    ("nl", "vrijdag 12-03-2021 om 14.30 uur", "zondag 31-01-2021 om 14.30 uur", "2021"),
    ("pt", "12 de março de 2021", "31 de janeiro de 2021", "2021"),
    ("pt", "sexta-feira, 12 de março de 2021", "domingo, 31 de janeiro de 2021", "2021"),
    ("zh", "2021年3月12日", "2021年1月31日", "2021"),
    ("en", "14:30", "14:30", None),
    ("en", "the twelfth of March 2021", None, None),
    ("de", "31.02.2021", None, None),
    ("en", "yesterday", None, None),
    ("en", "12345", None, None),
    ("en", "", None, None),
]


@pytest.mark.parametrize(("language", "value", "shifted", "year"), WRITTEN)
def test_dates_in_texts_move_in_the_form_they_were_written(
    language: str, value: str, shifted: str | None, year: str | None
):
    assert shift(value, f"text.{language}", BACK) == shifted
    assert generalise(value, f"text.{language}") == year


MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
}

days = st.dates(date(1200, 1, 1), date(2900, 12, 31))
offsets = st.integers(-3650, 3650).filter(bool)


@given(days, offsets, st.sampled_from(sorted(MONTHS)))
def test_written_out_dates_move_by_the_offset_in_every_language(day: date, offset: int, language: str):
    names = MONTHS[language].split()
    moved = day + timedelta(days=offset)
    written = f"{day.day} {names[day.month - 1]} {day.year}"
    assert shift(written, f"text.{language}", Shift(offset)) == f"{moved.day} {names[moved.month - 1]} {moved.year}"


@given(days, offsets, st.sampled_from(["hl7.DT", "fhir.date", "text.de", "text.en"]))
def test_all_forms_move_by_the_same_days_and_back(day: date, offset: int, form: str):
    layouts = {"hl7.DT": "%Y%m%d", "fhir.date": "%Y-%m-%d", "text.de": "%d.%m.%Y", "text.en": "%m/%d/%Y"}
    value = day.strftime(layouts[form])
    moved = shift(value, form, Shift(offset))
    assert moved == (day + timedelta(days=offset)).strftime(layouts[form])
    assert moved is not None
    assert shift(moved, form, Shift(-offset)) == value


@given(days, days, offsets)
def test_intervals_are_kept_to_the_day(one: date, other: date, offset: int):
    def read(text: str | None) -> date:
        return date.fromisoformat(text or "")

    moved = [read(shift(day.isoformat(), "fhir.date", Shift(offset))) for day in (one, other)]
    assert moved[1] - moved[0] == other - one


@given(
    st.text(max_size=20), st.sampled_from(["hl7.DTM", "fhir.date", "cda.TS", "text", "text.de", "text.en", "text.fr"])
)
def test_any_text_moves_or_gives_nothing(value: str, form: str):
    moved = shift(value, form, BACK)
    assert moved is None or isinstance(moved, str)
    year = generalise(value, form)
    assert year is None or re.fullmatch(r"\d{4}(-\d{4})?|\d{4}-01-01T00:00:00Z", year)


@pytest.mark.parametrize(
    ("form", "value", "capped"),
    [
        ("hl7.DT", "19200512", "19310101"),
        ("fhir.date", "1920-05", "1931-01"),
        ("text.de", "12.05.1920", "01.01.1931"),
        ("hl7.DT", "19500512", "19500402"),
    ],
)
def test_birth_dates_before_the_floor_become_its_first_day(form: str, value: str, capped: str):
    assert shift(value, form, Shift(-40, floor=date(1931, 1, 2))) == capped
    year = generalise(value, form, floor=date(1931, 1, 2))
    assert year == max(re.findall(r"\d{4}", value)[0], "1931")


def test_on_new_years_eve_the_eldest_are_still_of_the_year_that_makes_them_ninety():
    """The floor is then 1 January, whose year were that of people who are 89."""
    by = Shift(0, floor=date(1933, 1, 1))
    assert [shift(born, "hl7.DT", by) for born in ("19010512", "19321231", "19330101")] == [
        "19320101",
        "19320101",
        "19330101",
    ]
    assert [generalise(born, "hl7.DT", floor=by.floor) for born in ("19010512", "19330101")] == ["1932", "1933"]
    assert generalise("May 1901", "text.en", floor=by.floor) == "1932"


def test_a_leap_day_without_a_year_is_read_in_a_leap_year():
    assert shift("29.02.", "text.de", Shift(1, reference_year=2023)) == "01.03."


@pytest.mark.parametrize(
    ("value", "language", "days", "expected"),
    [
        ("Mar 3, 2023", "en", -100, "Nov 23, 2022"),  # no Spanish Tuesday
        ("Mar 3, 2023", "", -100, "Nov 23, 2022"),
        ("mar. 3 mars 2020", "fr", -100, "dim. 24 novembre 2019"),  # a French one
        ("le premier mars 2021", "fr", 1, "le deux mars 2021"),
        ("le deux mars 2021", "fr", -1, "le premier mars 2021"),
        ("vingt quatre aout deux mille dix-sept", "fr", -100, "seize mai deux mille dix-sept"),
        (
            "QUINZE SEPTEMBRE MILLE NEUF CENT SOIXANTE-CINQ",
            "fr",
            6,
            "VINGT ET UN SEPTEMBRE MILLE NEUF CENT SOIXANTE-CINQ",
        ),
        ("trente et un décembre mille neuf cent quatre-vingt-dix-neuf", "fr", 1, "premier janvier deux mille"),
        ("enero del año 2001", "es", -100, "octubre del año 2000"),
        ("3  mars  2021", "fr", -100, "23  novembre  2020"),
        ("22|08|1923", "fr", -100, "14|05|1923"),
        ("3 0 0 3 2 0 2 1", "fr", -100, "2 0 1 2 2 0 2 0"),
        ("Q3 2020", "en", -100, "Q2 2020"),
        ("2020-Q1", "en", -100, "2019-Q4"),
        ("3. Quartal 2020", "de", -100, "2. Quartal 2020"),
        ("1er trimestre 2020", "fr", -100, "4e trimestre 2019"),
        ("2nd quarter of 2020", "en", 100, "3rd quarter of 2020"),
    ],
)
def test_dates_in_rarer_dress_move_in_it(value: str, language: str, days: int, expected: str):
    assert shift(value, f"text.{language}" if language else "text", Shift(days)) == expected


@pytest.mark.parametrize("value", ["le deux janvier dernier", "2 9 0 2 1 9 9 5", "Q5 2020", "trente-deux mars 2020"])
def test_what_is_no_date_is_not_moved(value: str):
    assert shift(value, "text.fr", Shift(-100)) is None


@given(st.dates(date(1900, 1, 1), date(2090, 12, 31)), st.integers(-2000, 2000))
def test_a_date_spelled_out_in_french_moves_there_and_back(day: date, days: int):
    from deidstream.core.date_words import _words

    months = "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split()  # noqa: SIM905
    number = "premier" if day.day == 1 else _words(day.day)
    text = f"{number} {months[day.month - 1]} {_words(day.year)}"
    moved = shift(text, "text.fr", Shift(days))
    assert moved is not None
    back = shift(moved, "text.fr", Shift(-days))
    assert back is not None
    assert back.replace("-", " ") == text.replace("-", " ")


@pytest.mark.parametrize(
    ("form", "value", "expected"),
    [
        ("hl7.DTM", "2014121914001", "2014110914001"),  # an odd digit too many: the day is still a day
        ("hl7.DTM", "20150101120030.1234-0500", "20141122120030.1234-0500"),
        ("fhir.dateTime", "2015-02-07T13:28:17.239+02:00", "2014-12-29T13:28:17.239+02:00"),
        ("fhir.instant", "2015-02-07T13:28:17Z", "2014-12-29T13:28:17Z"),
        ("hl7.DTM", "20151341", None),
        ("hl7.DT", "2014121", None),
    ],
)
def test_time_fraction_and_zone_stay(form: str, value: str, expected: str | None):
    assert shift(value, form, BACK) == expected


@given(st.dates(date(1700, 1, 1), date(2200, 1, 1)), st.integers(-9000, 9000), st.booleans())
def test_the_quick_way_gives_what_the_thorough_one_gives(day: date, days: int, old: bool):
    by = Shift(days, floor=date(1930, 5, 6) if old else None)
    thorough = shift(day.isoformat(), "fhir.date", by)
    assert shift(f"{day:%Y%m%d}", "hl7.DT", by) == (thorough.replace("-", "") if thorough else None)
