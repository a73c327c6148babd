"""Thirty kinds of instances with invented people burned in, and measurements beside them.

Nothing here is looked at when vocabulary or thresholds are chosen: change the seed, not the detector, to see more.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGLSLossless,
    RLELossless,
)

from tests.formats.dicom.pictures import drawn, instance

__all__ = ["Planted", "planted"]

_FAMILY = (
    "Okonjo Brzezinski Featherstone Vanterpool Achterberg Quisenberry Lindqvist Montesinos Thibodeaux Yamaguchi".split()  # noqa: SIM905
)
_GIVEN = "Ottoline Casimir Perpetua Leopoldo Wilhelmina Anselm Fionnuala Baldassare Theodora Kazimierz".split()  # noqa: SIM905
_SITES = ["St Brannock Hospital", "Hopewell Infirmary", "Klinikum Ostfelden", "Clinica Belvista"]
_MEASURES = [
    "12.5 cm",
    "MI 0.6",
    "HR 72 bpm",
    "3.42 mm",
    "120 kV",
    "80 mA",
    "L",
    "R",
    "TIS 0.4",
    "15 fps",
    "4.1 m/s",
    "T2",
]
_SYNTAXES = [
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
    RLELossless,
    JPEGLSLossless,
]
_HERSHEY = [cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_PLAIN]


@dataclass(frozen=True)
class Planted:
    """``secrets``: what must not be read any more. ``measures``: what must."""

    name: str
    content: bytes
    secrets: list[str]
    measures: list[str]
    boxes: list[tuple[int, int, int, int]]
    """Of the secrets: x, y, width, height, generously."""


def planted(seed: int = 20261129, count: int = 30) -> Iterator[Planted]:
    """The instances, by kind: modality, samples, syntax, letters, ground."""
    for number in range(count):
        yield _planted(number, random.Random(seed * 1000 + number))


def _planted(number: int, chance: random.Random) -> Planted:
    rows, columns = chance.choice([(384, 512), (480, 640), (600, 800)])
    ground = _ground(rows, columns, number % 3, chance)
    family, given = chance.choice(_FAMILY), chance.choice(_GIVEN)
    record = str(chance.randint(1_000_000, 9_999_999))
    day = f"{chance.randint(1, 28):02d}/{chance.randint(1, 12):02d}/{chance.randint(1930, 2020)}"
    secrets = [
        chance.choice([f"{family}, {given}", f"{given} {family}", f"{family.upper()}^{given.upper()}"]),
        chance.choice([record, f"ID: {record}", f"MRN {record}"]),
        chance.choice([day, f"DOB {day}"]),
        chance.choice(_SITES),
        f"Dr {chance.choice(_FAMILY)}",
    ]
    measures = chance.sample(_MEASURES, 4)
    size = chance.choice([14, 16, 20, 24])
    picture, boxes = _written(ground, secrets, measures, size, number, chance)
    who = {"PatientName": f"{family}^{given}" if number % 4 else "", "PatientID": record if number % 4 else ""}
    content = _instance(picture, number, chance, who)
    return Planted(f"{number:02d}.dcm", content, _words(secrets), measures, boxes)


def _ground(rows: int, columns: int, kind: int, chance: random.Random) -> np.ndarray:
    noise = np.random.default_rng(chance.randint(0, 10**6))
    if kind == 0:  # a scanner: black, with a bright body in the middle
        y, x = np.mgrid[:rows, :columns]
        body = ((x - columns / 2) / (columns * 0.3)) ** 2 + ((y - rows / 2) / (rows * 0.3)) ** 2 < 1
        return (body * 120 + noise.integers(0, 12, (rows, columns))).astype(np.uint8)
    coarse = noise.integers(10, 60 if kind == 1 else 140, (rows // 6 + 1, columns // 6 + 1)).astype(np.uint8)
    speckle = cv2.resize(coarse, (columns, rows), interpolation=cv2.INTER_CUBIC)
    return np.clip(speckle.astype(int) + noise.integers(-20, 20, speckle.shape), 0, 255).astype(np.uint8)


def _written(
    picture: np.ndarray, secrets: list[str], measures: list[str], size: int, number: int, chance: random.Random
) -> tuple[np.ndarray, list[tuple[int, int, int, int]]]:
    rows, columns = picture.shape
    places = [
        (8, 8),
        (8, 8 + 2 * size),
        (columns // 2 + 20, 8),
        (8, rows - 2 * size - 4),
        (columns // 2, rows - 4 * size),
    ]
    right = [(columns - 9 * size, 80 + index * 2 * size) for index in range(len(measures))]
    value = chance.choice([255, 220, 200])
    text = dict(zip(places, secrets, strict=True)) | dict(zip(right, measures, strict=True))
    boxes = [
        (x - 4, y - 4, int(len(line) * size * 0.75) + 8, int(size * 1.5) + 8)
        for (x, y), line in zip(places, secrets, strict=True)
    ]
    if number % 5 == 4:
        picture = picture.copy()
        for (x, y), line in text.items():
            cv2.putText(
                picture, line, (x, y + size), _HERSHEY[number % 4], size / 30, value, 1 + size // 20, cv2.LINE_AA
            )
        return picture, boxes
    if number % 7 == 6:  # dark letters on bright labels
        picture = picture.copy()
        for (x, y), line in text.items():
            picture[y - 2 : y + size + 6, x - 2 : x + int(len(line) * size * 0.6)] = 230
        value = 0
    return drawn(picture, text, size, value), boxes


def _instance(picture: np.ndarray, number: int, chance: random.Random, who: dict[str, str]) -> bytes:
    syntax = _SYNTAXES[number % len(_SYNTAXES)]
    kind = ("us", "ct", "sc")[number % 3]
    more = {"BodyPartExamined": "CHEST"} if kind == "ct" else {}
    if kind == "ct":
        grey = picture.astype(np.int16) * 8 - 1024
        return instance(grey, syntax, kind, **who, **more, RescaleIntercept="0", RescaleSlope="1")
    if number % 2:
        colour = np.stack([picture, picture, (picture * 0.6).astype(np.uint8)], axis=2)
        return instance(colour, syntax if syntax != ExplicitVRBigEndian else RLELossless, kind, **who)
    return instance(picture, syntax, kind, **who)


def _words(secrets: list[str]) -> list[str]:
    """Those of four and more characters that say who it is."""
    plain = ("Hospital", "Infirmary", "Klinikum", "Clinica")
    words = [word for line in secrets for word in line.replace("^", " ").replace(",", " ").split()]
    return [word for word in words if len(word) >= 4 and word not in plain]
