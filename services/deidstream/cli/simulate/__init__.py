"""A synthetic hospital day: admissions, updates, results, reports, orders, notes, appointments, merges, as HL7 v2 and FHIR.

Everything follows from the seed. Each event says what it planted, so that whoever sends the day can search for it afterwards.
"""

from deidstream.cli.simulate.day import Event, day

__all__ = ["Event", "day"]
