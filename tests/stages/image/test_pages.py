"""Pages are read once, and what was read goes with the case from process to process."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence

import pytest
from deidstream import formats
from deidstream.adapters.memory_keys import MemoryKeyRing
from deidstream.core.case import Case, Header
from deidstream.core.category import Category, Role
from deidstream.core.errors import Malformed
from deidstream.core.outcome import Forward
from deidstream.core.page import Page, Pages, Sheet
from deidstream.core.region import Region
from deidstream.core.subject import Known, Subject
from deidstream.detection.text.identity import Identity
from deidstream.formats.pdf.reader import layers
from deidstream.formats.pdf.writer import written
from deidstream.ports import Sight
from deidstream.stages.image.service import Image
from deidstream.stream.stages import SECTIONS
from deidstream.wire import decode_case, encode_case

from tests.formats.pdf.made import pdf

KEYS = MemoryKeyRing()
PAGE = pdf(["Patient: Quilty McGrarth"])
ORU = b"MSH|^~\\&|A|B|||20200101||MDM^T02|1|P|2.5\rPID|1||4711\rOBX|1|ED|1||^AP^PDF^Base64^%s\r"
SUBJECT = Subject("s", 1, 1, known=(Known(Category.NAME, Role.PATIENT, "family", "McGrath", "PID-5[1]"),))


class _Believing:
    """Reads what layers say."""

    def read(self, source: bytes) -> list[Page]:
        return [Page(one.text, one.boxes, (False,) * len(one.text), one.pictures) for one, _ in layers(source)]

    def printed(self, source: bytes, sheets: Sequence[Sheet]) -> bytes:
        return written(source, sheets)

    def look(self, format_: str, source: bytes, faces: bool = False) -> Sight:
        raise AssertionError

    def painted(self, format_: str, source: bytes, regions: Sequence[Region]) -> bytes:
        raise AssertionError

    def shown(self, format_: str, source: bytes, frames: Sequence[int]) -> list[bytes]:
        raise AssertionError

    def close(self) -> None: ...


def examined(kind: str, source: bytes) -> Case:
    header = Header("c1", "folder", kind, 0.0, ("image", "fields", "text", "resolver", "writer"))
    [outcome] = Image(_Believing(), (), Identity()).handle([Case(header, source, subjects=(SUBJECT,))])
    assert isinstance(outcome, Forward)
    return outcome.case


@pytest.mark.parametrize(("kind", "source"), [("pdf", PAGE), ("hl7v2", ORU % b64encode(PAGE))])
@pytest.mark.parametrize("stage", ["fields", "text", "resolver", "review", "writer"])
def test_what_was_read_goes_on_to_every_stage_that_reads(kind: str, source: bytes, stage: str) -> None:
    case = examined(kind, source)
    assert case.header.itinerary[0] == "fields"
    there = decode_case(encode_case(case, KEYS), KEYS, SECTIONS[stage])
    assert there.document is None
    texts = [part.text.strip() for part in formats.opened(there).parts]
    assert texts == ["Patient: Quilty McGrarth"]
    [finding] = case.findings
    assert finding.locator == next(part.locator for part in formats.opened(there).parts)


def test_pages_that_cannot_be_read_stop_their_file_and_leave_a_message_without_them() -> None:
    with pytest.raises(Malformed, match="pdf-unreadable"):
        examined("pdf", PAGE[:300])
    case = examined("hl7v2", ORU % b64encode(PAGE[:300]))
    assert case.pages == (Pages("OBX-5.5", refused="pdf-unreadable"),)
    assert not formats.opened(case).parts
