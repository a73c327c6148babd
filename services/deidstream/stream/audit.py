"""The audit log: one hash chain an instance. What was changed, removed or moved later is found by whoever holds the key.

A record holds the entries of one commit as canonical JSON, the keyed hash of the record before, and its own keyed hash over
both; a chain's tip is found again on the bus after a restart. The end of a chain cannot vouch for itself: whoever must be
sure that nothing was cut off there keeps tips (``AuditReport.tips``) elsewhere and compares.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from deidstream.core.errors import Malformed
from deidstream.core.outcome import Audit
from deidstream.ports import BusFactory, KeyRing, Output, Record
from deidstream.stream.stages import AUDIT
from deidstream.wire import AuditRecord, decode_audit, encode_audit

__all__ = ["AuditChain", "AuditReport", "Fault", "entries_of", "verify"]

_PURPOSE = "audit"
_CODE = re.compile(r"[A-Za-z0-9_.:;/@+\-\[\]#,=*!()|^~&<>%?$]{0,256}\Z")
"""What ids, codes, locators and versions are made of: ASCII without spaces or quotes."""
_WITHHELD = "[withheld]"
_DEPTH = 5
_REMEMBERED = 20_000


@dataclass(frozen=True, slots=True)
class Fault:
    """Where a chain does not hold. ``code``: unreadable, altered, missing, out-of-place, truncated."""

    chain: str
    sequence: int
    code: str


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What verification found. ``starts`` says where each retained chain begins (1, or later where the head expired)."""

    records: int
    entries: int
    starts: Mapping[str, int]
    tips: Mapping[str, tuple[int, str]]
    faults: tuple[Fault, ...] = field(default=())

    @property
    def sound(self) -> bool:
        """Whether nothing was found."""
        return not self.faults


class AuditChain:
    """Writes one chain. What ``record`` made counts once ``committed`` is called, and never was after ``rewind``."""

    def __init__(self, chain: str, keys: KeyRing, bus: BusFactory) -> None:
        self._chain = chain
        self._keys = keys
        last = bus.last(AUDIT, chain)
        tip = decode_audit(last.value) if last else None
        self._tip = (tip.sequence, tip.mac) if tip else (0, b"")
        self._next = self._tip
        self._codes = _Codes()

    def record(self, entries: Sequence[Audit], at: float) -> list[Output]:
        """The record of these entries, to be published in the same commit as what they speak of."""
        if not entries:
            return []
        sequence, previous = self._next
        body = orjson.dumps([self._codes.entry(one, at) for one in entries], option=orjson.OPT_SORT_KEYS)
        mac = _mac(self._keys, self._chain, sequence + 1, previous, body)
        self._next = (sequence + 1, mac)
        record = AuditRecord(self._chain, sequence + 1, previous, body, mac)
        return [Output(AUDIT, self._chain, encode_audit(record))]

    def committed(self) -> None:
        """The records made so far are durable."""
        self._tip = self._next

    def rewind(self) -> None:
        """Nothing was committed: goes on from the last durable record."""
        self._next = self._tip


def verify(records: Iterable[Record], keys: KeyRing, tips: Mapping[str, tuple[int, str]] | None = None) -> AuditReport:
    """Checks every chain among ``records`` (as scanned from the audit topic).

    With ``tips`` of an earlier report it also finds chains that end before them.
    """
    state: dict[str, tuple[int, bytes]] = {}
    starts: dict[str, int] = {}
    faults: list[Fault] = []
    seen: dict[str, dict[int, str]] = {}
    count = entries = 0
    for record in records:
        count += 1
        try:
            one = decode_audit(record.value)
        except Malformed:
            faults.append(Fault(record.key, 0, "unreadable"))
            continue
        entries += _count(one.entries)
        faults += _check(one, state.get(one.chain), keys)
        starts.setdefault(one.chain, one.sequence)
        state[one.chain] = (one.sequence, one.mac)
        seen.setdefault(one.chain, {})[one.sequence] = one.mac.hex()
    for chain, (sequence, mac) in (tips or {}).items():
        if seen.get(chain, {}).get(sequence) != mac:
            faults.append(Fault(chain, sequence, "truncated"))
    found = {chain: (sequence, mac.hex()) for chain, (sequence, mac) in state.items()}
    return AuditReport(count, entries, starts, found, tuple(faults))


def entries_of(record: Record) -> list[dict[str, Any]]:
    """The entries of one audit record: ``event``, ``case``, ``at``, ``details``."""
    found: list[dict[str, Any]] = orjson.loads(decode_audit(record.value).entries)
    return found


def _check(one: AuditRecord, before: tuple[int, bytes] | None, keys: KeyRing) -> list[Fault]:
    faults = []
    expected = _mac(keys, one.chain, one.sequence, one.previous, one.entries)
    if not hmac.compare_digest(expected, one.mac):
        faults.append(Fault(one.chain, one.sequence, "altered"))
    if before is None:
        return faults
    sequence, mac = before
    if one.sequence > sequence + 1:
        faults.append(Fault(one.chain, sequence + 1, "missing"))
    elif one.sequence != sequence + 1 or one.previous != mac:
        faults.append(Fault(one.chain, one.sequence, "out-of-place"))
    return faults


def _mac(keys: KeyRing, chain: str, sequence: int, previous: bytes, body: bytes) -> bytes:
    name = chain.encode()
    return keys.mac(_PURPOSE, len(name).to_bytes(2) + name + sequence.to_bytes(8) + previous.ljust(32, b"\0") + body)


class _Codes:
    """Lets codes, counts and tables of such through; anything else is withheld rather than written.

    Remembers what it let through: a release has dozens of rows of the same few locators, methods and versions.
    """

    def __init__(self) -> None:
        self._sound: set[object] = set()

    def entry(self, audit: Audit, at: float) -> dict[str, object]:
        """One entry, ready to be written."""
        if len(self._sound) > _REMEMBERED:
            self._sound.clear()
        details = {_code(key): self._checked(value, _DEPTH) for key, value in audit.details.items()}
        return {"at": at, "case": _code(audit.case_id), "details": details, "event": _code(audit.event)}

    def _checked(self, value: object, depth: int) -> object:
        if isinstance(value, str):
            return _code(value)
        if _is_count(value):
            return value
        if depth and isinstance(value, Mapping):
            return {_code(str(key)): self._checked(one, depth - 1) for key, one in value.items()}
        if depth and isinstance(value, list | tuple):
            return self._row(value, depth - 1)
        return _WITHHELD

    def _row(self, row: Sequence[object], depth: int) -> object:
        try:
            if self._sound.issuperset(row):
                return row
            new = [one for one in row if one not in self._sound]
        except TypeError:  # it holds lists itself, which have no hash
            return [self._checked(one, depth) for one in row]
        sound = [one for one in new if self._is_sound(one, depth)]
        self._sound.update(sound)
        return row if len(sound) == len(new) else [self._checked(one, depth) for one in row]

    def _is_sound(self, value: object, depth: int) -> bool:
        """Whether ``value``, which has a hash, may be written as it is."""
        if value in self._sound:
            return True
        if isinstance(value, str):
            sound = _CODE.match(value) is not None
            if sound:
                self._sound.add(value)
            return sound
        return _is_count(value) or (
            depth > 0 and isinstance(value, tuple) and all(self._is_sound(one, depth - 1) for one in value)
        )


def _is_count(value: object) -> bool:
    return value is None or isinstance(value, bool | float) or (isinstance(value, int) and abs(value) < 2**53)


def _code(text: str) -> str:
    return str(text) if _CODE.match(text) else _WITHHELD


def _count(body: bytes) -> int:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return 0
    return len(found) if isinstance(found, list) else 0
