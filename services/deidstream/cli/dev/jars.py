"""Apache Kafka's own jars, from Maven, pinned, checked against their sums, and kept in a cache."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from deidstream.core.errors import Misconfigured, Unavailable

__all__ = ["VERSION", "installed"]

VERSION = "4.2.1"
"""4.3.1 and 4.4.0 double records after kill -9 (KAFKA-20734)."""

_HERE = Path(__file__).parent
_POM = _HERE / "kafka.pom.xml"
_SUMS = _HERE / "kafka.sha256"
_FETCH_SECONDS = 600


def installed() -> Path:
    """The folder of the jars, fetched at first use. Raises Misconfigured where Java or Maven is missing or a jar is not as
    pinned, Unavailable when Maven cannot fetch."""
    for tool in ("java", "mvn"):
        if shutil.which(tool) is None:
            hint = "install a JDK (17 or later) and Maven, on Debian: apt-get install openjdk-17-jdk-headless maven"
            raise Misconfigured("no-java", tool, hint)
    folder = _cache() / f"kafka-{VERSION}-{hashlib.sha256(_SUMS.read_bytes()).hexdigest()[:12]}"
    if not folder.is_dir():
        _fetch(folder)
    return folder


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "deidstream"


def _fetch(folder: Path) -> None:
    """All or nothing: several processes may fetch at once, and each renames a whole folder into place."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="kafka-", dir=folder.parent) as place:
        fetched = Path(place) / "libs"
        goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={fetched}"]
        command = ["mvn", "-q", "-B", "-f", str(_POM), *goal]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_FETCH_SECONDS, check=False)
        if done.returncode:
            raise Unavailable(
                "maven-failed", f"mvn {goal[0]}", "is a Maven repository reachable? See ~/.m2/settings.xml"
            )
        _check(fetched)
        try:
            fetched.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise


def _check(fetched: Path) -> None:
    pinned = {name: expected for expected, name in map(str.split, _SUMS.read_text().splitlines())}
    for name, expected in pinned.items():
        path = fetched / name
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != expected:
            raise Misconfigured(
                "jar-differs", name, "not the file that is pinned; clear ~/.m2/repository and try again"
            )
    if unknown := {path.name for path in fetched.iterdir()} - set(pinned):
        raise Misconfigured("jar-differs", sorted(unknown)[0], "not among the pinned files")
