"""Headers of DICOM instances a second: `deidstream clean` with the full profile beside three de-identifiers, and pydicom itself.

    python -m tests.bench.dicom [--rounds 5]

Each reads the same files from disk and writes its results to disk, in one process, one after the other in each round; the best
round of each counts. Prints a table with the ratios first, then all figures in one line; exits 1 where they fall short.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pydicom
import yaml
from deid.dicom import replace_identifiers
from deidstream.adapters import policy_files
from deidstream.cli.clean.engine import Engine, Options
from deidstream.cli.clean.inputs import Input
from dicognito.anonymizer import Anonymizer
from dicomanonymizer.simpledicomanonymizer import anonymize_dataset

from tests.bench.figure import Figure, summary, table
from tests.formats.dicom.files import bundled

_LEAST = 1.5
"""Times the fastest of the other de-identifiers."""
_COPIES = 3

Run = Callable[[Sequence[Path], Path], None]


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="tests.bench.dicom", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    with TemporaryDirectory() as scratch:
        runs = _runs(Path(scratch))
        files = _files(Path(scratch), runs)
        best = _best(files, Path(scratch), runs, rounds)
    figures = list(_figures(best, len(files)))
    print(table(figures))
    print(summary(figures))
    return int(any(one.short for one in figures))


def _figures(best: Mapping[str, float], count: int) -> list[Figure]:
    ours = best.pop("deidstream")
    bare = best["pydicom"]
    fastest = max(rate for name, rate in best.items() if name != "pydicom")
    return [
        Figure("dicom-of-fastest", ours / fastest, "x", "at least", _LEAST, "of the fastest other de-identifier"),
        Figure("dicom-of-pydicom", ours / bare, "x", note="of pydicom reading and writing"),
        Figure("dicom-deidstream", ours, "instances/s", note="all stages of clean, both passes"),
        *(Figure(f"dicom-{name}", rate, "instances/s") for name, rate in best.items()),
        Figure("dicom-instances", count, ""),
    ]


def _runs(scratch: Path) -> dict[str, Run]:
    return {
        "deidstream": _deidstream(scratch),
        "dicognito": _dicognito,
        "dicom-anonymizer": _dicom_anonymizer,
        "deid": _deid,
        "pydicom": _pydicom,
    }


def _best(files: Sequence[Path], scratch: Path, runs: Mapping[str, Run], rounds: int) -> dict[str, float]:
    best = dict.fromkeys(runs, 0.0)
    for _ in range(rounds):
        for name, run in runs.items():
            with TemporaryDirectory(dir=scratch) as out:
                start = time.perf_counter()
                run(files, Path(out))
                best[name] = max(best[name], len(files) / (time.perf_counter() - start))
    return best


def _files(scratch: Path, runs: Mapping[str, Run]) -> list[Path]:
    """Those of pydicom's files that every one of them can do, several times, so that a round is no blink."""
    able: list[Path] = []
    for path in bundled():
        with TemporaryDirectory(dir=scratch) as out:
            try:
                for run in runs.values():
                    run([path], Path(out))
            except Exception:  # noqa: BLE001, S112 - whatever the reason, the file is not for all of them
                continue
        able.append(path)
    folder = scratch / "files"
    folder.mkdir()
    made = []
    for number in range(_COPIES):
        for path in able:
            copy = folder / f"{number}-{path.name}"
            copy.write_bytes(path.read_bytes())
            made.append(copy)
    return made


def _policy(scratch: Path) -> Path:
    """The default policy, which has the most options, with pictures let through."""
    content = yaml.safe_load((policy_files.FOLDER / "research-dates-shifted.yaml").read_text())
    content["dicom"]["pixels"] = "keep"
    path = scratch / "policy.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def _deidstream(scratch: Path) -> Run:
    options = Options(scratch / "ours", scratch / "state", str(_policy(scratch)), "", "none", 1)
    engine = Engine(options)  # a process starts once, whatever it does afterwards

    def run(files: Sequence[Path], out: Path) -> None:
        items = [Input(path, path.name) for path in files]
        engine.learn(items)
        engine.settle()
        share = engine.clean(items)
        assert share.tally.complete

    return run


def _pydicom(files: Sequence[Path], out: Path) -> None:
    for path in files:
        dataset = pydicom.dcmread(path)
        for _ in dataset.iterall():
            pass  # elements are parsed when asked for: whoever de-identifies asks for all
        dataset.save_as(out / path.name)


def _dicognito(files: Sequence[Path], out: Path) -> None:
    anonymizer = Anonymizer()
    for path in files:
        with pydicom.dcmread(path) as dataset:
            anonymizer.anonymize(dataset)
            dataset.save_as(out / path.name)


def _dicom_anonymizer(files: Sequence[Path], out: Path) -> None:
    for path in files:
        dataset = pydicom.dcmread(path)
        anonymize_dataset(dataset)
        dataset.save_as(out / path.name)


def _deid(files: Sequence[Path], out: Path) -> None:
    replace_identifiers([str(path) for path in files], save=True, overwrite=True, output_folder=str(out), force=False)


if __name__ == "__main__":
    sys.exit(main())
