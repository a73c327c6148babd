"""What clinicians write about the simulated patients."""

from __future__ import annotations

from datetime import datetime, timedelta

from deidstream.cli.simulate.people import Patient, words

__all__ = ["note", "report"]


def note(person: Patient, now: datetime) -> str:
    """An admission note in the patient's language, with names, dates, an address, a phone and hard negatives."""
    vocabulary = words()[person.language]
    return str(vocabulary["note"]).format(
        salutation=vocabulary["salutation"][person.sex],
        clinician=vocabulary["clinician"],
        family=person.family,
        doctor=person.doctor_family,
        relative=f"{person.relative} {person.family}",
        age=now.year - person.birth.year - 1,
        day=now.strftime(vocabulary["date"]),
        later=(now + timedelta(days=14)).strftime(vocabulary["date"]),
        street=person.street,
        town=f"{person.postal_code} {person.town}",
        phone=person.phone,
        mrn=person.mrn,
    )


def report(person: Patient, now: datetime) -> str:
    """One line of a radiology report that names an earlier study."""
    vocabulary = words()[person.language]
    return str(vocabulary["finding"]).format(day=(now - timedelta(days=40)).strftime(vocabulary["date"]))
