"""Facts of documents inside values, through the one entrance that the stages use."""

import base64

from deidstream.core.category import Category
from deidstream.core.document import Edit, splice
from deidstream.detection.fields import read
from deidstream.formats import split

CDA = (
    b"<ClinicalDocument xmlns='urn:hl7-org:v3'><recordTarget><patientRole><id root='9.9' extension='{n}'/>"
    b"<patient><name><family>Planted</family></name></patient></patientRole></recordTarget></ClinicalDocument>"
)


def _hl7(content: bytes, kind: str) -> bytes:
    encoded = base64.b64encode(content).decode()
    return (
        "MSH|^~\\&|A|B|||20200101||MDM^T02|1|P|2.5\rPID|1||4711^^^HOSP^MR||Doe^John\r"
        f"OBX|1|ED|18842-5^Discharge summary^LN||^{kind}^Base64^{encoded}||||||F\r"
    ).encode()


def _fhir(content: bytes, media_type: str) -> bytes:
    encoded = base64.b64encode(content).decode()
    return f'{{"resourceType":"Binary","contentType":"{media_type}","data":"{encoded}"}}'.encode()


def test_a_clinical_document_in_a_message_is_read_once_and_its_subject_is_the_messages():
    document = split("hl7v2", _hl7(CDA.replace(b"{n}", b"4711"), "text^XML"))
    reading = read(document)
    assert len(reading.subjects) == 1
    inner = [fact for fact in reading.facts if "!" in fact.locator]
    assert len({fact.locator for fact in inner}) == len(inner)
    assert {fact.value for fact in inner} == {"4711", "Planted"}
    assert {fact.subject for fact in inner} == {0}
    out = splice(document, [Edit(fact.locator, None, None) for fact in inner])
    assert not [fact for fact in read(split("hl7v2", out)).facts if "!" in fact.locator]


def test_a_clinical_document_in_a_resource_that_names_nobody_brings_its_own_subject():
    document = split("fhir", _fhir(CDA.replace(b"{n}", b"77"), "application/xml"))
    reading = read(document)
    assert [identifier.value for identifier in reading.subjects[0]] == ["77"]
    assert {fact.value for fact in reading.facts if "!" in fact.locator} == {"77", "Planted"}


def test_pictures_inside_nested_texts_are_found():
    document = split("fhir", _fhir(rb"{\rtf1 hello {\pict 0102}}", "text/rtf"))
    assert [fact.category for fact in read(document).facts if "!" in fact.locator] == [Category.PHOTO]
    assert any(part.text.startswith("hello") for part in document.parts)
