"""One table a language: what must be found, exactly, and nothing besides."""

from __future__ import annotations

import pytest
from deidstream.core.document import Part
from deidstream.detection.text.rules import Rules

from tests.detection.text.marked import unmark

RULES = Rules()

ENGLISH = [
    ("Dr. {name|John Smith} saw Mrs. {name|O'Neill-Brown}.", "titles, apostrophe and hyphen"),
    ("Patient: {name|DOE, JOHN}", "capitals, family name first, behind a label"),
    ("{name|John Q. Public}, MD reviewed the scan.", "credential behind the name"),
    ("Seen by {name|Rebecca Turner} in clinic.", "signature phrase, no title"),
    ("Her mother, {name|Mary Jones}, was present.", "relative with a listed given name"),
    ("Patients like {name|Anna S.} do well.", "given name and initial"),
    ("Name: {name|DOE^JOHN}", "HL7 component separator in a text"),
    ("DOB: {birth_date|03/14/1950}, seen {date|3rd of May 2021}.", "birth date by label; ordinal day"),
    ("Admitted on {date|March 5th, 2021} and discharged {date|2021-03-12}.", "American order; ISO"),
    ("Follow-up {date|12-MAY-2021}; symptoms since {date|June 2019}.", "day-MON-year; month and year"),
    ("Diagnosed in {date|2015}, recurred in {date|Q3 2020}.", "year behind a preposition; quarter"),
    ("Seen {date|Monday, 14 June 2021} at 10:30.", "weekday with its date; clock time stays"),
    ("A {age|67-year-old} man and a {age|93 y/o} woman, {age|6-month-old} boy.", "ages"),
    (
        "Call {phone|(555) 123-4567} or {phone|555-123-4567 ext 12}, fax: {fax|+1 555 987 6543}.",
        "American telephone forms",
    ),
    ("His contact is {phone|555-123-4567}.", "an exchange that begins with 1 is still a telephone"),
    ("Mobile: {phone|07700 900123}", "British mobile"),
    ("Mail jo.public@x.example", "placeholder replaced below"),
    ("See {url|https://portal.example.org/p/123} from {ip_address|192.168.10.44}.", "URL and private address"),
    (
        "Lives at {street|123 Main St Apt 4}, {city|Springfield}, {region|IL} {postal_code|62704-1234}.",
        "American address",
    ),
    ("P.O. Box: {street|P.O. Box 1234}", "post box"),
    ("MRN: {medical_record|00123456}; account number {account|9988776}; visit {visit|V1234567}.", "labelled numbers"),
    ("SSN {national_id|123-45-6789}", "social security number"),
    ("NHS number: {national_id|943 476 5919}", "NHS number, check digit right"),
    ("DEA {licence|AB1234563}, VIN {vehicle|1HGBH41JXMN109186}.", "check digits of DEA and VIN"),
    ("Card {account|4111 1111 1111 1111}", "Luhn"),
    (
        "Transferred from {organisation|St. Mary's Hospital} to {organisation|Cedar Crest Medical Center}.",
        "houses by their kind",
    ),
    ("Serial number: {device|SN-889122A}", "device"),
    ("The patient has the key {other_id|612345678}.", "nine digits are no telephone in English"),
    ("Next appointment with Dr. {name|Best}; seen by Mrs. {name|May}.", "words of the language behind a title"),
    ("Her niece {name|Selamawit} has the key, his stepson {name|Tomek} too.", "unlisted names of relatives"),
    ("Dictated by: {name|TBO}/jk", "initials of who dictated"),
    ("Not seen since {date|Christmas 2022}; falls at {date|Easter}.", "days that have a name"),
    ("Next visit Fri {date|3/14}", "weekday, month and day"),
]

GERMAN = [
    (
        "Herr Prof. Dr. med. {name|Hans-Peter von der Heide} untersuchte Frau {name|Müller}.",
        "titles in a row, particles",
    ),
    ("Patientin: {name|Schmidt, Anna}, geb. am {birth_date|12.03.1950}", "label, family name first; birth date"),
    ("Hausarzt: Dr. {name|Weber}", "an eponym behind a title is a name"),
    ("Ergo mit Fr. {name|Sommer} abgesagt, Dr. {name|Groß} informiert. Hdz. {name|ML}", "season, adjective, initials"),
    ("Mo {date|6.3.} Frühdienst, seit {date|Heiligabend} verwirrt", "weekday and day without a year; a named day"),
    ("gez. Dr. {name|Klaus Becker}", "signature"),
    ("Aufnahme am {date|3. Mai 2021}, Entlassung am {date|12.05.21}.", "month name; short year"),
    ("Untersuchung am {date|12.03.} und im {date|März 2020}.", "day and month only behind a preposition"),
    ("Seit {date|2015} bekannt.", "year with context"),
    ("Der {age|67-jährige} Patient; Alter: {age|45}", "ages"),
    ("{street|Hauptstraße 12a}, {postal_code|80331} {city|München}", "street, post code, town"),
    ("Anschrift: {street|Am Markt 5}, {postal_code|50667} {city|Köln}", "labelled address"),
    ("Tel.: {phone|089 / 1234567}, Mobil: {phone|+49 170 1234567}", "telephones"),
    ("Fallnummer: {visit|4711-0815}, KVNR {health_plan|A123456780}", "labelled; insurance number"),
    ("Steuer-ID {national_id|38449725069}", "tax number with check digit"),
    ("Verlegung aus dem {organisation|Klinikum Großhadern}.", "hospital"),
    ("IBAN {account|DE89 3704 0044 0532 0130 00}", "IBAN"),
]

SPANISH = [
    ("Nombre: {name|Ernesto}. Apellidos: {name|Rivera Bueno}.", "labels"),
    ("Paciente: {name|Juan Pérez de la Cruz}. NHC: {medical_record|368503}.", "particles; record number"),
    ("Nombre: {name|ana ruiz}.", "lower case behind a strict label"),
    ("Dra. {name|María Núñez} y D. {name|José García}", "titles"),
    ("Dra. {name|Elena Mencía Gutiérrez} Correos electrónicos: no", "what begins another entry"),
    ("Dr. {name|Luis Ortega Ruiz} Complejo Hospitalario", "what begins an institution"),
    ("Médico: {name|Ignacio Navarro Cuéllar} NºCol: {licence|28 28 70973}.", "name ends at the next label"),
    ("Fdo.: {name|Luis Ortega}", "signature"),
    ("Su esposa {name|Carmen} lo acompaña.", "relative"),
    ("Fecha de nacimiento: {birth_date|03/03/1946}. Ingresa el {date|3 de mayo de 2021}.", "dates"),
    ("Intervenido en {date|1998} y en {date|enero de 2005}.", "year; month and year"),
    ("Varón de {age|70 años} con dolor; mujer de {age|45 años} sana.", "ages behind a person"),
    ("Domicilio: {street|C/ Mayor, 5, 3º B}. CP: {postal_code|28013}. Localidad: {city|Madrid}.", "address by labels"),
    ("Avda. de América 12", "replaced below"),
    ("DNI: {national_id|12345678Z}; NIE {national_id|X1234567L}", "check letters"),
    ("Teléfono: {phone|91 123 45 67}; móvil {phone|612 345 678}", "telephones"),
    ("Derivado del {organisation|Hospital Universitario La Paz}.", "hospital"),
    ("NASS: {health_plan|26 63514095 65}.", "insurance by label"),
    ("E-mail: {email|nnavcu@hotmail.com}", "e-mail"),
    ("Profesión: {occupation|minero jubilado}.", "occupation by label"),
    ("El paciente llama desde {phone|612345678}.", "nine digits are a telephone in Spain"),
]

FRENCH = [
    ("Docteur {name|Jean-Pierre Lefèvre} a vu Mme {name|Dupont}.", "titles"),
    ("Nom : {name|MARTIN}  Prénom : {name|Sophie}", "labels, French spacing"),
    ("M. {name|Durand} est venu avec son épouse {name|Claire}.", "short title; relative"),
    ("{name|BERNARDET Christine} (Interne)", "capitals, then a listed given name"),
    ("Né le {birth_date|1er mai 1950}, vu le {date|12/03/2021}.", "first of May; numeric"),
    ("Opéré en {date|2003}, puis en {date|juillet 2010}.", "year; month and year"),
    ("Patient de {age|45 ans}, âgée de {age|92 ans}.", "ages"),
    ("{street|12 rue de la Paix}, {postal_code|75002} {city|Paris}", "address"),
    ("Tél : {phone|01 42 16 40 10}, {phone|06.12.34.56.78}", "telephones with and without label"),
    ("NIR {national_id|242108708540372}", "social security number"),
    ("N° dossier : {medical_record|123456}; IPP : {medical_record|9010572683}", "record numbers"),
    ("Suivi au {organisation|CHU de Bordeaux}.", "hospital"),
    ("RPPS : {licence|10101010101}", "licence"),
]

ITALIAN = [
    ("Sig.ra {name|Maria Rossi}, Dott. {name|Bianchi}", "titles"),
    ("Cognome: {name|Esposito} Nome: {name|Giulia}", "labels"),
    ("Nata il {birth_date|3 marzo 1950}; visita del {date|12/05/2021}.", "dates"),
    ("Paziente di {age|67 anni}.", "age"),
    ("{street|Via Roma 3}, {postal_code|00184} {city|Roma}", "address"),
    ("Codice fiscale {national_id|MNCPNL59L71E221W}", "check letter"),
    ("Cellulare: {phone|347 1234567}", "mobile"),
    ("Ricoverato presso {organisation|Ospedale San Raffaele}.", "hospital"),
]

DUTCH = [
    ("Dhr. {name|van den Berg} en mevrouw {name|De Vries}", "titles, particles"),
    ("Huisarts: dr. {name|Jansen}", "clinician label"),
    ("Geboortedatum: {birth_date|12-03-1950}; opname op {date|3 mei 2021}.", "dates"),
    ("Een {age|67-jarige} man.", "age"),
    ("{street|Keizersgracht 12-II}, {postal_code|1012 AB} {city|Amsterdam}", "address"),
    ("BSN {national_id|456378923}", "labelled"),
    ("Telefoon: {phone|020-1234567}, mobiel {phone|06-12345678}", "telephones"),
]

PORTUGUESE = [
    ("Dra. {name|Ana Ferreira} e Sr. {name|João da Silva}", "titles, particles"),
    ("Nome do utente: {name|Maria Santos}", "label"),
    ("Data de nascimento: {birth_date|12/03/1950}; consulta em {date|3 de maio de 2021}.", "dates"),
    ("Doente de {age|67 anos}.", "age"),
    ("Morada: {street|Rua Augusta 100}, {postal_code|1100-053} {city|Lisboa}", "address"),
    ("CPF {national_id|456.378.921-64}", "check digits"),
    ("Telemóvel: {phone|912 345 678}", "mobile"),
    ("Internado no {organisation|Hospital de Santa Maria}.", "hospital"),
]

PLACEHOLDERS = {
    "Mail jo.public@x.example": "Mail {email|jo.public@x.example}",
    "Avda. de América 12": "Vive en {street|Avda. de América 12}",
    "P.O. Box: {street|P.O. Box 1234}": "Send to {street|P.O. Box 1234}",
}

TABLES = {"en": ENGLISH, "de": GERMAN, "es": SPANISH, "fr": FRENCH, "it": ITALIAN, "nl": DUTCH, "pt": PORTUGUESE}
ROWS = [
    (language, PLACEHOLDERS.get(marked, marked), reason) for language, rows in TABLES.items() for marked, reason in rows
]


@pytest.mark.parametrize(("language", "marked", "reason"), ROWS, ids=[f"{row[0]}: {row[2]}" for row in ROWS])
def test_what_is_marked_is_found_and_nothing_else(language: str, marked: str, reason: str) -> None:
    text, expected = unmark(marked)
    (findings,) = RULES.find([Part("p", text, ())])
    found = {(f.category.value, text[f.span.start : f.span.end], f.span.start) for f in findings if f.span}
    assert found == expected, reason


@pytest.mark.parametrize(("language", "marked", "reason"), ROWS, ids=[f"{row[0]}: {row[2]}" for row in ROWS])
def test_dates_carry_the_language_that_the_source_states(language: str, marked: str, reason: str) -> None:
    text, _ = unmark(marked)
    (findings,) = RULES.find([Part("p", text, (), language=f"{language}-XX")])
    assert {f.form for f in findings if f.category.value.endswith("date")} <= {f"text.{language}"}
