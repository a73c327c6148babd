"""One pass over all texts of a batch, confirmation of what it points at, one answer for each place."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache
from operator import attrgetter
from pathlib import Path

import hyperscan

from deidstream.core.document import Part
from deidstream.core.finding import Finding
from deidstream.core.span import Span
from deidstream.detection.text.fold import Folded, fold
from deidstream.detection.text.languages import guess
from deidstream.detection.text.rules import (
    ages,
    contacts,
    dates,
    days,
    identifiers,
    names,
    national,
    occupations,
    organisations,
    places,
    streets,
)
from deidstream.detection.text.rules.compiled import database
from deidstream.detection.text.rules.rule import Hit, Rule

__all__ = ["ALL", "DETECTOR", "Rules"]

ALL = ("en", "de", "es", "fr", "it", "nl", "pt")
DETECTOR = "text.rules/1"

_MODULES = (names, dates, days, ages, contacts, streets, places, identifiers, national, organisations, occupations)
_ID_BITS = 7
_ID_MASK = (1 << _ID_BITS) - 1
_BATCH = 1 << 20
"""Code points that are folded and scanned together at most, for memory's sake."""


class Rules:
    """The rule layer. Patterns are compiled once a process, on first use; an instance is for one thread.

    ``compiled`` is a folder that spares later processes that; whoever can write there decides what is found.
    ``languages`` narrows the guess of a text's language (it says how 03/04 reads); every language's patterns always run.
    """

    def __init__(self, languages: Sequence[str] = ALL, compiled: Path | None = None) -> None:
        self._languages = tuple(languages)
        self._families = tuple(_Family(*family) for family in _families(compiled))

    def find(self, parts: Sequence[Part]) -> list[list[Finding]]:
        """The findings of each part, by place, never overlapping. A part's findings do not depend on the others."""
        found: list[list[Finding]] = []
        for batch in _batches(parts):
            found += self._find(batch)
        return found

    def _find(self, parts: Sequence[Part]) -> list[list[Finding]]:
        folded = fold([part.text for part in parts])
        found: list[list[Finding]] = [[] for _ in parts]
        hits = self._hits(folded.buffer)
        index = 0
        while index < len(hits):
            text = folded.text_at(hits[index].start)
            end = folded.starts[text + 1] if text + 1 < len(parts) else len(folded.buffer)
            first = index
            while index < len(hits) and hits[index].start < end:
                index += 1
            found[text] = self._findings(parts[text], folded, text, hits[first:index])
        return found

    def _hits(self, buffer: bytes) -> list[Hit]:
        hits: list[Hit] = []
        for family in self._families:
            hits += family.hits(buffer)
        hits.sort(key=attrgetter("start"))
        return hits

    def _findings(self, part: Part, folded: Folded, text: int, hits: Sequence[Hit]) -> list[Finding]:
        language = part.language[:2].lower()
        if not language and any(hit.form == "text" or hit.note for hit in hits):
            begin = folded.starts[text]
            language = guess(folded.buffer, begin, self._languages)
        settled = _settled([hit for hit in hits if not hit.note or language in hit.note.split()])
        findings = []
        for hit in settled:
            form = hit.form if hit.form != "text" or not language else f"text.{language}"
            span = Span(*folded.span(text, hit.start, hit.end))
            findings.append(
                Finding(part.locator, span, hit.category, hit.score, DETECTOR, hit.role, form, part.subject)
            )
        return findings


def _batches(parts: Sequence[Part]) -> list[Sequence[Part]]:
    if sum(len(part.text) for part in parts) <= _BATCH:
        return [parts]
    batches: list[list[Part]] = [[]]
    size = 0
    for part in parts:
        if batches[-1] and size + len(part.text) > _BATCH:
            batches.append([])
            size = 0
        batches[-1].append(part)
        size += len(part.text)
    return list(batches)


def _settled(hits: Sequence[Hit]) -> list[Hit]:
    """No two overlap: the more certain wins, then the longer; what wins is put back into reading order."""
    if len(hits) < 2:
        return list(hits)
    kept: list[Hit] = []
    cluster: list[Hit] = []
    reach = -1
    for hit in hits:
        if hit.start >= reach and cluster:
            kept += _winners(cluster)
            cluster = []
        cluster.append(hit)
        reach = max(reach, hit.end)
    return kept + _winners(cluster)


def _winners(cluster: list[Hit]) -> list[Hit]:
    if len(cluster) == 1:
        return cluster
    won: list[Hit] = []
    for hit in sorted(cluster, key=lambda hit: (-hit.score, hit.start - hit.end, hit.start)):
        place = bisect_left(won, hit.end, key=attrgetter("start"))
        if place == 0 or won[place - 1].end <= hit.start:
            won.insert(place, hit)
    return won


class _Family:
    """The rules of one module, and the database that points at where they may apply. Several small ones compile faster than one."""

    def __init__(self, rules: tuple[Rule, ...], database: hyperscan.Database) -> None:
        self._rules = rules
        self._database = database
        self._scratch = hyperscan.Scratch(database)

    def hits(self, buffer: bytes) -> list[Hit]:
        longest: dict[int, int] = {}

        def matched(rule: int, start: int, end: int, flags: int, context: object) -> None:
            longest[start << _ID_BITS | rule] = end

        self._database.scan(buffer, match_event_handler=matched, scratch=self._scratch)
        hits: list[Hit] = []
        reached = [0] * len(self._rules)
        for key in sorted(longest):
            number = key & _ID_MASK
            rule = self._rules[number]
            start = (key >> _ID_BITS) + rule.margin
            if start < reached[number]:
                continue
            for hit in rule.confirm(buffer, start, longest[key] - rule.margin):
                hits.append(hit)
                reached[number] = hit.end
        return hits


@lru_cache(maxsize=1)
def _families(folder: Path | None) -> tuple[tuple[tuple[Rule, ...], hyperscan.Database], ...]:
    return tuple((module.RULES, database(module.RULES, folder)) for module in _MODULES)
