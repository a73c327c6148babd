"""Which values are free text, and which of them read as one."""

from __future__ import annotations

import base64

import pytest
from deidstream.core.document import Edit, splice
from deidstream.core.span import Span
from deidstream.formats.hl7v2 import split

HEADER = "MSH|^~\\&|APP|FAC|REC|RFAC|202001011200||ORU^R01|CTRL1|P|{version}||||||UNICODE UTF-8"


def message(*segments: str, version: str = "2.5.1") -> bytes:
    return ("\r".join((HEADER.format(version=version), *segments)) + "\r").encode()


def texts(*segments: str, version: str = "2.5.1") -> dict[str, str]:
    return {part.locator: part.text for part in split(message(*segments, version=version)).parts}


def test_report_lines_of_one_observation_are_one_part() -> None:
    lines = [f"OBX|{n}|TX|1^Report^L||Line {n}" for n in range(1, 41)]
    source = message(*lines, "OBX|41|TX|2^Other^L||Something else")
    parts = [part for part in split(source).parts if part.locator != "labels"]
    assert [part.text for part in parts] == ["\n".join(f"Line {n}" for n in range(1, 41)), "Something else"]
    assert [piece.path for piece in parts[0].pieces][:2] == ["OBX-5", "OBX[2]-5"]


def test_a_finding_in_a_joined_report_is_written_back_into_its_line() -> None:
    source = message("OBX|1|FT|1||Seen by\\.br\\", "OBX|2|FT|1||Dr Smith ~ and Jones")
    document = split(source)
    (part,) = document.parts
    at = part.text.index("Smith")
    piece = next(piece for piece in part.pieces if piece.start <= at < piece.end)
    span = Span(at - piece.start, at - piece.start + 5)
    assert splice(document, [Edit(piece.path, span, "X")]) == source.replace(b"Smith", b"X")


def test_consecutive_notes_are_one_part_and_others_begin_a_new_one() -> None:
    found = texts("NTE|1||a", "NTE|2|L|b~c", "OBX|1|NM|1||5", "NTE|1||d")
    assert found == {"NTE-3": "a\nb\nc", "NTE[3]-3": "d"}


def test_text_of_a_primitive_type_is_read_whole_whatever_delimiters_it_holds() -> None:
    assert texts("OBX|1|TX|1||up ^ and down & on")["OBX-5"] == "up ^ and down & on"


@pytest.mark.parametrize(
    ("segment", "locator", "version"),
    [
        ("NTE|1||words", "NTE-3", "2.1"),
        ("NTE|1||words", "NTE-3", "2.8"),
        ("OBX|1|ST|1||words", "OBX-5", "2.3"),
        ("OBX|1||1||words", "OBX-5", "2.3"),
        ("DG1|1|I9||words", "DG1-4", "2.3"),
        ("AL1|1||||words", "AL1-5", "2.3"),
        ("PV2|||||||||||| words", "PV2-12", "2.5"),
        ("TXA|1||||||||||||||||||||words", "TXA-21", "2.5"),
        ("OBR|1||||||||||||words", "OBR-13", "2.5.1"),
        ("ACC||||||||words", "ACC-8", "2.8"),
        ("ODS|D|||words", "ODS-4", "2.5"),
        ("SPM|1|||||||||||||words", "SPM-14", "2.5"),
        ("GOL|||||||||||||||||words", "GOL-17", "2.5"),
        ("CON|1|||||words", "CON-6", "2.7"),
        ("PR1|1|||words", "PR1-4", "2.3"),
        ("RF1|||||||||||||||||||||||| words", "RF1-24", "2.8"),
    ],
)
def test_free_text_fields_of_the_standard_are_parts(segment: str, locator: str, version: str) -> None:
    assert texts(segment, version=version)[locator].strip() == "words"


@pytest.mark.parametrize(
    ("segment", "read"),
    [
        # of published coding systems neither code nor display is anybody's words
        ("OBX|1|NM|718-7^Hemoglobin^LN||5", ""),
        ("DG1|1||I21.9^Acute myocardial infarction^I10", ""),
        ("OBX|1|CWE|1^a^LN||22298006^Myocardial infarction^SCT", ""),
        ("OBX|1|NM|1^a^LN||5|mg/dL^milligram per decilitre^UCUM", ""),
        ("OBX|1|CE|1^a^LN||1^Display of a table^HL70001", ""),
        ("OBX|1|CE|1^a^2.16.840.1.113883.6.1||5", ""),
        # of local ones the words are
        ("OBX|1|NM|X1^Mr Smith's test^L||5", "Mr Smith's test"),
        ("OBX|1|NM|X1^Mr Smith's test^99LAB||5", "Mr Smith's test"),
        ("OBX|1|NM|X1^Mr Smith's test||5", "Mr Smith's test"),
        ("OBR|1|||1^a^LN^X^Smith panel^L", "Smith panel"),
        ("OBX|1|CWE|1^a^LN||1^Yes^HL70136^^^^^^as Smith said", "as Smith said"),
        ("OBR" + "|" * 39 + "^seen by Smith", "seen by Smith"),
        ("PV2|||^fell off Smith's ladder", "fell off Smith's ladder"),
        # codes and measures that read like words
        ("OBX|1|NM|1^a^LN||see Smith", "see Smith"),
        ("OBX|1|NM|1^a^LN||5|mg|ask Dr Smith", "ask Dr Smith"),
        ("PV1|1|I Smith", "I Smith"),
    ],
)
def test_words_of_local_codes_are_read_together(segment: str, read: str) -> None:
    assert texts(segment).get("labels", "") == read


@pytest.mark.parametrize("value", ["1-5", "5.5", "<3", "POS", "N"])
def test_measures_and_flags_are_no_text(value: str) -> None:
    found = split(message(f"OBX|1|NM|718-7^Hb^LN||5.5|g/dL|{value}|N|||F"))
    assert found.parts == ()


def test_parts_know_whose_they_are() -> None:
    document = split(message("PID|1||A", "NTE|1||first", "PID|2||B", "NTE|1||second", "OBX|1|NM|1^Local words^L||5"))
    assert [(part.text, part.subject) for part in document.parts] == [
        ("first", 0),
        ("second", 1),
        ("Local words", 1),
    ]


def test_the_language_of_the_message_is_that_of_its_parts() -> None:
    (part,) = split(message("NTE|1||Hallo").replace(b"UTF-8\r", b"UTF-8|DE^German^ISO639\r")).parts
    assert part.language == "de"


def test_a_text_in_base64_is_a_document_inside_and_goes_back_encoded() -> None:
    inner = base64.b64encode(b"Seen by Dr Smith").decode()
    source = message(f"OBX|1|ED|1^a^LN||^TEXT^PLAIN^Base64^{inner}")
    document = split(source)
    (part,) = document.parts
    assert part.text == "Seen by Dr Smith"
    assert part.locator.startswith("OBX-5.5!")
    at = part.text.index("Smith")
    edited = splice(document, [Edit(part.pieces[0].path, Span(at, at + 5), "Roe")])
    assert edited == source.replace(inner.encode(), base64.b64encode(b"Seen by Dr Roe"))
    assert splice(document, []) == source


def test_a_text_without_encoding_is_a_part_as_it_stands() -> None:
    assert texts("OBX|1|ED|1^a^LN||^TEXT^^A^Seen by Smith")["OBX-5.5"] == "Seen by Smith"


@pytest.mark.parametrize("data", ["^IM^JPEG^Base64^AAAA", "^application^pdf^Base64^AAAA", "^TEXT^XML^Base64^!!!"])
def test_what_cannot_be_opened_is_no_part(data: str) -> None:
    assert texts(f"OBX|1|ED|1^a^LN||{data}") == {}
