"""Looks for secrets in the files that git tracks: ``python tools/secrets_scan.py [FILE...]``; exit code 1 where one is found.

It names file, line and kind, and never what it found. What only looks like one is listed in ``KNOWN``, each with its reason.
"""

from __future__ import annotations

import hashlib
import math
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

__all__ = ["KINDS", "KNOWN", "Hit", "hits", "tracked"]

ROOT = Path(__file__).parents[1]
_LARGEST = 2 << 20
"""Larger files are tables, models and test corpora."""

KINDS: dict[str, re.Pattern[str]] = {
    "private-key": re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\s+[A-Za-z0-9+/=\s]{40,}"),
    "aws-key": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "github-token": re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{60,})\b"),
    "gitlab-token": re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}\b"),
    "slack-token": re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{20,}\b"),
    "google-key": re.compile(r"\bAIza[0-9A-Za-z_-]{35}\b"),
    "pypi-token": re.compile(r"\bpypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,}\b"),
    "hugging-face-token": re.compile(r"\bhf_[A-Za-z0-9]{34}\b"),
    "jwt": re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}\b"),
    "url-password": re.compile(r"\b[a-z][a-z0-9+]{0,20}://[^\s:/@'\"{}$<]+:(?P<value>[^\s:/@'\"{}$<]{6,})@"),
    "key-ring": re.compile(r'"id":\s*"[0-9a-f]{16}",\s*"created":[^}]{1,40}"key":\s*"(?P<value>[A-Za-z0-9+/]{43}=)"'),
    "assigned": re.compile(
        r"(?i)(?:password|passwd|secret|token|api_?key|access_?key)[\w-]{0,40}[\"']?\s{0,4}[:=]\s{0,4}"
        r"[\"'](?P<value>[^\s\"'{}$<>]{16,200})[\"']"
    ),
}
"""By what they look like. An assigned value counts where it looks random."""

_RANDOM = 3.6
"""Bits a character from which on a value does; words and names have less."""

KNOWN: dict[str, str] = {"fbdc077454d782ba": "a test of addresses that are refused: tests/adapters/artifacts"}
"""SHA-256, first 16 digits, of what looks like a secret and is none; with the reason."""


class Hit(NamedTuple):
    """Where something is, and what kind of thing; ``print_`` for the list of the known."""

    file: str
    line: int
    kind: str
    print_: str


def hits(name: str, text: str) -> Iterator[Hit]:
    """All of one file."""
    for kind, pattern in KINDS.items():
        for found in pattern.finditer(text):
            value = found.groupdict().get("value") or found[0]
            print_ = hashlib.sha256(value.encode()).hexdigest()[:16]
            if (kind != "assigned" or _looks_random(value)) and print_ not in KNOWN:
                yield Hit(name, text.count("\n", 0, found.start()) + 1, kind, print_)


def _looks_random(value: str) -> bool:
    counts = Counter(value)
    entropy = -sum(count / len(value) * math.log2(count / len(value)) for count in counts.values())
    mixed = bool(re.search(r"\d", value)) and bool(re.search(r"[A-Za-z]", value))
    return mixed and entropy >= _RANDOM


def tracked() -> list[Path]:
    """Every file of the repository that may be text."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def main(given: list[str]) -> int:
    """Says what was found."""
    found, looked = [], 0
    for file in [Path(one) for one in given] or tracked():
        data = file.read_bytes() if file.stat().st_size <= _LARGEST else b"\0"
        if b"\0" not in data:
            looked += 1
            name = file.relative_to(ROOT).as_posix() if file.is_relative_to(ROOT) else str(file)
            found += hits(name, data.decode("utf-8", "replace"))
    for one in found:
        sys.stdout.write(f"{one.file}:{one.line}: {one.kind} ({one.print_})\n")
    sys.stdout.write(f"secrets: {looked} files, {len(found)} found\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
