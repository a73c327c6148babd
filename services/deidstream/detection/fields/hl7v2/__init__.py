"""What the structure of an HL7 v2 message says, by the data type of every field in every version. Default deny.

Tables: ``datatypes`` (what each component of a type is) and ``segments`` (what single fields say beyond their type).
"""

from __future__ import annotations

from typing import cast

from deidstream.core.document import Document
from deidstream.core.fact import Reading
from deidstream.detection.fields.hl7v2.reading import Walk
from deidstream.detection.fields.hl7v2.subjects import languages, links, sexes, subjects
from deidstream.formats.hl7v2 import Hl7Document

__all__ = ["DETECTOR", "read"]

DETECTOR = "fields.hl7v2/1"


def read(document: Document) -> Reading:
    """Facts about every identifying or unknown leaf of ``document`` (an ``Hl7Document``), its subjects and links.

    There is one subject for each PID, and one without identifiers where there is no PID.
    """
    message = cast(Hl7Document, document)
    facts = tuple(Walk(message).all())
    count = max(1, sum(segment.name == "PID" for segment in message.segments))
    return Reading(
        subjects(facts, count), facts, links(message, facts), sexes(message, count), languages(message, count)
    )
