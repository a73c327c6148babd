"""What nobody has read takes the place of what was found there."""

from __future__ import annotations

from deidstream.core.category import Category
from deidstream.core.finding import Finding
from deidstream.core.merge import merge
from deidstream.core.span import Span
from deidstream.stages.resolver.foreign import instead
from hypothesis import given
from hypothesis import strategies as st

spans = st.tuples(st.integers(0, 30), st.integers(1, 9)).map(lambda one: Span(one[0], one[0] + one[1]))
places = st.sampled_from(["OBX-5", "NTE-3"])
found = st.lists(
    st.builds(lambda locator, span: Finding(locator, span, Category.NAME, 0.9, "text.rules/1"), places, spans)
)
whole = st.lists(
    st.builds(lambda locator: Finding(locator, None, Category.PHOTO, 1.0, "fields.x/1"), places), max_size=1
)


def _unread(locator: str, span: Span) -> Finding:
    return Finding(locator, span, Category.UNKNOWN, 1.0, "policy.language/2")


@given(found, whole, st.lists(st.builds(_unread, places, spans)))
def test_nothing_overlaps_and_all_of_both_is_covered(
    names: list[Finding], wholes: list[Finding], unread: list[Finding]
) -> None:
    findings = merge([*names, *wholes])
    out = instead(findings, unread)
    for locator in ("OBX-5", "NTE-3"):
        mine = [one for one in out if one.locator == locator]
        if any(one.span is None for one in findings if one.locator == locator):
            there_too = [one for one in unread if one.locator == locator]
            assert mine == (
                [there_too[0]._replace(span=None)] if there_too else [one for one in findings if one.locator == locator]
            )
            continue
        there = [one.span for one in mine if one.span is not None]
        assert all(one.end <= other.start for one, other in zip(there, there[1:], strict=False))
        hidden = [one.span for one in mine if one.category is Category.UNKNOWN and one.span is not None]
        assert all(any(one.covers(span) for one in hidden) for at, span, *_ in unread if at == locator and span)
        assert all(any(one.covers(span) for one in there) for at, span, *_ in findings if at == locator and span)
        kept = [one for one in mine if one.category is not Category.UNKNOWN]
        assert kept == [
            one
            for one in findings
            if one.locator == locator and one.span and not any(one.span.overlaps(span) for span in hidden)
        ]
