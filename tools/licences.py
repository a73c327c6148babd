"""What we ship is licensed how: ``python tools/licences.py > docs/security/licences.md``, checked by tests/security.

The packages are those of the lock files; their licences are what the installed ones say of themselves.
"""

from __future__ import annotations

import re
import sys
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

__all__ = ["ALLOWED", "SHIPPED", "SINGLE", "TRITON", "Package", "faults", "of_triton", "packages", "page"]

ROOT = Path(__file__).parents[1]
SHIPPED = (*(f"docker/{target}.lock" for target in ("light", "tagged", "image", "monitor")), "requirements.lock")
"""Lock files of what runs: images, and the command with its tests. Those of comparisons, training and builds ship nothing."""

ALLOWED = frozenset(
    (
        *("0BSD", "Apache-2.0", "BSD", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MIT-0", "MIT-CMU"),
        *("MPL-2.0", "PSF-2.0", "Unlicense", "Zlib", "ZPL"),
    )
)
SINGLE = {
    ("psycopg", "LGPL-3.0-only"): "a library of its own, not changed by us, that whoever runs it can replace",
    ("psycopg-binary", "LGPL-3.0-only"): "the same",
    ("python-stdnum", "LGPL-2.1-or-later"): "the same",
}
"""Licences that are allowed for one package, and why."""

TRITON = {
    "flatbuffers": "Apache-2.0",
    "numpy": "BSD-3-Clause",
    "nvidia-pytriton": "Apache-2.0",
    "onnxruntime": "MIT",
    "packaging": "Apache-2.0 OR BSD-2-Clause",
    "protobuf": "BSD-3-Clause",
}
"""What the image ``triton`` installs, of which nothing is installed here."""
TRITON_LOCKS = ("docker/triton-models.lock", "docker/triton-server.lock")
_PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(\S+)", re.MULTILINE)

_SPOKEN = {
    "apache 2": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd license": "BSD",
    "bsd 2-clause license": "BSD-2-Clause",
    "3-clause bsd license": "BSD-3-Clause",
    "bsd-3-clause, apache-2.0, dependency licenses": "BSD-3-Clause AND Apache-2.0",
    "gnu lesser general public license v2 or later (lgplv2+)": "LGPL-2.1-or-later",
    "isc license": "ISC",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "python software foundation license": "PSF-2.0",
    "repoze public license": "ZPL",
}
"""How packages without an SPDX expression say it."""


class Package(NamedTuple):
    """One pinned package, and its licence as an SPDX expression; '?' where it says none that we know."""

    name: str
    version: str
    licence: str
    locks: tuple[str, ...]


def packages() -> list[Package]:
    """Of all shipped lock files, by name."""
    pinned: dict[str, tuple[str, list[str]]] = {}
    for lock in SHIPPED:
        for name, version in _PIN.findall((ROOT / lock).read_text()):
            pinned.setdefault(name, (version, []))[1].append(lock)
    return [Package(name, version, _licence(name), tuple(locks)) for name, (version, locks) in sorted(pinned.items())]


def of_triton() -> list[Package]:
    """Of the image ``triton``, by name."""
    pins = sorted((pin, lock) for lock in TRITON_LOCKS for pin in _PIN.findall((ROOT / lock).read_text()))
    return [Package(name, version, TRITON.get(name, "?"), (lock,)) for (name, version), lock in pins]


def faults(found: list[Package]) -> list[str]:
    """What the list of the allowed does not have."""
    return [
        f"{one.name}: {one.licence}"
        for one in found
        if not _permitted(one.licence) and (one.name, one.licence) not in SINGLE
    ]


def page(found: list[Package]) -> str:
    """The list, as Markdown."""
    lines = [
        "# Licences of what we ship",
        "",
        "Made by `tools/licences.py` from the lock files and from what the installed packages say of themselves; the tests",
        "hold this page to both, and refuse a licence that is not on the list of the allowed. x: in that image.",
        "",
        "| package | licence | light | tagged | image | monitor |",
        "|---|---|---|---|---|---|",
    ]
    for one in found:
        marks = ["x" if lock in one.locks else "" for lock in SHIPPED[:-1]]
        lines.append(f"| {one.name} | {one.licence} | {' | '.join(marks)} |")
    lines += [
        "",
        "What is in no image is for development and tests.",
        "",
        "The image `triton` has these:",
        "",
        *(f"- {one.name}, {one.licence}" for one in of_triton()),
        "",
        "In nvidia-pytriton lie the Triton server (BSD-3-Clause), libraries of Ubuntu's packages, and two of NVIDIA's",
        "(libcudart, libdcgm) under its terms for CUDA: read them before you pass this image on.",
        "",
        "Allowed for one package:",
        "",
    ]
    lines += [f"- {name}, {licence}: {why}" for (name, licence), why in SINGLE.items()]
    return "\n".join(lines) + "\n"


def _licence(name: str) -> str:
    try:
        said = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return "?"  # for another platform, say
    if expression := said.get("License-Expression"):
        return expression
    classified = [one.rpartition(" :: ")[2] for one in said.get_all("Classifier") or () if one.startswith("License ::")]
    spoken = [*classified, said.get("License") or ""]
    known = [_SPOKEN.get(one.strip().casefold(), one.strip()) for one in spoken if one.strip()]
    return next(
        (one for one in known if _permitted(one) or (name, one) in SINGLE), known[0].splitlines()[0] if known else "?"
    )


def _permitted(expression: str) -> bool:
    """One of the alternatives of ``OR``, with all of its parts."""
    bare = expression.replace("(", " ").replace(")", " ")
    return any(all(part.strip() in ALLOWED for part in choice.split(" AND ")) for choice in re.split(r" OR ", bare))


def main() -> int:
    """Prints the page; 1 where something is not allowed."""
    found = packages()
    sys.stdout.write(page(found))
    wrong = faults([*found, *of_triton()])
    for fault in wrong:
        sys.stderr.write(f"licences: not on the list: {fault}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
