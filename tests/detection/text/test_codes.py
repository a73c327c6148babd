"""Numbers in texts that stand in structured fields as well: codes are released there too, identifiers are not."""

from __future__ import annotations

from deidstream import formats
from deidstream.core.category import Category
from deidstream.core.finding import Finding
from deidstream.core.span import Span
from deidstream.detection import fields
from deidstream.detection.text.codes import without_codes


def _left(pid_13: str, obx_3: str, text: str, number: str) -> list[Finding]:
    message = (
        "MSH|^~\\&|LAB|STMARY|X|Y|20260302101500||ORU^R01^ORU_R01|C1|P|2.5\r"
        f"PID|1||8100001^^^STMARY^MR||Winterbourne^Alma||19610413|F|||||{pid_13}\r"
        f"OBR|1|P1|F1|24323-8^Panel^LN\rOBX|1|TX|{obx_3}||{text}||||||F\r"
    )
    document = formats.split("hl7v2", message.encode(), "")
    document.reading = fields.read(document)
    (part,) = [part for part in document.parts if number in part.text]
    at = part.text.index(number)
    span = Span(at, at + len(number))
    return without_codes(document, [Finding(part.locator, span, Category.PHONE, 0.8, "text.rules/1")])


def test_a_number_that_is_a_code_of_the_same_message_is_no_identifier() -> None:
    assert not _left("", "271649006^Systolic^SCT", "See 271649006 above", "271649006")


def test_a_number_that_is_an_identifier_of_the_same_message_stays_one() -> None:
    assert _left("271649006", "8251-1^Comment^LN", "Call 271649006", "271649006")


def test_a_number_that_stands_in_the_text_alone_stays_one() -> None:
    assert _left("", "8251-1^Comment^LN", "Call 271649006", "271649006")
