"""Memory of `deidstream clean` with one instance of 10 MB and one of 300 MB, of which the policy wants the header cleaned alone.

    python -m tests.bench.dicom.memory [--megabytes 300]

Each in a process of its own; what it took is what the system says was resident at most. Prints a table, then all figures in one
line; exits 1 where they fall short.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml
from deidstream.adapters import policy_files
from deidstream.formats.dicom.apart import apart, together

from tests.bench.figure import Figure, summary, table
from tests.formats.dicom.files import bundled

__all__ = ["large", "policy", "resident"]

_SMALL = 10
_MOST = 1.1
"""Times what the small one took."""
_PORTION = 1 << 20


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="tests.bench.dicom.memory", description=__doc__)
    parser.add_argument("--megabytes", type=int, default=300)
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        small, great = (resident(Path(folder), size) for size in (_SMALL, given.megabytes))
    figures = [
        Figure(
            "dicom-memory-of-small", great / small, "x", "at most", _MOST, f"{given.megabytes} MB beside {_SMALL} MB"
        ),
        Figure(f"dicom-memory-{_SMALL}", small, "MiB", note="resident at most, header alone"),
        Figure(f"dicom-memory-{given.megabytes}", great, "MiB", note="resident at most, header alone"),
    ]
    print(table(figures))
    print(summary(figures))
    return int(any(one.short for one in figures))


def resident(folder: Path, megabytes: int) -> float:
    """MiB that `clean` took at most with an instance of that size, which it has written whole."""
    source, out = folder / f"{megabytes}.dcm", folder / f"out-{megabytes}"
    large(source, megabytes * 10**6)
    command = [sys.executable, "-m", "deidstream.cli", "clean", str(source), "--out", str(out)]
    done = subprocess.Popen([*command, "--policy", str(policy(folder)), "--tagger", "none"], stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(done.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    size = (out / source.name).stat().st_size
    assert abs(size - source.stat().st_size) < 10_000
    source.unlink()
    (out / source.name).unlink()
    return usage.ru_maxrss / 1024


def large(path: Path, size: int) -> None:
    """An instance with so many bytes of pixels, which no process holds at once: a child's peak begins with its parent's."""
    content = next(one for one in bundled() if one.name == "CT_small.dcm").read_bytes()
    taken = apart(content, os.urandom(16))
    assert taken is not None
    sides = together(taken.source, replace(taken, end=taken.start + size // _PORTION * _PORTION))
    assert sides is not None
    with path.open("wb") as out:
        out.write(sides[0])
        for _ in range(size // _PORTION):
            out.write(os.urandom(_PORTION))
        out.write(sides[1])


def policy(folder: Path) -> Path:
    """The default one, with pictures let through."""
    content = yaml.safe_load((policy_files.FOLDER / "research-dates-shifted.yaml").read_text())
    content["dicom"]["pixels"] = "keep"
    path = folder / "policy.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


if __name__ == "__main__":
    sys.exit(main())
