"""The people of the simulated hospital: patients, their relatives, the clinicians."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from random import Random
from typing import Any

import yaml

__all__ = ["Patient", "patient", "words"]


@dataclass(frozen=True, slots=True)
class Patient:
    """An invented person. ``truth`` lists every string that must not come out."""

    language: str
    sex: str
    family: str
    given: str
    birth: date
    mrn: str
    national_id: str
    street: str
    town: str
    postal_code: str
    state: str
    country: str
    phone: str
    relative: str
    doctor_family: str
    doctor_given: str
    doctor_id: str
    visit: str
    truth: tuple[str, ...] = field(default=(), repr=False)

    @property
    def fhir_id(self) -> str:
        """The logical id under which the FHIR feed knows this person."""
        return f"p{self.mrn}"


@cache
def words() -> dict[str, Any]:
    """The vocabulary by language (``words.yaml``)."""
    text = files("deidstream.cli.simulate").joinpath("words.yaml").read_text(encoding="utf-8")
    return dict(yaml.safe_load(text))


def patient(random: Random, number: int, languages: tuple[str, ...]) -> Patient:
    """The ``number``-th patient of this seed."""
    language = languages[number % len(languages)]
    vocabulary = words()[language]
    sex = random.choice(("female", "male"))
    town, postal_code, state = random.choice(vocabulary["towns"])
    digits = [str(random.randrange(1, 10)) for _ in range(4)]
    house = str(random.randrange(2, 180))
    family, doctor_family = random.sample(vocabulary["family"], 2)
    person = {
        "family": family,
        "given": random.choice(vocabulary[sex]),
        "birth": date(1931, 1, 1) + timedelta(days=random.randrange(29_000)),
        "mrn": f"{7_100_000 + number * 37 + random.randrange(37)}",
        "national_id": f"{random.randrange(100, 665):03}-{random.randrange(10, 99)}-{random.randrange(1000, 9999)}",
        "street": vocabulary["street_form"].format(number=house, street=random.choice(vocabulary["streets"])),
        "phone": vocabulary["phone"].format(**dict(zip("abcd", digits, strict=True))),
        "relative": random.choice(vocabulary["female"]),
        "doctor_family": doctor_family,
        "doctor_given": random.choice(vocabulary[random.choice(("female", "male"))]),
        "doctor_id": f"D{random.randrange(10_000, 99_999)}",
        "visit": f"V{random.randrange(1_000_000, 9_999_999)}",
    }
    truth = tuple(
        str(person[name]) for name in ("family", "mrn", "national_id", "street", "phone", "doctor_id", "visit")
    )
    return Patient(
        language=language,
        sex=sex,
        town=town,
        postal_code=postal_code,
        state=state,
        country=vocabulary["country"],
        truth=truth,
        **person,
    )
