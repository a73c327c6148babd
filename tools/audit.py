"""Asks pip-audit about known vulnerabilities of everything in the lock files: ``python tools/audit.py PIP-AUDIT``.

Exit code 1: there is one that ``ACCEPTED`` does not explain. Where the service cannot be reached nothing is known: that is said, in
a line that CI shows among what was skipped, and with ``--strict`` is exit code 2.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

__all__ = ["ACCEPTED", "audited", "locks"]

ROOT = Path(__file__).parents[1]
ACCEPTED: dict[str, str] = {}
"""Ids of vulnerabilities that do not concern us, each with the reason."""


def locks() -> list[str]:
    """Every lock file that git tracks."""
    listed = subprocess.run(["git", "ls-files", "*.lock"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    return listed.split()


def audited(command: str, lock: str) -> tuple[str, list[str]]:
    """``known``, and what is known of the packages of ``lock`` and not accepted; or ``unknown``, and why."""
    options = ["--require-hashes", "--disable-pip", "--format", "json", "--progress-spinner", "off"]
    try:
        ran = subprocess.run(
            [command, "--requirement", lock, *options],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return "unknown", ["no answer in five minutes"]
    try:
        dependencies = json.loads(ran.stdout)["dependencies"]
    except (ValueError, KeyError):
        return "unknown", (ran.stderr.strip().splitlines() or ["pip-audit said nothing"])[-1:]
    return "known", [
        f"{one['name']} {one['version']}: {hole['id']}, mended in {', '.join(hole['fix_versions']) or 'none'}"
        for one in dependencies
        for hole in one.get("vulns", ())
        if hole["id"] not in ACCEPTED
    ]


def main(command: str, *options: str) -> int:
    """Says what is known, lock by lock."""
    code = 0
    for lock in locks():
        verdict, found = audited(command, lock)
        if verdict == "unknown":
            sys.stdout.write(
                f"SKIPPED audit of {lock}: the vulnerability service did not answer ({found[0][:200]}); nothing is known\n"
            )
            code = max(code, 2 if "--strict" in options else 0)
            continue
        sys.stdout.write(f"audit: {lock}: {len(found) or 'no'} known vulnerabilities\n")
        for one in found:
            sys.stdout.write(f"  {one}\n")
            code = max(code, 1)
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
