"""What stays in pixels by what it is made of, and what does not."""

from __future__ import annotations

import pytest
from deidstream.detection.image.vocabulary import is_harmless


@pytest.mark.parametrize(
    "token",
    # fmt: off
    [
        "12.5cm",
        "4.0cm",
        "60%",
        "MI:1.4",
        "TIS0.0",
        "20dB/DR60",
        "H4.00",
        "MHz",
        "C5-2",
        "L12-5",
        "36Hz",
        "1.2x3.4x2.0cm",
        "120kV",
        "HR",
        "72bpm",
        "Liver",
        "Thyroid",
        "L",
        "R",
        "AP",
        "PA",
        "LAO",
        "Supine",
        "kVp:120",
        "SE:3",
        "512x512",
        "+12.5",
        "<0.4",
        "Vmax",
        "cm/s",
        "T2*",
        "4.0cm⁻",
        "°",
        "...",
        "|",
    ],
    # fmt: on
)
def test_measurements_settings_and_sides_stay(token: str) -> None:
    assert is_harmless(token)


@pytest.mark.parametrize(
    "token",
    # fmt: off
    [
        "Quiltrane",
        "QUILTRANE,ADABEL",
        "4711081",
        "00047431395",
        "04/12/1961",
        "1961-04-12",
        "12.04.1961",
        "12/1961",
        "10:15:22",
        "045Y",
        "45yrs",
        "J.",
        "MRN:4711081",
        "555-0100",
        "A123456",
        "Dr.Roe",
        "St.Elsewhere",
        "adabel@example.org",
        "ID4711081",
        "王小明",
        "Müller",
    ],
    # fmt: on
)
def test_names_numbers_dates_and_ages_do_not(token: str) -> None:
    assert not is_harmless(token)
