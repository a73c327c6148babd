"""The outside of a deployment: what a hospital sends, what an operator types, what an auditor finds."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import hyperscan
from deidstream.adapters.file_keys import FileKeyRing
from deidstream.adapters.sql_hold import SqlHold
from deidstream.formats.hl7v2.mllp import frame
from deidstream.stages.ingest.service import Admission
from deidstream.stream import quarantine
from deidstream.stream.audit import entries_of
from deidstream.stream.chain import SystemClock
from deidstream.stream.stages import AUDIT

from tests.harness.deployment import Running

__all__ = [
    "Reply",
    "Search",
    "answers",
    "audit_entries",
    "case_of",
    "cli",
    "eventually",
    "fate",
    "fates",
    "http",
    "idle",
    "log_lines",
    "message",
    "mllp",
    "talk",
]


class Reply(NamedTuple):
    """An HTTP answer."""

    status: int
    body: bytes


def message(control: str, mrn: str, *segments: str, kind: str = "ADT^A08^ADT_A01", **person: str) -> bytes:
    """A good HL7 message about one patient."""
    name = person.get("name", "Winterbourne^Alma")
    born = person.get("born", "19610413")
    head = f"MSH|^~\\&|HIS|STMARY|DEID|X|20260302101500||{kind}|{control}|P|2.5|||AL|NE||UNICODE UTF-8"
    extra = person.get("identifiers", "")
    pid = f"PID|1||{mrn}^^^STMARY^MR{extra}||{name}||{born}|F"
    return "\r".join((head, "EVN|A08|20260302101500", pid, *segments, "")).encode()


def talk(port: int, stream: bytes, *, half_close: bool = True, seconds: float = 20.0) -> bytes:
    """Sends bytes as they are, then reads until the other side closes."""
    with socket.create_connection(("127.0.0.1", port), seconds) as connection:
        connection.sendall(stream)
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        got = b""
        while portion := connection.recv(65536):
            got += portion
        return got


def mllp(port: int, *messages: bytes) -> list[str]:
    """Sends messages in one go; the codes of their acknowledgements."""
    return answers(talk(port, b"".join(map(frame, messages))))


def answers(stream: bytes) -> list[str]:
    """MSA-1 of each acknowledgement."""
    return [code.decode() for code in re.findall(rb"\rMSA\|([A-Z]{2})", stream)]


def http(
    port: int,
    method: str,
    path: str,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    seconds: float = 60.0,
) -> Reply:
    """One request to the FHIR endpoint; ``path`` is below the base."""
    given = {"content-type": "application/fhir+json", **(headers or {})}
    with httpx.Client(trust_env=False, timeout=seconds) as client:
        answer = client.request(method, f"http://127.0.0.1:{port}/fhir{path}", content=body, headers=given)
    return Reply(answer.status_code, answer.content)


def cli(running: Running, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """``deidstream ARGUMENTS --config ...``, as an operator types it."""
    command = [sys.executable, "-m", "deidstream.cli", *arguments, "--config", str(running.folder / "deidstream.yaml")]
    wide = {**os.environ, "COLUMNS": "250", **environment}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=wide)


def eventually(condition: Callable[[], Any], seconds: float = 30.0) -> Any:  # Any: what the condition gives
    """What ``condition`` gives as soon as it is true; its last value when time is up."""
    until = time.monotonic() + seconds
    while not (found := condition()) and time.monotonic() < until:
        time.sleep(0.1)
    return found


def case_of(running: Running, source: str, control: bytes, content: bytes) -> str:
    """The case id that ingest gave to a message."""
    keys = FileKeyRing(running.state / "keys", create=False)
    return Admission(keys, SystemClock()).identify(source, control, content)


def fates(running: Running) -> dict[str, set[str]]:
    """Case id to what became of it so far: released, quarantined, held."""
    found: dict[str, set[str]] = {}
    for release in running.releases():
        found.setdefault(release.case_id, set()).add("released")
    for record in quarantine.list_open(running.bus):
        found.setdefault(record.case_id, set()).add("quarantined")
    for item in SqlHold(running.configured.database_url("hold")).list():
        found.setdefault(item.id.partition(".")[0], set()).add("held")
    return found


def fate(running: Running, case: str, seconds: float = 90.0) -> set[str]:
    """What becomes of one case, waited for."""
    found = eventually(lambda: fates(running).get(case), seconds)
    return found or set()


def idle(running: Running, cases: int, seconds: float = 60.0) -> None:
    """Waits until so many cases have come out one way or another, and are delivered."""
    assert eventually(lambda: len(fates(running)) >= cases, seconds), f"{len(fates(running))} of {cases} came out"
    time.sleep(0.5)


def audit_entries(running: Running) -> list[dict[str, Any]]:
    """All entries of the audit log, opened."""
    bus = running.bus
    return [entry for record in bus.scan(AUDIT) for entry in entries_of(record)]


def log_lines(running: Running) -> list[dict[str, Any]]:
    """The log, line by line; raises ValueError where one is no JSON."""
    lines = (running.folder / "up.log").read_text().splitlines()
    return [json.loads(line) for line in lines]


class Search:
    """Looks for strings in bytes, however they are written: UTF-8, UTF-16, JSON escapes, base64, hexadecimal."""

    def __init__(self, strings: Iterable[str]) -> None:
        self._names: list[str] = []
        patterns: list[bytes] = []
        for string in sorted(set(strings)):
            for form in _forms(string):
                self._names.append(string)
                patterns.append(b"".join(b"\\x%02x" % byte for byte in form))
        self._database = hyperscan.Database()
        self._database.compile(
            expressions=patterns, ids=list(range(len(patterns))), flags=hyperscan.HS_FLAG_SOM_LEFTMOST
        )

    def content(self, content: bytes) -> set[str]:
        """Which of the strings stand in ``content``."""
        found: set[str] = set()

        def hit(pattern: int, start: int, end: int, _flags: int, _context: object) -> None:
            if not _inside_hex(content, start, end):
                found.add(self._names[pattern])

        self._database.scan(content, match_event_handler=hit)
        return found

    def folder(self, folder: Path) -> dict[str, set[str]]:
        """File to the strings found in its bytes or its name; files with none are left out."""
        found = {}
        for path in _files(folder):
            name = path.relative_to(folder).as_posix()
            hits = self.content(path.read_bytes()) | self.content(name.encode())
            if hits:
                found[name] = hits
        return found


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def _forms(string: str) -> set[bytes]:
    plain = string.encode()
    forms = {plain, string.encode("latin-1", "replace"), string.lower().encode(), string.upper().encode()}
    forms |= {string.encode("utf-16-le"), string.encode("utf-16-be"), json.dumps(string)[1:-1].encode()}
    forms |= {plain.hex().encode(), plain.hex().upper().encode()}
    for shift in range(3):
        # The characters that hold only bytes of the string, wherever it begins within a group of three.
        encoded = b64encode(b"\0" * shift + plain)
        first = -(-8 * shift // 6)
        last = (8 * (shift + len(plain))) // 6
        if last - first >= 6:
            forms.add(encoded[first:last])
    return forms


def _inside_hex(content: bytes, start: int, end: int) -> bool:
    """Digits that stand within a long hexadecimal number are an id that happens to hold them."""
    if not content[start:end].isdigit():
        return False
    left, right = start, end
    while left > 0 and content[left - 1] in _HEX:
        left -= 1
    while right < len(content) and content[right] in _HEX:
        right += 1
    return right - left >= 16


_HEX = frozenset(b"0123456789abcdef")
