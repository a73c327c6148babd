"""Invented letters in messages that say whom they are about: as print, as scans, and with text layers that say something else."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pikepdf

from tests.formats.pdf.made import as_boxes, drawing, lettered, misnamed, pdf, pictured, scanned

__all__ = ["KINDS", "Letter", "letters"]

_FAMILIES = [
    "Abernethy",
    "Bellweather",
    "Cranshaw",
    "Dunwoodie",
    "Eversleigh",
    "Farquhar",
    "Greystoke",
    "Hollingberry",
    "Inglethorpe",
    "Kettlewell",
]
_GIVEN = [
    "Adelaide",
    "Bertram",
    "Clementina",
    "Desmond",
    "Euphemia",
    "Fitzgerald",
    "Gwendolen",
    "Humphrey",
    "Isadora",
    "Lancelot",
]
_STREETS = ["Larkspur", "Thistledown", "Brackenbury", "Honeysuckle", "Wetherby", "Marigold"]
_QUALITY = 80
"""Of JPEG, as scanners write."""
_SENTENCES = (
    "The patient presented with progressive dyspnoea on exertion and swelling of both ankles.",
    "On examination there were bilateral basal crackles, and the jugular venous pressure was raised.",
    "Haemoglobin was 11.2 g/dl, creatinine 134 umol/l, potassium 4.9 mmol/l and sodium 137 mmol/l.",
    "Echocardiography showed a dilated left ventricle with an ejection fraction of 35 percent.",
    "Treatment with furosemide and ramipril was started, and bisoprolol was increased slowly.",
    "There is a history of hypertension, type 2 diabetes mellitus and chronic kidney disease.",
    "No pleural effusion was seen on the chest radiograph, and the cardiac silhouette was enlarged.",
    "Please check renal function and electrolytes after the next increase of the dose.",
    "The oral anticoagulation was paused before the procedure and restarted on the following day.",
    "Spirometry was normal, and a thyroid disorder was excluded by laboratory tests.",
)


@dataclass(frozen=True)
class Letter:
    """A message with a PDF in it. ``secrets`` stand in the pixels of its page; ``words``: what else does."""

    name: str
    kind: str
    content: bytes
    page: bytes
    secrets: Sequence[str]
    words: Sequence[str]


def letters(seed: int, each: int) -> Iterator[Letter]:
    """``each`` of every kind."""
    chance = random.Random(seed)  # noqa: S311 - invented patients, the same for the same seed
    for kind, make in KINDS.items():
        for number in range(each):
            yield _letter(chance, kind, number, make)


def _letter(
    chance: random.Random, kind: str, number: int, make: Callable[[list[str], list[str], int], bytes]
) -> Letter:
    given, family = chance.choice(_GIVEN), chance.choice(_FAMILIES)
    record = str(chance.randrange(10**7, 10**8))
    phone = f"0{chance.randrange(100, 999)} {chance.randrange(10**5, 10**6)}"
    born = (chance.randrange(1930, 2000), chance.randrange(1, 13), chance.randrange(1, 29))
    day = "{2:02}.{1:02}.{0}".format(*born)
    street = f"{chance.choice(_STREETS)} Lane {chance.randrange(10, 99)}"
    head = [
        f"Patient: {given} {family}, born {day}",
        f"Record number {record}, telephone {phone}",
        f"Address: {street}",
    ]
    body = [*chance.sample(_SENTENCES, 8), f"Seen again in clinic: {family} is well.", *chance.sample(_SENTENCES, 8)]
    page = make(head, body, chance.randrange(10**6))
    message = (
        f"MSH|^~\\&|A|B|C|D|20260310||ORU^R01|{kind}{number}|P|2.5\r"
        f"PID|1||{record}^^^HOSP^MR||{family}^{given}||{born[0]}{born[1]:02}{born[2]:02}|F|||{street}^^Holt^^NR25||{phone}\r"
        f"OBR|1||7|LETTER\rOBX|1|ED|LETTER||^AP^PDF^Base64^{base64.b64encode(page).decode()}||||||F\r"
    )
    secrets = (given, family, record, day, phone.split()[1], street.split()[0])
    words = [word for line in body if family not in line for word in line.split() if word.strip(",.").isalpha()]
    return Letter(f"{kind}-{number}.hl7", kind, message.encode(), page, secrets, words)


def _print(head: list[str], body: list[str], seed: int) -> bytes:
    return pdf([*head, *body])


def _scan(head: list[str], body: list[str], seed: int) -> bytes:
    return scanned([*head, *body], seed=seed, quality=_QUALITY)


def _false(head: list[str], body: list[str], seed: int) -> bytes:
    return pdf([*head, *body], then=misnamed)


def _drawn(head: list[str], body: list[str], seed: int) -> bytes:
    return pdf(
        body, then=lambda out: [drawing(out, as_boxes(line, 60, 300 - 24 * row)) for row, line in enumerate(head)]
    )


def _image(head: list[str], body: list[str], seed: int) -> bytes:
    def add(out: pikepdf.Pdf) -> None:
        for row, line in enumerate(head):
            picture = lettered(line)
            pictured(out, picture, (60, 300 - 30 * row, picture.shape[1] / 4, picture.shape[0] / 4))

    return pdf(body, then=add)


KINDS: dict[str, Callable[[list[str], list[str], int], bytes]] = {
    "print": _print,
    "scan": _scan,
    "false": _false,
    "drawn": _drawn,
    "image": _image,
}
"""Print with a true layer; a scan; a font that says other letters; the head drawn as shapes, and as pictures."""
