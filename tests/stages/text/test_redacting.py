"""What stands for texts that no model has read, and how often the log says so."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

import pytest
from deidstream.core.category import Category
from deidstream.core.document import Part
from deidstream.core.errors import Unavailable
from deidstream.core.finding import Finding
from deidstream.stages.text.redacting import Redacting
from deidstream.stream.log import LOGGER

PARTS = [Part("1", "Anna", ()), Part("2", "", ()), Part("3", "Eva", ())]


class _Away:
    def find(self, parts: Sequence[Part]) -> list[list[Finding]]:
        raise Unavailable("model-away", "there")


class _Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.fields: list[dict[str, object]] = []

    def emit(self, record: logging.LogRecord) -> None:
        assert record.getMessage() == "text.unread"
        self.fields.append(getattr(record, "fields"))  # noqa: B009 - it is none of logging's own


@pytest.fixture
def lines() -> Iterator[list[dict[str, object]]]:
    handler = _Lines()
    logger = logging.getLogger(LOGGER)
    logger.addHandler(handler)
    yield handler.fields
    logger.removeHandler(handler)


def test_every_text_is_one_finding_of_the_whole_and_what_is_empty_is_none() -> None:
    found = Redacting(_Away()).find(PARTS)
    assert [[(one.locator, one.span, one.category) for one in of_part] for of_part in found] == [
        [("1", None, Category.UNKNOWN)],
        [],
        [("3", None, Category.UNKNOWN)],
    ]


def test_it_is_said_once_a_minute_with_how_many_there_were(lines: list[dict[str, object]]) -> None:
    times = iter((0.0, 0.0, 30.0, 61.0, 61.0))
    layer = Redacting(_Away(), lambda: next(times))
    for _ in range(3):
        layer.find(PARTS)
    assert [(one["code"], one["place"], one["texts"]) for one in lines] == [
        ("model-away", "there", 2),
        ("model-away", "there", 4),
    ]
