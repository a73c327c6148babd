"""What is in a language or script that the policy does not list: no layer has read it, so nobody knows what it says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from deidstream.core.category import Category
from deidstream.core.document import Part
from deidstream.core.finding import Finding
from deidstream.core.policy import Languages
from deidstream.core.span import Span
from deidstream.detection.text.scripts import OtherScripts, scripts_of

__all__ = ["foreign", "instead"]

_DETECTOR = "policy.language/2"


def foreign(parts: Iterable[Part], languages: Languages) -> list[Finding]:
    """Of a text that says that it is in another language, all; of others the passages in scripts of none of ``languages``."""
    if languages.unsupported == "accept":
        return []
    scripts = _scripts(languages.supported)
    return [
        Finding(part.locator, span, Category.UNKNOWN, 1.0, _DETECTOR, subject=part.subject)
        for part in parts
        if part.text
        for span in _unread(part, languages, scripts)
    ]


def instead(findings: Sequence[Finding], unread: Sequence[Finding]) -> tuple[Finding, ...]:
    """``findings`` with ``unread`` in the place of those that they touch; what reaches beyond is taken in.

    ``findings`` do not overlap, and come back in the order of their locators and places.
    """
    there = {one.locator for one in unread}
    kept = [one for one in findings if one.locator not in there]
    for locator in there:
        kept += _of_one(
            [one for one in findings if one.locator == locator], [one for one in unread if one.locator == locator]
        )
    return tuple(sorted(kept, key=lambda one: (one.locator, one.span or Span(0, 0))))


def _unread(part: Part, languages: Languages, scripts: OtherScripts) -> Iterator[Span]:
    if part.language and part.language[:2].lower() not in languages.supported:
        yield Span(0, len(part.text))
    else:
        yield from scripts.passages(part.text)


def _of_one(found: Sequence[Finding], unread: Sequence[Finding]) -> Iterator[Finding]:
    if any(one.span is None for one in found):  # of all of it: but what that is, nobody knows who cannot read it
        yield unread[0]._replace(span=None)
        return
    group: list[Finding] = []
    end = -1
    marked = {id(one) for one in unread}
    for one in sorted([*found, *unread], key=lambda one: one.span or Span(0, 0)):
        span = one.span or Span(0, 0)
        if group and span.start >= end:
            yield _united(group, marked)
            group = []
        group.append(one)
        end = max(end, span.end) if len(group) > 1 else span.end
    yield _united(group, marked)


def _united(group: Sequence[Finding], marked: set[int]) -> Finding:
    first = next((one for one in group if id(one) in marked), None)
    if first is None:
        return group[0]  # alone: findings do not overlap
    spans = [one.span for one in group if one.span is not None]
    return first._replace(span=Span(min(span.start for span in spans), max(span.end for span in spans)))


@lru_cache(maxsize=64)
def _scripts(supported: tuple[str, ...]) -> OtherScripts:
    return OtherScripts(scripts_of(supported))
