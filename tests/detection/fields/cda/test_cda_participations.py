"""Every participation of the CDA schema, with values planted by data type: each must be found, with whose it is.

The expectation is written from the R-MIM (POCD_RM000040) and the data types, not from the tables of the code.
"""

import itertools

import pytest
from deidstream.core.category import Category, Role
from deidstream.core.document import Edit, splice
from deidstream.detection.fields import read
from deidstream.formats import split

HEAD = '<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:sdtc="urn:hl7-org:sdtc" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'

ADDR = (
    "<addr use='HP'><streetAddressLine>{n}1 Planted Lane</streetAddressLine><city>{n}Plantville</city><state>{n}PL</state>"
    "<postalCode>{n}0001</postalCode><county>{n}Planty</county><country>{n}PP</country></addr>"
)
TELECOM = "<telecom value='tel:+1(555){n}'/><telecom value='mailto:{n}@planted.org'/><telecom use='WP' value='http://{n}.planted.org'/>"
PERSON = (
    "<name><prefix>{n}Dr</prefix><given>{n}Gina</given><given>{n}Mid</given>"
    "<family>{n}Fam</family><suffix>{n}Jr</suffix></name>"
)
ORG = "<id root='9.9.1' extension='{n}ORG'/><name>{n} Planted Hospital</name>" + TELECOM + ADDR
ID = "<id root='9.9.2' extension='{n}ID' assigningAuthorityName='{n}Authority'/>"
TIMES = "<time><low value='2001{n}01'/><high value='2001{n}02'/></time>"

PERSONAL = {"prefix", "given", "middle", "family", "suffix"}
ADDRESS = {"line", "city", "region", "postal_code", "place", "country"}
REACHED = {"phone", "email", "url"}


def entity(person: str, organisation: str = "representedOrganization") -> str:
    return (
        ID
        + ADDR
        + TELECOM
        + f"<{person}>{PERSON}</{person}>"
        + (f"<{organisation}>{ORG}</{organisation}>" if organisation else "")
    )


def associated(class_code: str, code: str = "") -> str:
    return (
        f"<participant typeCode='IND'>{TIMES}<associatedEntity classCode='{class_code}'>{code}"
        + entity("associatedPerson", "scopingOrganization")
        + "</associatedEntity></participant>"
    )


ASSIGNED = "<assignedEntity>" + entity("assignedPerson") + "</assignedEntity>"
HEADER = {
    "author": (
        f"<author><time value='2001{{n}}01'/><assignedAuthor>{entity('assignedPerson')}</assignedAuthor></author>",
        Role.CLINICIAN,
    ),
    "data enterer": (f"<dataEnterer>{TIMES}{ASSIGNED}</dataEnterer>", Role.CLINICIAN),
    "informant, assigned": (f"<informant>{ASSIGNED}</informant>", Role.CLINICIAN),
    "informant, related": (
        "<informant><relatedEntity classCode='PRS'><code code='MTH' codeSystem='2.16.840.1.113883.5.111' displayName='mother'/>"
        + ADDR
        + TELECOM
        + f"<relatedPerson>{PERSON}</relatedPerson></relatedEntity></informant>",
        Role.RELATIVE,
    ),
    "information recipient": (
        "<informationRecipient><intendedRecipient>" + ID + f"<informationRecipient>{PERSON}</informationRecipient>"
        f"<receivedOrganization>{ORG}</receivedOrganization></intendedRecipient></informationRecipient>",
        Role.CLINICIAN,
    ),
    "legal authenticator": (
        f"<legalAuthenticator><time value='2001{{n}}01'/>{ASSIGNED}</legalAuthenticator>",
        Role.CLINICIAN,
    ),
    "authenticator": (f"<authenticator><time value='2001{{n}}01'/>{ASSIGNED}</authenticator>", Role.CLINICIAN),
    "next of kin": (associated("NOK"), Role.RELATIVE),
    "emergency contact": (associated("ECON"), Role.RELATIVE),
    "guarantor": (associated("GUAR"), Role.RELATIVE),
    "caregiver": (associated("CAREGIVER"), Role.RELATIVE),
    "provider": (associated("PROV"), Role.CLINICIAN),
    "payer": (associated("PAYOR"), Role.INSURER),
    "performer": (
        f"<documentationOf><serviceEvent><performer typeCode='PRF'>{TIMES}{ASSIGNED}</performer></serviceEvent></documentationOf>",
        Role.CLINICIAN,
    ),
    "responsible party": (
        f"<componentOf><encompassingEncounter><responsibleParty>{ASSIGNED}</responsibleParty></encompassingEncounter></componentOf>",
        Role.CLINICIAN,
    ),
    "encounter participant": (
        f"<componentOf><encompassingEncounter><encounterParticipant typeCode='ATND'>{TIMES}{ASSIGNED}</encounterParticipant>"
        "</encompassingEncounter></componentOf>",
        Role.CLINICIAN,
    ),
    "guardian": (
        f"<recordTarget><patientRole><patient><guardian>{entity('guardianPerson', '')}</guardian>"
        "</patient></patientRole></recordTarget>",
        Role.RELATIVE,
    ),
    "maintaining person": (
        "<author><assignedAuthor><assignedAuthoringDevice><asMaintainedEntity><maintainingPerson>"
        + PERSON
        + "</maintainingPerson></asMaintainedEntity></assignedAuthoringDevice></assignedAuthor></author>",
        Role.CLINICIAN,
    ),
}
ACTS = [
    "act",
    "encounter",
    "observation",
    "organizer",
    "procedure",
    "substanceAdministration",
    "supply",
    "observationMedia",
]
ENTRY = {
    "author": (
        f"<author><time value='2001{{n}}01'/><assignedAuthor>{entity('assignedPerson')}</assignedAuthor></author>",
        Role.CLINICIAN,
    ),
    "performer": (f"<performer>{TIMES}{ASSIGNED}</performer>", Role.CLINICIAN),
    "informant": (f"<informant>{ASSIGNED}</informant>", Role.CLINICIAN),
    "verifier": (
        f"<participant typeCode='VRF'>{TIMES}<participantRole>{ID}{ADDR}{TELECOM}"
        f"<playingEntity>{PERSON}</playingEntity></participantRole></participant>",
        Role.CLINICIAN,
    ),
    "relative": (
        f"<participant typeCode='IND'>{TIMES}<participantRole classCode='NOK'>{ID}{ADDR}{TELECOM}"
        f"<playingEntity>{PERSON}</playingEntity></participantRole></participant>",
        Role.RELATIVE,
    ),
    "subject": (
        "<subject><relatedSubject classCode='PRS'><code code='FTH' codeSystem='2.16.840.1.113883.5.111' displayName='father'/>"
        + ADDR
        + TELECOM
        + f"<subject><sdtc:id root='9.9.2' extension='{{n}}ID'/>{PERSON}</subject></relatedSubject></subject>",
        Role.RELATIVE,
    ),
    "covered party": (
        f"<participant typeCode='COV'>{TIMES}<participantRole classCode='PAT'>{ID}{ADDR}{TELECOM}"
        f"<playingEntity>{PERSON}</playingEntity></participantRole></participant>",
        Role.PATIENT,
    ),
}


def _in_header(inner: str) -> bytes:
    return f"{HEAD}{inner}</ClinicalDocument>".encode()


def _in_entry(act: str, inner: str) -> bytes:
    body = f"<component><structuredBody><component><section><entry><{act}>{inner}</{act}></entry></section>"
    body += "</component></structuredBody>"
    return f"{HEAD}{body}</component></ClinicalDocument>".encode()


CASES = [
    *((f"header {name}", _in_header(inner.format(n="42")), role) for name, (inner, role) in HEADER.items()),
    *(
        (f"{act} {name}", _in_entry(act, inner.format(n="42")), role)
        for act, (name, (inner, role)) in itertools.product(ACTS, ENTRY.items())
    ),
]


@pytest.mark.parametrize(("source", "role"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_everything_planted_is_found_and_says_whose_it_is(source, role):
    document = split("cda", source)
    facts = read(document).facts
    found = {fact.value for fact in facts}
    planted = {leaf.text for leaf in document.leaves if "42" in leaf.text}
    missed = {value for value in planted if not any(value.endswith(fact) for fact in found)}
    assert not missed
    assert not any(fact.category is Category.UNKNOWN for fact in facts)
    own = [fact for fact in facts if "rganization" not in fact.locator and fact.category is not Category.ORGANISATION]
    assert {fact.role for fact in own if fact.category is Category.NAME} == {role}
    assert {fact.form for fact in own if fact.category is Category.NAME} == PERSONAL
    if ">421 Planted Lane<" in source.decode().split("rganization")[0]:
        assert {fact.form for fact in own if fact.form in ADDRESS and fact.role is role} == ADDRESS
        assert {fact.form for fact in own if fact.form in REACHED and fact.role is role} == REACHED
    organisations = [fact for fact in facts if "rganization" in fact.locator and "/id/" not in fact.locator]
    assert {fact.role for fact in organisations} <= {Role.ORGANISATION}
    out = splice(document, [Edit(fact.locator, None, None) for fact in facts])
    assert b"42" not in out


VALUES = [
    ("II", "<id root='9.9' extension='42'/>", Category.RECORD_ID, "number", "42"),
    (
        "II, a UUID alone",
        "<id root='4242AB12-0000-4000-8000-000000000000'/>",
        Category.RECORD_ID,
        "uuid",
        "4242AB12-0000-4000-8000-000000000000",
    ),
    ("II, an OID alone", "<id root='1.2.42.7'/>", Category.RECORD_ID, "oid", "1.2.42.7"),
    ("TS", "<effectiveTime value='20420102'/>", Category.DATE, "cda.TS", "20420102"),
    ("TS, year", "<effectiveTime value='2042'/>", Category.DATE, "cda.TS", "2042"),
    (
        "IVL_TS low",
        "<effectiveTime xsi:type='IVL_TS'><low value='204201020304+0100'/></effectiveTime>",
        Category.DATE,
        "cda.TS",
        "204201020304+0100",
    ),
    ("IVL_TS high", "<effectiveTime><high value='2042'/></effectiveTime>", Category.DATE, "cda.TS", "2042"),
    ("IVL_TS center", "<effectiveTime><center value='2042'/></effectiveTime>", Category.DATE, "cda.TS", "2042"),
    ("value TS", "<value xsi:type='TS' value='2042'/>", Category.DATE, "cda.TS", "2042"),
    ("value IVL_TS", "<value xsi:type='IVL_TS'><low value='2042'/></value>", Category.DATE, "cda.TS", "2042"),
    ("value II", "<value xsi:type='II' root='9.9' extension='42'/>", Category.RECORD_ID, "number", "42"),
    ("value PN", "<value xsi:type='PN'><family>Fam42</family></value>", Category.NAME, "family", "Fam42"),
    ("value EN, unstructured", "<value xsi:type='EN'>Fam42</value>", Category.NAME, "name", "Fam42"),
    ("value ON", "<value xsi:type='ON'>Org42</value>", Category.ORGANISATION, "name", "Org42"),
    ("value AD, unstructured", "<value xsi:type='AD'>42 Lane</value>", Category.STREET, "address", "42 Lane"),
    ("value TEL", "<value xsi:type='TEL' value='tel:42'/>", Category.PHONE, "phone", "42"),
    ("value TEL, fax", "<value xsi:type='TEL' value='fax:42'/>", Category.FAX, "fax", "42"),
    ("value TEL, bare", "<value xsi:type='TEL' value='42'/>", Category.PHONE, "phone", "42"),
    ("value TEL, bare mail", "<value xsi:type='TEL' value='42@x.org'/>", Category.EMAIL, "email", "42@x.org"),
    ("value TEL, a file", "<value xsi:type='TEL' value='letter42.pdf'/>", Category.URL, "url", "letter42.pdf"),
    (
        "value TEL, with extension",
        "<value xsi:type='TEL' value='555 ext. 42'/>",
        Category.PHONE,
        "phone",
        "555 ext. 42",
    ),
    ("value of an unknown type", "<value xsi:type='XYZ' value='42'/>", Category.UNKNOWN, "text", "42"),
    ("an unknown element", "<nickname>42</nickname>", Category.UNKNOWN, "text", "42"),
    ("an unknown extension", "<sdtc:shoeSize value='42'/>", Category.UNKNOWN, "text", "42"),
    (
        "an unknown attribute",
        "<code codeSystem='2.16.840.1.113883.6.1' code='1' remark='42'/>",
        Category.UNKNOWN,
        "text",
        "42",
    ),
    ("text where none belongs", "Fam42", Category.UNKNOWN, "text", "Fam42"),
    ("another namespace", "<name xmlns='urn:x'>42</name>", Category.UNKNOWN, "text", "42"),
    ("an external link", "<text><reference value='http://x.org/42'/></text>", Category.URL, "url", "http://x.org/42"),
    (
        "the age of a patient",
        "<code code='30525-0' codeSystem='2.16.840.1.113883.6.1'/><value xsi:type='PQ' value='42' unit='a'/>",
        Category.AGE,
        "number",
        "42",
    ),
]


@pytest.mark.parametrize(
    ("inner", "category", "form", "value"), [row[1:] for row in VALUES], ids=[row[0] for row in VALUES]
)
def test_each_data_type_is_read(inner, category, form, value):
    facts = [fact for fact in read(split("cda", _in_entry("observation", inner))).facts if "42" in fact.value]
    assert [(fact.category, fact.form, fact.value) for fact in facts] == [(category, form, value)]


TEXTS = [
    "<text>Fam42</text>",
    "<value xsi:type='ST'>Fam42</value>",
    "<value xsi:type='ED' mediaType='text/plain'>Fam42</value>",
    "<value xsi:type='CD' nullFlavor='OTH'><originalText>Fam42</originalText></value>",
    "<code code='1' codeSystem='8.8.8' displayName='Fam42'/>",
    "<code><originalText>Fam42</originalText></code>",
    "<!-- Fam42 -->",
    "<derivationExpr>Fam42</derivationExpr>",
    "<value xsi:type='SC' code='1'>Fam42</value>",
]


@pytest.mark.parametrize("inner", TEXTS)
def test_free_text_is_a_part(inner):
    document = split("cda", _in_entry("observation", inner))
    assert any("Fam42" in part.text for part in document.parts)
    assert not any("Fam42" in fact.value for fact in read(document).facts)


CLINICAL = [
    "<templateId root='2.16.840.1.113883.10.20.42' extension='2015'/>",
    "<code code='42' codeSystem='2.16.840.1.113883.6.96' displayName='Fracture 42' codeSystemName='SNOMED CT'/>",
    "<value xsi:type='PQ' value='42' unit='mg'/>",
    "<value xsi:type='IVL_PQ'><low value='42' unit='mg'/></value>",
    "<value xsi:type='INT' value='42'/>",
    "<value xsi:type='RTO_PQ_PQ'><numerator value='42'/><denominator value='42'/></value>",
    "<value xsi:type='CD' code='42' codeSystem='2.16.840.1.113883.6.90' displayName='42'>"
    "<translation code='42' codeSystem='2.16.840.1.113883.6.103'/></value>",
    "<value xsi:type='BL' value='true'/>",
    "<effectiveTime xsi:type='PIVL_TS'><period value='42' unit='h'/></effectiveTime>",
    "<effectiveTime><width value='42' unit='d'/></effectiveTime>",
    "<text><reference value='#n42'/></text>",
    "<repeatNumber value='42'/>",
    "<entryRelationship typeCode='SUBJ'><sequenceNumber value='42'/></entryRelationship>",
]


@pytest.mark.parametrize("inner", CLINICAL)
def test_clinical_values_and_structure_are_nobodys(inner):
    document = split("cda", _in_entry("observation", inner))
    assert not read(document).facts
    assert not document.parts
