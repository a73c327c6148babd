"""PDFs inside documents: what was read of them takes its place there, and what was not goes with the value that carries it."""

from __future__ import annotations

import base64
import json

import pytest
from deidstream.core.category import Category
from deidstream.core.document import Document, Edit, splice
from deidstream.core.errors import Unsafe
from deidstream.core.page import Box, Page, Pages
from deidstream.detection.fields import read
from deidstream.formats import split
from deidstream.formats.pdf.writer import written
from deidstream.formats.printed import printed, see

from tests.formats.pdf.made import pdf, text_of

TEXT = "Mrs Quiltrane"
READ = (
    Page(TEXT, tuple(Box(160 + 20 * at, 140, 180 + 20 * at, 180) for at in range(len(TEXT))), (False,) * len(TEXT)),
)
DATA = base64.b64encode(pdf([TEXT])).decode()
CDA = (
    "<ClinicalDocument xmlns='urn:hl7-org:v3'><recordTarget><patientRole><id root='9.9' extension='4711'/></patientRole>"
    "</recordTarget><component><nonXMLBody><text mediaType='application/pdf' representation='B64'>"
    f"{DATA}</text></nonXMLBody></component></ClinicalDocument>"
)
ATTACHMENT = {"contentType": "application/pdf", "data": DATA, "hash": "Lve95gjOVATpfV8EL5X4nxwjKHE=", "size": 9}
SOURCES = {
    "hl7v2": f"MSH|^~\\&|A|B|||20200101||MDM^T02|1|P|2.5\rPID|1||4711\rOBX|1|ED|1||^AP^PDF^Base64^{DATA}\r".encode(),
    "cda": CDA.encode(),
    "fhir": json.dumps({"resourceType": "DocumentReference", "content": [{"attachment": ATTACHMENT}]}).encode(),
    "hl7v2 with cda": (
        "MSH|^~\\&|A|B|||20200101||MDM^T02|1|P|2.5\rPID|1||4711\r"
        f"OBX|1|ED|1||^text^XML^Base64^{base64.b64encode(CDA.encode()).decode()}\r"
    ).encode(),
}


@pytest.fixture(params=SOURCES)
def document(request: pytest.FixtureRequest) -> Document:
    return split(request.param.partition(" ")[0], SOURCES[request.param])


def test_what_was_read_takes_its_place(document: Document) -> None:
    [(path, one)] = printed(document)
    assert [part.text for part in document.parts if part.locator.startswith(path)] == [""]
    see(document, [Pages(path, READ)])
    assert [part.locator for part in document.parts if part.text == TEXT] == [f"{path}!page[1]"]
    assert {fact.locator for fact in read(document).facts if "unseen" in fact.locator} == {f"{path}!unseen"}
    one.press = written
    out = splice(document, [Edit(f"{path}!page[1]", None, "Somebody"), Edit(f"{path}!unseen", None, None)])
    [(_, again)] = printed(split(document.format, out))
    assert text_of(again.source).strip() == "Somebody"


def test_what_could_not_be_read_goes_with_its_value_and_with_what_measures_it(document: Document) -> None:
    [(path, _)] = printed(document)
    see(document, [Pages(path, refused="pdf-encrypted")])
    assert not [part for part in document.parts if part.locator.startswith(path)]
    gone = {fact.locator: fact.category for fact in read(document).facts}
    assert gone[path] is Category.UNKNOWN
    if document.format == "fhir":
        assert gone["DocumentReference.content[0].attachment.hash"] is Category.UNKNOWN


def test_what_nobody_has_read_cannot_be_written(document: Document) -> None:
    [(path, one)] = printed(document)
    one.see(Pages(path, READ))
    with pytest.raises(Unsafe, match="page-not-read"):
        splice(document, [Edit(f"{path}!unseen", None, None)])
    with pytest.raises(Unsafe, match="no-such-locator"):
        see(document, [Pages("elsewhere", READ)])
