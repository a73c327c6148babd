"""Pixels: burned-in identifiers of deid-data's ultrasound, and of planted instances of thirty kinds, through `deidstream clean`.

    python -m tests.bench.pixels [--seed N] [--kinds 30] [--without-cines]

Released pixels are read again by tesseract, which knows nothing of this project, and by our own reader. Prints a table, then all
figures in one line; exits 1 where they fall short.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
import pydicom
from deidstream.adapters.pictures.models import open_reader
from deidstream.cli.clean.engine import Engine, Options
from deidstream.cli.clean.inputs import Input
from deidstream.detection.image.reading import Reader
from deidstream.formats.dicom import split
from deidstream.formats.dicom.pixels.picture import DicomPicture

from tests.bench.figure import Figure, summary, table
from tests.bench.pixels.planted import planted

_MODELS = Path(__file__).parents[3] / "models"
_Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Truth:
    """What identifies somebody in a picture: words that nobody may read any more, and where they stand."""

    words: Sequence[str]
    boxes: Sequence[_Box]
    measures: Sequence[str] = ()


_TOP = [(0, 0, 290, 24), (425, 0, 95, 24), (545, 0, 150, 24), (815, 0, 200, 24)]
ULTRASOUND: Mapping[str, Truth] = {
    "GREYSCALE_IMAGE.dcm": Truth(
        ["PATIENTFI", "00079241539", "08/29/1951", "CLEVELAN", "03/02/2017", "05:24:57"],
        _TOP,
        ["TIS0.0", "MI0.6", "36Hz", "4.0cm"],
    ),
    "RGB_IMAGE.dcm": Truth(
        ["ZZZDOWNTIME", "MARY", "00047431395", "120907058", "4/14/2020", "8:48:26", "CLEVELAND"],
        [(0, 3, 230, 26), (0, 30, 142, 26), (500, 3, 85, 26), (612, 3, 110, 26), (770, 3, 118, 26), (500, 30, 205, 28)],
        ["TIS:0.5", "TIB:0.5", "19fps", "16cm"],
    ),
    "GREYSCALE_CINE.dcm": Truth(
        ["PATIENTFI", "00079241539", "08/29/1951", "CLEVELA", "03/02/2017", "05:24:54"],
        [(0, 0, 250, 20), (300, 0, 125, 20), (430, 0, 110, 20), (635, 0, 160, 20)],
        ["TIS0.0", "36Hz", "4.0cm"],
    ),
    "RGB_CINE.dcm": Truth(
        ["0001128201", "01/30/1986", "AGMC", "OCT-2016", "01:07:45"],
        [(110, 0, 130, 28), (110, 24, 130, 24), (400, 0, 200, 28), (600, 0, 210, 28), (830, 0, 180, 50)],
        ["TIS 0.6", "17 Hz"],
    ),
}


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="tests.bench.pixels", description=__doc__)
    parser.add_argument("--seed", type=int, default=20261129)
    parser.add_argument("--kinds", type=int, default=30)
    parser.add_argument("--without-cines", action="store_true")
    given = parser.parse_args()
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        reader = open_reader(_MODELS, threads=2)
        figures = list(_ultrasound(folder / "us", reader, given.without_cines))
        figures += _planted(folder / "planted", reader, given.seed, given.kinds)
    print(table(figures))
    print(summary(figures))
    return int(any(one.short for one in figures))


def _ultrasound(folder: Path, reader: Reader, without_cines: bool) -> Iterator[Figure]:
    names = _unpacked(folder / "in")
    if without_cines:
        names = [name for name in names if "CINE" not in name]
    seconds, frames = _cleaned(folder, names)
    released = [name for name in names if (folder / "out" / name).exists()]
    covered, boxes, changed, rest, read = 0, 0, 0, 0, list[str]()
    kept = asked = 0
    for name in released:
        truth, before, after = ULTRASOUND[name], _picture(folder / "in" / name), _picture(folder / "out" / name)
        for frame in {1, before.frames // 2 + 1, before.frames}:
            was, is_ = before.looks(frame)[0], after.looks(frame)[0]
            apart = (was != is_).any(axis=2)
            outside = np.ones_like(apart)
            for x, y, width, height in truth.boxes:
                outside[y : y + height, x : x + width] = False
            changed, rest = changed + int(apart[outside].sum()), rest + int(outside.sum())
            text = _read(is_, reader)
            covered += sum(not _stands(word, text) for word in truth.words)
            boxes += len(truth.words)
            read += [f"{name}[{frame}] {word}" for word in truth.words if _stands(word, text)]
            kept += sum(_stands(word, text) for word in truth.measures)
            asked += len(truth.measures)
    print("\n".join(read))
    yield Figure(
        "ultrasound-covered",
        covered / boxes,
        "",
        "at least",
        1.0,
        f"of {boxes} identifying words in {len(names)} files",
    )
    yield Figure(
        "ultrasound-released",
        len(released),
        "",
        "at least",
        len(names),
        f"of {len(names)}",
    )
    yield Figure("ultrasound-changed", changed / rest, "", "at most", 0.01, "of the rest of the pictures")
    yield Figure("ultrasound-measures", kept / asked, "", "at least", 0.9, "read as before")
    yield Figure(
        "ultrasound-seconds", seconds / frames, "s/frame", note="all of clean, the look at the result included"
    )


def _planted(folder: Path, reader: Reader, seed: int, kinds: int) -> Iterator[Figure]:
    (folder / "in").mkdir(parents=True)
    every = list(planted(seed, kinds))
    for one in every:
        (folder / "in" / one.name).write_bytes(one.content)
    _cleaned(folder, [one.name for one in every])
    secrets = left = measures = kept = changed = rest = released = 0
    for one in every:
        path = folder / "out" / one.name
        if not path.exists():
            continue
        released += 1
        before, after = _picture(folder / "in" / one.name), _picture(path)
        first, text = _read(before.looks(1)[-1], reader), _read(after.looks(1)[-1], reader)
        found = [word for word in one.secrets if _stands(word, text)]
        print(*(f"{one.name} {word}" for word in found), sep="\n", end="\n" if found else "")
        secrets, left = secrets + len(one.secrets), left + len(found)
        legible = [word for word in one.measures if _stands(word, first)]
        measures, kept = measures + len(legible), kept + sum(_stands(word, text) for word in legible)
        apart = _apart(folder / "in" / one.name, path)
        outside = np.ones_like(apart)
        for x, y, width, height in one.boxes:
            outside[max(0, y) : y + height, max(0, x) : x + width] = False
        changed, rest = changed + int(apart[outside].sum()), rest + int(outside.sum())
    yield Figure("planted-released", released / len(every), "", "at least", 1.0, f"of {len(every)} kinds")
    yield Figure("planted-left", left, "", "at most", 0, f"of {secrets} planted words, by tesseract and our own reader")
    yield Figure("planted-measures", kept / measures, "", "at least", 0.9, f"of {measures} that could be read before")
    yield Figure("planted-changed", changed / rest, "", "at most", 0.01, "of the rest of the pictures")


def _cleaned(folder: Path, names: Sequence[str]) -> tuple[float, int]:
    """Seconds and frames."""
    engine = Engine(Options(folder / "out", folder / "state", "research-dates-shifted", "", "none", 2))
    items = [Input(folder / "in" / name, name) for name in names]
    engine.learn(items)
    engine.settle()
    began = time.perf_counter()
    share = engine.clean(items)
    seconds = time.perf_counter() - began
    print(json.dumps(share.tally.as_json()["reasons"]))
    return seconds, sum(_picture(folder / "in" / name).frames for name in names)


def _unpacked(folder: Path) -> list[str]:
    """Those of deid-data's files whose truth is written down here."""
    import deid_data

    folder.mkdir(parents=True)
    source = Path(deid_data.__file__).parent / "data" / "ultrasounds"
    for path in sorted(source.iterdir()):
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as packed:
                for member in packed.namelist():
                    if Path(member).name in ULTRASOUND:
                        (folder / Path(member).name).write_bytes(_mended(packed.read(member)))
        elif path.name in ULTRASOUND:
            shutil.copy(path, folder / path.name)
    return sorted(path.name for path in folder.iterdir())


def _mended(content: bytes) -> bytes:
    """One of the files writes the patient's age as LO, and would be quarantined for that (``wrong-vr``)."""
    return content.replace(b"\x10\x00\x10\x10LO", b"\x10\x00\x10\x10AS")


def _picture(path: Path) -> DicomPicture:
    return DicomPicture(split(path.read_bytes()))


def _apart(one: Path, other: Path) -> np.ndarray:
    """Which pixels of the first frame have another value."""
    before, after = (pydicom.dcmread(path).pixel_array for path in (one, other))
    return (before != after).reshape(*before.shape[:2], -1).any(axis=2)


def _read(picture: np.ndarray, reader: Reader) -> str:
    """What tesseract and our own reader see, both at twice the size too."""
    own = " ".join(line.text for line in reader.read(picture, "image", 1).lines)
    return f"{own} {_tesseract(picture)} {_tesseract(cv2.resize(picture, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC))}"


def _tesseract(picture: np.ndarray) -> str:
    png = cv2.imencode(".png", picture[:, :, ::-1])[1].tobytes()
    command = ["tesseract", "stdin", "stdout", "--psm", "11"]
    return subprocess.run(command, input=png, capture_output=True, check=True).stdout.decode("utf-8", "replace")  # noqa: S603


def _stands(word: str, text: str) -> bool:
    """Whether ``word`` stands in ``text``, blanks and letters that are taken for one another left out of account."""
    return _folded(word) in _folded(text)


def _folded(text: str) -> str:
    return "".join(text.upper().translate(str.maketrans("OQILSBZ", "0011582")).split())


if __name__ == "__main__":
    sys.exit(main())
