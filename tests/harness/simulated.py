"""What of a simulated message stands in its own release. In that of another it may: a surrogate is by chance somebody's name."""

import re
from collections.abc import Sequence

from deidstream.cli.demo.reading import plain
from deidstream.cli.simulate.day import Event

from tests.harness.client import case_of
from tests.harness.deployment import Running

__all__ = ["survived"]

_FHIR = b"POST \0"


def survived(running: Running, events: Sequence[Event], contents: Sequence[bytes] = ()) -> list[tuple[str, str]]:
    """Case id and string: of what was planted for its person, and of the numbers of others that its message holds.

    ``contents``: what was sent, where that is not what ``events`` hold. Sent to the sources
    ``adt`` and ``fhir``; each must have been released. Raises AssertionError where nothing was planted.
    """
    releases = {release.case_id: release for release in running.releases() if not release.id.endswith("p")}
    numbers = {one for event in events for one in event.planted if re.search(r"\d", one)}
    found = []
    for event, content in zip(events, contents or [event.content for event in events], strict=True):
        source, control = ("adt", event.control_id.encode()) if event.format == "hl7v2" else ("fhir", _FHIR)
        case_id = case_of(running, source, control, content)
        planted = _words({*event.planted, *numbers}, plain(event.format, content))
        assert planted, event.kind
        found += [(case_id, one) for one in _words(planted, plain(event.format, releases[case_id].content))]
    return found


def _words(strings: set[str], text: str) -> set[str]:
    return {one for one in strings if one in text and re.search(rf"(?<!\w){re.escape(one)}(?!\w)", text)}
