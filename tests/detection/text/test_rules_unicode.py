"""Spelling tricks of Unicode hide nothing, spans cut exactly, no text is too odd, and a batch changes nothing."""

from __future__ import annotations

import pytest
from deidstream.core.document import Part
from deidstream.core.finding import Finding
from deidstream.detection.text.rules import Rules
from hypothesis import given, settings
from hypothesis import strategies as st

RULES = Rules()

INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u0301\u0327"
"""Zero width space, joiners, byte order mark, soft hyphen, an accent, a cedilla."""

IDENTIFIERS = [("email", "jo.public@example.org"), ("phone", "(555) 123-4567"), ("national_id", "123-45-6789")]


def find(text: str) -> list[Finding]:
    (findings,) = RULES.find([Part("p", text, ())])
    return findings


def covered(text: str, category: str) -> list[str]:
    return [text[f.span.start : f.span.end] for f in find(text) if f.span and f.category == category]


@pytest.mark.parametrize(("category", "value"), IDENTIFIERS)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_invisible_characters_hide_nothing(category: str, value: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(1, len(value) - 1))
    mark = data.draw(st.sampled_from(INVISIBLE))
    written = value[:at] + mark + value[at:]
    assert covered(f"Contact {written} today", category) == [written]


@pytest.mark.parametrize(("category", "value"), IDENTIFIERS)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_full_width_and_foreign_digits_hide_nothing(category: str, value: str, data: st.DataObject) -> None:
    zero = data.draw(st.sampled_from(["\uff10", "\u0660", "\u06f0", "\u0966"]))
    chosen = data.draw(st.sets(st.integers(0, len(value) - 1)))
    written = "".join(
        chr(ord(zero) + int(c))
        if c.isdigit() and i in chosen
        else chr(ord(c) + 0xFEE0)
        if i in chosen and "!" <= c <= "~" and not c.isdigit()
        else c
        for i, c in enumerate(value)
    )
    assert covered(f"Contact {written} today", category) == [written]


@pytest.mark.parametrize(
    ("text", "category", "expected", "reason"),
    [
        ("mail j\u043ehn@ex\u0430mple.org now", "email", "j\u043ehn@ex\u0430mple.org", "Cyrillic o and a"),
        ("Dr. \u0421harles Babbage", "name", "\u0421harles Babbage", "Cyrillic capital Es"),
        ("SSN 123\u201145\u20136789", "national_id", "123\u201145\u20136789", "no-break hyphen and en dash"),
        ("Dr.\u00a0M\u00fcller", "name", "M\u00fcller", "no-break space"),
        ("Dr. Mu\u0308ller", "name", "Mu\u0308ller", "decomposed umlaut"),
        ("Dr. Andr\u00e9 und Dr. Jose\u0301", "name", "Jose\u0301", "a mark on the last letter belongs to the name"),
        (
            "\u0632\u064a\u0627\u0631\u0629 \u0661\u0664/\u0660\u0663/\u0662\u0660\u0662\u0666",
            "date",
            "\u0661\u0664/\u0660\u0663/\u0662\u0660\u0662\u0666",
            "Arabic digits",
        ),
        ("\u521d\u8a3a 2026\u5e743\u670814\u65e5", "date", "2026\u5e743\u670814\u65e5", "Japanese date"),
        ("D\uff52. Smith", "name", "Smith", "full width letter in the title"),
        ("geb. 12\u200b.03.1950", "birth_date", "12\u200b.03.1950", "zero width inside a date"),
    ],
)
def test_other_spellings(text: str, category: str, expected: str, reason: str) -> None:
    assert expected in covered(text, category), reason


TEXT = st.text(max_size=120) | st.lists(
    st.sampled_from(
        [
            "Dr. ",
            "Name: ",
            "12/03/2021",
            "\u0301",
            "\u200b",
            "Smith",
            "(555) 123-4567",
            "\x00",
            "\ue000",
            "a@b.org",
            "C/ Mayor 5",
            "28013 Madrid",
            "67 a\u00f1os",
            "\n",
            "MRN 12345",
            "\ud83d\ude00",
            "\u5e74",
            "3 May",
            " ",
        ]
    ),
    max_size=12,
).map("".join)


@given(st.lists(TEXT, max_size=6))
@settings(max_examples=100, deadline=None)
def test_a_batch_gives_what_each_part_gives_alone(texts: list[str]) -> None:
    parts = [Part(f"p{number}", text, (), subject=number) for number, text in enumerate(texts)]
    together = RULES.find(parts)
    assert together == [RULES.find([part])[0] for part in parts]
    for part, findings in zip(parts, together, strict=True):
        end = 0
        for finding in findings:
            assert finding.span is not None
            assert end <= finding.span.start < finding.span.end <= len(part.text)
            assert (finding.locator, finding.subject) == (part.locator, part.subject)
            assert 0.0 < finding.score <= 1.0
            end = finding.span.end


def test_large_batches_are_cut_without_a_trace() -> None:
    text = "Dr. Smith " + "x" * 600_000
    assert [
        len(found) for found in RULES.find([Part("a", text, ()), Part("b", text, ()), Part("c", "Dr. Smith", ())])
    ] == [1, 1, 1]


def test_no_pattern_reads_across_parts() -> None:
    findings = RULES.find(
        [Part("a", "Dr.", ()), Part("b", "Smith", ()), Part("c", "12/03/", ()), Part("d", "2021", ())]
    )
    assert findings == [[], [], [], []]


def test_lone_surrogates_do_no_harm() -> None:
    assert covered("Dr. Smith \ud800", "name") == ["Smith"]


@pytest.mark.parametrize(
    "unit", ["Dr. ", "Doe, John ", "12 jan ", "tel" + " " * 40, "id ", "calle " + "A" * 80 + " ", "1 2 3 4 5 6 7 8 "]
)
def test_repetition_does_not_make_a_text_slow(unit: str) -> None:
    """Quadratic work would take minutes here; these take well under a second."""
    assert RULES.find([Part("p", unit * (60_000 // len(unit)), ())])
