"""What the monitor makes of records: counts, and alarms."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

from deidstream.core.errors import Malformed, Unavailable, Unsafe
from deidstream.core.release import Release
from deidstream.ports import Clock, KeyRing, Record
from deidstream.stages.monitor.canaries import Canaries
from deidstream.stages.monitor.config import MonitorSettings
from deidstream.stages.monitor.drift import Baseline, Shares, stability
from deidstream.stages.monitor.tallies import CATEGORY, FLOW, of_entries
from deidstream.stages.monitor.windows import Table, Windows
from deidstream.stream import log, signals
from deidstream.stream.audit import entries_of
from deidstream.stream.claims import Claims
from deidstream.stream.meters import Meters, Observed
from deidstream.stream.releases import open_parcel

__all__ = ["Monitor", "Sight"]


@dataclass(frozen=True, slots=True)
class Sight:
    """What releases are opened and looked through with."""

    canaries: Canaries
    keys: KeyRing
    claims: Claims = field(default_factory=Claims)


class Monitor:
    """Counts the entries of the audit log by windows, and looks for canaries in releases."""

    def __init__(
        self, settings: MonitorSettings, baseline: Baseline, sight: Sight | None, meters: Meters, clock: Clock
    ) -> None:
        self._settings = settings
        self._baseline = baseline
        self._sight = sight
        self._clock = clock
        self._windows = Windows(settings.window_seconds, settings.drift_windows)
        self._rates: dict[tuple[str, ...], float] = {}
        self._drift: dict[str, float] = {}
        self._last: dict[str, float] = {}
        self._sightings = meters.counter(signals.CANARIES)
        self._unreadable = meters.counter(signals.UNREADABLE)
        for name in sight.canaries.names if sight else ():
            self._sightings.add(0, {"canary": name})  # a counter that begins at one does not grow, for Prometheus
        meters.gauge(signals.RATE, self._observed_rates)
        meters.gauge(signals.DRIFT, lambda: ((index, {"project": name}) for name, index in dict(self._drift).items()))
        meters.gauge(signals.MONITOR_LAST, lambda: ((at, {"topic": topic}) for topic, at in dict(self._last).items()))

    def count(self, record: Record, table: Table) -> None:
        """Adds what a record of the audit log says."""
        self._seen(record)
        try:
            for at, tally in of_entries(entries_of(record)):
                self._windows.add(table, record.partition, at, tally)
        except (Malformed, ValueError, KeyError, TypeError, AttributeError):
            # The auditor's question, not ours; what the error says may be anything.
            self._pass_over(record, "audit-unreadable")

    def look(self, record: Record) -> None:
        """Looks for canaries in a release. Raises Unavailable while the artifact store is away."""
        self._seen(record)
        if self._sight is None or record.headers.get("kind", "release") != "release":
            return
        try:
            release = open_parcel("release", record.value, self._sight.keys, self._sight.claims).release
        except (Malformed, Unsafe, Unavailable) as error:
            if isinstance(error, Unavailable) and error.code != "unknown-key":
                raise
            self._pass_over(record, error.code)
            return
        if release is not None:
            for name in self._sight.canaries.within(release.content):
                self._alarm(name, release)

    def tick(self, table: Mapping[str, int]) -> None:
        """Brings what is shown up to date."""
        current = self._windows.of(self._clock.now())
        flow = self._windows.totals(table, FLOW, current - 1, current - 1)
        # What has stopped is shown as standing still, not left out.
        self._rates = dict.fromkeys(self._rates, 0.0) | {
            labels: count / self._windows.seconds for labels, count in flow.items()
        }
        totals = self._windows.totals(table, CATEGORY, current - self._settings.drift_windows, current)
        projects: dict[str, dict[str, int]] = {}
        for (project, category), count in totals.items():
            projects.setdefault(project, {})[category] = count
        for project, shares in projects.items():
            self._compare(project, shares)

    def _compare(self, project: str, shares: Shares) -> None:
        baseline, threshold = self._baseline.get(project), self._settings.drift_threshold
        if baseline is None or sum(shares.values()) < self._settings.drift_least:
            return
        before, index = self._drift.get(project, 0.0), stability(shares, baseline)
        self._drift[project] = index
        if index > threshold >= before:
            log.emit("monitor.drifted", logging.WARNING, project=project, index=round(index, 3), threshold=threshold)

    def _alarm(self, canary: str, release: Release) -> None:
        self._sightings.add(1, {"canary": canary})
        log.emit(
            "canary.leaked",
            logging.ERROR,
            canary=canary,
            release=release.id,
            project=release.project,
            trace=release.trace,
        )

    def _seen(self, record: Record) -> None:
        self._last[record.topic] = max(record.timestamp, self._last.get(record.topic, 0.0))

    def _pass_over(self, record: Record, code: str) -> None:
        self._unreadable.add(1, {"topic": record.topic})
        log.emit("monitor.unreadable", logging.WARNING, topic=record.topic, code=code)

    def _observed_rates(self) -> Observed:
        for (stage, outcome, project), rate in dict(self._rates).items():
            yield rate, {"stage": stage, "outcome": outcome, "project": project}
