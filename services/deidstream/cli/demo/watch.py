"""What the pipeline has done so far, read from its own bus and its own metrics while it runs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from urllib.request import urlopen

from deidstream.adapters.file_keys import FileKeyRing
from deidstream.adapters.opening import open_bus
from deidstream.adapters.sql_hold import SqlHold
from deidstream.cli.demo.deployment import Deployment
from deidstream.core.release import Release
from deidstream.ports import KeyRing, Record
from deidstream.stages.process import Process
from deidstream.stream.instances import Instance
from deidstream.stream.stages import QUARANTINE, RELEASES
from deidstream.wire import decode_quarantine, decode_release

__all__ = ["Watch", "percentile"]

_SAMPLE = re.compile(r"^deidstream_cases_total\{(?P<labels>[^}]*)\} (?P<count>[0-9.e+]+)$", re.MULTILINE)
_LABEL = re.compile(r'(stage|outcome)="([^"]*)"')
_PROVENANCE = "provenance"


@dataclass(slots=True)
class Watch:
    """Reads on from where it was at each ``look``."""

    deployment: Deployment
    keys: KeyRing = field(init=False)
    process: Process = field(init=False)
    releases: dict[str, Release] = field(default_factory=dict)
    """By case id; those that accompany another (Provenance) are in ``companions``."""
    companions: int = 0
    seconds: list[float] = field(default_factory=list)
    """From receipt to committed release."""
    quarantined: Counter[str] = field(default_factory=Counter)
    held: int = 0
    stages: dict[str, Counter[str]] = field(default_factory=dict)
    """What left each stage, by kind of outcome."""
    _after: dict[str, dict[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.keys = FileKeyRing(self.deployment.state / "keys", create=False)
        self.process = Process.open(self.deployment.config, Instance(()))

    def look(self) -> None:
        """Takes in what is new."""
        for record in self._new(RELEASES):
            if record.headers.get("kind", "release") == "release":
                self._take(record)
        for record in self._new(QUARANTINE):
            self.quarantined[decode_quarantine(record.value).code] += 1
        self.held = len(SqlHold(self.process.deployment.database_url("hold")).list())
        for page in self.deployment.pages:
            self._read_metrics(page)

    def settled(self, cases: int) -> bool:
        """Whether ``cases`` cases are all released, quarantined or held."""
        return len(self.releases) + sum(self.quarantined.values()) + self.held >= cases

    def _take(self, record: Record) -> None:
        release = decode_release(record.value, self.keys, self.process.claims.fetch)
        if dict(release.attributes).get(_PROVENANCE):
            self.companions += 1
            return
        self.releases[release.case_id] = release
        self.seconds.append(max(0.0, record.timestamp - release.received))

    def _new(self, topic: str) -> list[Record]:
        after = self._after.setdefault(topic, {})
        records = list(open_bus(self.process.deployment.bus_url).scan(topic, after))
        for record in records:
            after[record.partition] = max(record.offset, after.get(record.partition, 0))
        return records

    def _read_metrics(self, page: str) -> None:
        with suppress(OSError, HTTPException), urlopen(f"{page}/metrics", timeout=1.0) as answer:  # noqa: S310 - our own loopback address
            text = answer.read().decode()
            fresh: dict[str, Counter[str]] = {}
            for sample in _SAMPLE.finditer(text):
                labels = dict(_LABEL.findall(sample["labels"]))
                fresh.setdefault(labels["stage"], Counter())[labels["outcome"]] += int(float(sample["count"]))
            self.stages |= fresh


def percentile(seconds: Sequence[float], share: float) -> float:
    """The smallest value that at least ``share`` of ``seconds`` do not exceed; 0 where there are none."""
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
