"""Labels at the end of a finding are not of it; what may be a name stays."""

import pytest
from deidstream.core.category import Category
from deidstream.core.finding import Finding
from deidstream.core.span import Span
from deidstream.detection.text.labels import without_labels


def left(text: str, found: str, category: Category = Category.CITY) -> list[str]:
    start = text.index(found)
    finding = Finding("1", Span(start, start + len(found)), category, 0.5, "text.tagger/3", canonical=found)
    return [text[one.span.start : one.span.end] for one in without_labels(text, [finding]) if one.span]


@pytest.mark.parametrize(
    ("text", "found", "kept"),
    [
        ("31008 Pamplona Tfno. 848 422179", "Pamplona Tfno", ["Pamplona"]),
        ("C/ Seminario, 4. C.P. 02006", "C/ Seminario, 4. C.P", ["C/ Seminario, 4"]),
        ("Elena Ruiz Correos electrónicos: a@b.es", "Elena Ruiz Correos", ["Elena Ruiz"]),
        ("s/n C.P. 28045", "C.P", []),
        ("Bonn Tel. +49 228", "Bonn Tel", ["Bonn"]),
        ("Jan Tel was seen", "Jan Tel", ["Jan Tel"]),
        ("Mrs Mail, seen", "Mail", ["Mail"]),
        ("Jan Telman 3", "Jan Telman", ["Jan Telman"]),
        ("Pamplona 3", "Pamplona", ["Pamplona"]),
    ],
)
def test_a_label_with_what_it_labels_behind_it_is_left_out(text, found, kept):
    assert left(text, found) == kept
    assert left(text, found, Category.NAME) == kept


def test_numbers_and_whole_elements_are_left_alone():
    assert left("a tel 3", "tel", Category.USERNAME) == ["tel"]
    whole = Finding("1", None, Category.NAME, 0.5, "fields/1")
    assert list(without_labels("Tel 3", [whole])) == [whole]
