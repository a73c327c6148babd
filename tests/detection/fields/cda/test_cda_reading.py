"""Subjects, patients and the numbers that they carry."""

import pytest
from deidstream.core.category import Category, Role
from deidstream.core.subject import Identifier
from deidstream.detection.fields import detector, read
from deidstream.formats import split

PATIENT = """<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:sdtc="urn:hl7-org:sdtc">
<id root="2.16.1" extension="DOC1"/><setId root="2.16.1" extension="SET1"/><languageCode code="en-US"/>
<recordTarget><patientRole><id root="1.3.6.1.4" extension="998991" assigningAuthorityName="St. Elsewhere"/>
<id root="2.16.840.1.113883.4.1" extension="111-00-2330"/>
<id root="2.16.840.1.113883.4.3.6" extension="D1234567"/>
<id nullFlavor="UNK" root="1.2.3.4"/>
<addr>17 Daws Rd.</addr><telecom value=" tel:+1-555 " use="MC"/>
<patient><name use="L"><given>Isabella</given><given>Isa</given><family qualifier="BR">Jones</family></name><name>Izzy</name>
<administrativeGenderCode code="F" codeSystem="2.16.840.1.113883.5.1"/><birthTime value="1947"/>
<sdtc:deceasedTime value="20200101"/>
<maritalStatusCode code="M" codeSystem="2.16.840.1.113883.5.2" displayName="Married"/>
<religiousAffiliationCode code="1013" codeSystem="2.16.840.1.113883.5.1076">
<originalText>Quaker</originalText></religiousAffiliationCode>
<raceCode code="2106-3" displayName="White"/><sdtc:raceCode code="2076-8"/><ethnicGroupCode code="2186-5"/>
<birthplace><place><name>Mercy</name><addr><city>Beaverton</city></addr></place></birthplace>
<languageCommunication><languageCode code="en"/></languageCommunication>
<languageCommunication><languageCode code="es"/><preferenceInd value="true"/></languageCommunication>
</patient></patientRole></recordTarget>
<componentOf><encompassingEncounter><id root="1.9" extension="V77"/><location><healthCareFacility><id root="1.8" extension="F5"/>
<location><name>Ward 7</name></location></healthCareFacility></location></encompassingEncounter></componentOf>
</ClinicalDocument>"""


@pytest.fixture
def reading():
    return read(split("cda", PATIENT.encode()))


def _fact(reading, ending):
    (fact,) = (fact for fact in reading.facts if fact.locator.endswith(ending))
    return fact


def test_the_patient_is_the_subject_with_sex_and_preferred_language(reading):
    assert reading.subjects == (
        (
            Identifier("1.3.6.1.4", "MR", "998991"),
            Identifier("2.16.840.1.113883.4.1", "SS", "111-00-2330"),
            Identifier("2.16.840.1.113883.4.3.6", "DL", "D1234567"),
        ),
    )
    assert reading.sexes == ("female",)
    assert reading.languages == ("es",)
    assert detector(split("cda", PATIENT.encode())) == "fields.cda/1"


@pytest.mark.parametrize(
    ("ending", "category", "role", "form", "value"),
    [
        ("patientRole/id/@extension", Category.MEDICAL_RECORD, Role.PATIENT, "number", "998991"),
        ("patientRole/id/@assigningAuthorityName", Category.ORGANISATION, Role.ORGANISATION, "name", "St. Elsewhere"),
        ("patientRole/id[2]/@extension", Category.NATIONAL_ID, Role.PATIENT, "number", "111-00-2330"),
        ("patientRole/id[3]/@extension", Category.LICENCE, Role.PATIENT, "number", "D1234567"),
        ("patientRole/addr/text()", Category.STREET, Role.PATIENT, "address", "17 Daws Rd."),
        ("telecom/@value", Category.PHONE, Role.PATIENT, "phone", "+1-555"),
        ("patient/name/given/text()", Category.NAME, Role.PATIENT, "given", "Isabella"),
        ("patient/name/given[2]/text()", Category.NAME, Role.PATIENT, "middle", "Isa"),
        ("patient/name/family/text()", Category.NAME, Role.PATIENT, "family", "Jones"),
        ("patient/name[2]/text()", Category.NAME, Role.PATIENT, "name", "Izzy"),
        ("administrativeGenderCode/@code", Category.SEX, Role.PATIENT, "code", "F"),
        ("birthTime/@value", Category.BIRTH_DATE, Role.PATIENT, "cda.TS", "1947"),
        ("sdtc:deceasedTime/@value", Category.DEATH_DATE, Role.PATIENT, "cda.TS", "20200101"),
        ("maritalStatusCode/@displayName", Category.MARITAL_STATUS, Role.PATIENT, "text", "Married"),
        ("originalText/text()", Category.RELIGION, Role.PATIENT, "text", "Quaker"),
        ("patient/raceCode/@code", Category.ETHNICITY, Role.PATIENT, "code", "2106-3"),
        ("sdtc:raceCode/@code", Category.ETHNICITY, Role.PATIENT, "code", "2076-8"),
        ("ethnicGroupCode/@code", Category.ETHNICITY, Role.PATIENT, "code", "2186-5"),
        ("place/name/text()", Category.PLACE, Role.PATIENT, "place", "Mercy"),
        ("place/addr/city/text()", Category.CITY, Role.PATIENT, "city", "Beaverton"),
        ("languageCommunication[2]/languageCode/@code", Category.LANGUAGE, Role.PATIENT, "code", "es"),
        ("ClinicalDocument/id/@extension", Category.RECORD_ID, Role.PATIENT, "number", "DOC1"),
        ("setId/@extension", Category.RECORD_ID, Role.PATIENT, "number", "SET1"),
        ("encompassingEncounter/id/@extension", Category.VISIT, Role.PATIENT, "number", "V77"),
        ("healthCareFacility/id/@extension", Category.OTHER_ID, Role.ORGANISATION, "number", "F5"),
        ("location/location/name/text()", Category.ORGANISATION, Role.ORGANISATION, "name", "Ward 7"),
    ],
)
def test_what_the_header_says_of_the_patient(reading, ending, category, role, form, value):
    ending = ending.replace("location/location", "healthCareFacility/location")
    fact = _fact(reading, ending)
    assert (fact.category, fact.role, fact.form, fact.value) == (category, role, form, value)


def test_the_pieces_of_one_name_share_a_group_and_two_names_do_not(reading):
    groups = [fact.group for fact in reading.facts if fact.category is Category.NAME]
    assert len(set(groups)) == 2
    assert groups[0] == groups[1] == groups[2] != groups[3]


def test_every_record_target_is_a_subject_of_its_own():
    one = (
        '<recordTarget><patientRole><id root="1.2" extension="{0}"/><patient><name>P{0}</name></patient></patientRole>'
    )
    one += "</recordTarget>"
    reading = read(split("cda", f"<ClinicalDocument>{one.format(1)}{one.format(2)}</ClinicalDocument>".encode()))
    assert [identifiers[0].value for identifiers in reading.subjects] == ["1", "2"]
    assert {fact.value: fact.subject for fact in reading.facts} == {"1": 0, "P1": 0, "2": 1, "P2": 1}


@pytest.mark.parametrize(
    ("code", "role"),
    [
        ("<code code='ONESELF' codeSystem='2.16.840.1.113883.5.111'/>", Role.PATIENT),
        ("<code code='MTH' codeSystem='2.16.840.1.113883.5.111'/>", Role.RELATIVE),
        ("<code code='PAYOR' codeSystem='2.16.840.1.113883.5.110'/>", Role.INSURER),
        ("<code code='207Q00000X' codeSystem='2.16.840.1.113883.6.101'/>", Role.CLINICIAN),
    ],
)
def test_a_role_code_says_who_an_assigned_entity_is(code, role):
    source = f"<author><assignedAuthor>{code}<assignedPerson><name>X</name></assignedPerson></assignedAuthor></author>"
    (fact,) = read(split("cda", source.encode())).facts
    assert fact.role is role


def test_devices_have_serial_numbers_and_materials_have_no_owner():
    source = (
        "<participant typeCode='DEV'><participantRole classCode='MANU'>"
        "<id root='2.16.840.1.113883.3.3719' extension='(01)0(21)S7'/>"
        "<scopingEntity><id root='2.16.840.1.113883.3.3719'/></scopingEntity></participantRole></participant>"
    )
    (fact,) = read(split("cda", source.encode())).facts
    assert (fact.category, fact.role, fact.value) == (Category.DEVICE, Role.PATIENT, "(01)0(21)S7")
    source = (
        "<participant typeCode='CSM'><participantRole><playingEntity classCode='MMAT'><name>Latex</name></playingEntity>"
        "</participantRole></participant>"
    )
    document = split("cda", source.encode())
    assert not read(document).facts
    assert [part.text for part in document.parts] == ["Latex"]


def test_an_oid_that_issues_numbers_is_no_number_itself():
    source = (
        "<section><author><assignedAuthor><id root='2.16.1.7.5' extension='K1'/><representedOrganization><id root='2.16.1.7'/>"
        "<id root='2.16.1.8'/></representedOrganization></assignedAuthor></author></section>"
    )
    assert {fact.value for fact in read(split("cda", source.encode())).facts} == {"K1", "2.16.1.8"}


def test_an_oid_alone_joins_no_records_but_a_uuid_does():
    uuid = "4242AB12-0000-4000-8000-000000000000"
    source = f"<recordTarget><patientRole><id root='2.16.840.1.113883.19.5'/><id root='{uuid}'/></patientRole></recordTarget>"
    reading = read(split("cda", source.encode()))
    assert reading.subjects == ((Identifier("", "MR", uuid),),)
    assert {fact.value for fact in reading.facts} == {"2.16.840.1.113883.19.5", uuid}
