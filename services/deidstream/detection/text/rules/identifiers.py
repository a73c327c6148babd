"""Numbers that a label names (records, visits, accounts, licences, plates, devices, insurance), and long ones that nothing names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from deidstream.core.category import Category, Role
from deidstream.detection.text.rules.rule import Confirm, Hit, Rule, label

__all__ = ["RULES"]

_CONNECTOR = re.compile(
    rb"(?:[ \t]*(?:numbers?|num\.?|no\.?|nr\.?|n\.|n[oa]?|nbr\.?|numero|nummer|#|id|code|codigo|cod\.?|is|was|es|ist|est|e|del?|du|der|des|do|da|the|"
    rb"paciente|patient|patienten|asistencial|clinica|social|as|ending in|ends in|acabado en)(?![A-Za-z]))*[ \t]*(?:\([A-Za-z ./-]{1,24}\))?[ \t]*(?:[:=#.]|-(?=[ \t]))*[ \t]*"
    rb"(?:(?:n[o.]{1,2}|nr\.?|#)[ \t]*)?",
    re.IGNORECASE,
)
_VALUE = re.compile(rb"(?-i:[A-Z]{1,3}-){0,1}[A-Z]{0,6}[-/. ]{0,1}\d[\dA-Z]*(?:[-/.]?[\dA-Z]+|[ ]\d[\dA-Z]*|[ ][A-Z](?![A-Za-z]))*", re.IGNORECASE)
_GLUED_VALUE = re.compile(rb"[-#:]?[ ]?[A-Z]{0,4}[-]?\d[\dA-Z]*(?:[-/.][\dA-Z]+)*", re.IGNORECASE)
_DATE = re.compile(rb"\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}\Z")
_UNIT_AFTER = re.compile(rb"[ \t]*(?:mg|ml|mcg|kg|g|cm|mm|%|years?|anos?|ans|anni|jahre?|jaar|days?|dias?|h|horas?|hours?)\b", re.IGNORECASE)


class _Label(NamedTuple):
    category: Category
    phrases: str
    digits: int
    """How many digits the value has at least."""
    score: float = 0.95
    role: Role = Role.PATIENT
    bare: bool = True
    """Whether the value may follow without a colon."""


def _labelled(kind: _Label) -> Confirm:
    def confirm(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
        gap = _CONNECTOR.match(buffer, end)
        position = gap.end() if gap else end
        if not kind.bare and buffer[position - 1] not in b":=#. \t":
            return
        if not kind.bare and not re.search(rb"[:=#]|\bn[or]|num", buffer[end - 3 : position], re.IGNORECASE):
            return
        matched = _VALUE.match(buffer, position)
        if matched is None:
            return
        close = _shortened(buffer, position, matched.end())
        value = buffer[position:close]
        if sum(48 <= byte <= 57 for byte in value) < kind.digits or _DATE.match(value) or _UNIT_AFTER.match(buffer, close):
            return
        position += len(value) - len(value.lstrip(b"-/. "))
        yield Hit(position, close, kind.category, kind.score, kind.role, "number")

    return confirm


def _shortened(buffer: bytes, start: int, end: int) -> int:
    """Without a word that only follows (``MRN 12345 and``): a blank ends the value where letters come next."""
    value = buffer[start:end]
    cut = re.search(rb"[ .](?=[A-Za-z]{2,}\Z|[A-Za-z]{2,}[ .])|[ ](?=\d{1,2}[/.-]\d{1,2}[/.-])|[ ][A-Za-z]\Z", value[1:])
    kept = value[: cut.start() + 1] if cut else value
    return start + len(kept.rstrip(b" .-/"))


_LABELS: tuple[_Label, ...] = (
    _Label(
        Category.MEDICAL_RECORD,
        "mrn, mr, mr number, medical record, medical record number, med rec, record number, chart, chart number, patient id, patient number, "
        "patient identifier, hospital number, unit number, nhc, nºhc, n.h.c., hc, historia clínica, nº historia, nº de historia, nº historia clínica, n° historia, "
        "número de historia, número de historia clínica, historia, cipa, nuhsa, sip, cip, autonómico, patientennummer, patienten-id, patienten-nr, "
        "pat.-nr., patientennr, aktenzeichen, krankenaktennummer, ipp, nip, n° dossier, numéro de dossier, dossier, dossier n°, n° patient, "
        "cartella clinica, numero cartella, cartella, codice paziente, patiëntnummer, patiëntnr, dossiernummer, ziekenhuisnummer, "
        "processo clínico, nº processo, processo, nº utente, número de utente, número de processo, prontuário, nº prontuário, registro, nº registro, nº de registro",
        3,
    ),
    _Label(
        Category.VISIT,
        "visit, visit number, visit id, encounter, encounter number, encounter id, admission number, csn, fin, episode, episode number, episodio, "
        "nº episodio, nº de episodio, número de episodio, icu, fallnummer, fall-nr, fall-nr., fallnr, fall-id, aufnahmenummer, iep, nda, n° de séjour, n° séjour, "
        "numéro de séjour, n° venue, venue, nosologico, numero ricovero, episodenummer, opnamenummer, nº episódio, episódio, atendimento, nº ingreso",
        3,
    ),
    _Label(
        Category.ACCOUNT,
        "account, account number, acct, acct number, account no, billing number, invoice, invoice number, receipt, cuenta, número de cuenta, nº cuenta, factura, "
        "kontonummer, konto, konto-nr, rechnungsnummer, rechnung, compte, n° de compte, facture, conto, numero conto, fattura, rekeningnummer, "
        "factuurnummer, conta, número da conta, fatura, bank account, guarantor number",
        4,
    ),
    _Label(
        Category.HEALTH_PLAN,
        "insurance, insurance number, insurance id, insurance policy, policy, policy number, policy id, member id, member number, subscriber id, group number, "
        "medicare, medicare number, medicaid, medicaid number, health plan, health plan number, beneficiary, beneficiary number, mbi, health insurance, plan id, "
        "claim, claim number, nass, nuss, seguridad social, nº seguridad social, nº afiliación, número de afiliación, afiliación, póliza, nº póliza, "
        "tarjeta sanitaria, tis, nº tarjeta, mutua, versichertennummer, versicherten-nr, versicherten-nr., versichertennr, kvnr, kv-nummer, krankenversichertennummer, "
        "versicherungsnummer, mitgliedsnummer, n° adhérent, numéro d'adhérent, mutuelle, n° mutuelle, n° assuré, tessera sanitaria, polizza, numero polizza, "
        "polisnummer, verzekeringsnummer, uzovi, apólice, beneficiário, nº beneficiário, sns, nº sns, cartão, cns, cartão sus, subsistema",
        4,
    ),
    _Label(
        Category.LICENCE,
        "license, licence, license number, licence number, driver's license, drivers license, driver license, driving licence, dl, dea, dea number, npi, npi number, "
        "state license, medical license, certificate number, certificate, lic, upin, gmc, nmc, colegiado, nº colegiado, nº de colegiado, ncol, nºcol, nocol, n col, nº col, "
        "no col, numero de colegiado, colegiada, col, lanr, bsnr, arztnummer, betriebsstättennummer, approbation, führerschein, führerscheinnummer, rpps, n° rpps, adeli, "
        "n° adeli, finess, permis de conduire, patente, numero albo, n. iscrizione, iscrizione, ordine dei medici, big, big-nummer, agb, agb-code, rijbewijs, rijbewijsnummer, "
        "cédula profissional, ordem dos médicos, carta de condução, crm, coren, passport, passport number, pasaporte, nº pasaporte, reisepass, passnummer, passeport, "
        "passaporto, paspoort, paspoortnummer, passaporte, personalausweis, ausweisnummer, carte d'identité, carta d'identità, identiteitskaart",
        4,
        role=Role.UNKNOWN,
    ),
    _Label(
        Category.VEHICLE,
        "license plate, licence plate, plate, plate number, number plate, vehicle, registration plate, vin, matrícula, placa, kennzeichen, kfz-kennzeichen, amtliches kennzeichen, "
        "immatriculation, plaque d'immatriculation, targa, kenteken, chassis, chassis number, fahrgestellnummer, bastidor, telaio",
        2,
        0.9,
        Role.UNKNOWN,
        bare=False,
    ),
    _Label(
        Category.DEVICE,
        "serial, serial number, serial no, s/n, sn, device, device id, device identifier, device number, udi, udi-di, imei, implant, lot, lot number, ref number, model number, "
        "número de serie, nº serie, nº de serie, n/s, lote, nº lote, seriennummer, serien-nr, gerätenummer, geräte-nr, chargennummer, charge, numéro de série, n° de série, "
        "n° série, numéro de lot, numero di serie, matricola, lotto, serienummer, partijnummer, número de série, asset tag, asset",
        3,
        0.85,
        Role.UNKNOWN,
        bare=False,
    ),
    _Label(
        Category.NATIONAL_ID,
        "ssn, ss number, ss#, social security, social security number, social, soc sec, national id, national insurance number, national insurance, nino, ni number, "
        "nhs number, nhs no, nhs, chi number, itin, dni, nif, nie, dni/nie, d.n.i., n.i.f., documento de identidad, documento nacional de identidad, cédula, "
        "cédula de identidad, curp, rut, cuil, cuit, steuer-id, steueridentifikationsnummer, steuer-identifikationsnummer, idnr, steuernummer, "
        "sozialversicherungsnummer, sv-nummer, sv-nr, svnr, rentenversicherungsnummer, ahv, ahv-nr, ahv-nummer, nir, n° ss, n° sécurité sociale, numéro de sécurité sociale, "
        "sécurité sociale, n° de sécurité sociale, insee, n° insee, ins, codice fiscale, cf, c.f., bsn, burgerservicenummer, sofinummer, rijksregisternummer, "
        "numéro national, registre national, cc, bilhete de identidade, cartão de cidadão, nif, contribuinte, nº contribuinte, cpf, rg, nis, niss, pesel, personnummer, "
        "fødselsnummer, cpr, cpr-nummer, henkilötunnus, tckn, tc kimlik, aadhaar, aadhar, nik, tax id, tin, ein, my number",
        4,
        0.85,
    ),
    _Label(
        Category.OTHER_ID,
        "accession, accession number, acc, acc no, accession no, specimen, specimen id, specimen number, sample, sample id, order number, order id, requisition, "
        "case number, case no, case id, study id, study number, subject id, subject number, participant, participant id, protocol id, report number, document id, document number, "
        "reference number, reference, reference code, ref. code, ref code, ref, tracking number, confirmation number, case history, prescription number, rx, rx number, rx#, unique identifier, identifier, id, id number, "
        "nº de caso, nº caso, expediente, nº expediente, nº de petición, petición, nº muestra, nº biopsia, biopsia, identificador, identificación, nº identificación, referencia, "
        "auftragsnummer, auftrags-nr, probennummer, befundnummer, eingangsnummer, journalnummer, einsendenummer, id-nummer, kennnummer, n° demande, n° de demande, n° examen, "
        "n° prélèvement, n° identification, identifiant, numero richiesta, numero campione, protocollo, n. protocollo, aanvraagnummer, monsternummer, ordernummer, "
        "referentienummer, identificatienummer, nº pedido, pedido, amostra, nº identificação, identificação, key, badge, badge number, employee id, employee number, staff id, student id",
        4,
        0.85,
        Role.UNKNOWN,
        bare=False,
    ),
)



def _glued(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    """``MRN-2468135``: the label is part of the number's writing."""
    matched = _GLUED_VALUE.match(buffer, end)
    if matched is not None and sum(48 <= byte <= 57 for byte in matched.group()) >= 5:
        label = buffer[start:end]
        category = Category.LICENCE if label in (b"NPI", b"DEA") else Category.MEDICAL_RECORD
        yield Hit(matched.start() + (matched.group()[:1] in b"-#: "), matched.end(), category, 0.8, Role.PATIENT, "number")


_UUID = re.compile(rb"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?![\w-])", re.IGNORECASE)


def _uuid(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    if _UUID.match(buffer, start):
        yield Hit(start, start + 36, Category.OTHER_ID, 0.95, Role.UNKNOWN, "uuid")


_LONG = re.compile(rb"\d{7,40}(?![\d\w])")
_QUANTITY_AFTER = re.compile(
    rb"[.,]\d|[ \t]*(?:mg|ml|mcg|ug|ui|iu|u|g|kg|copias|copies|kopien|cells?|celulas|cfu|ufc|leuco\w*|hemat\w*|rbc|wbc|mm3?|/|x|%|euros?|eur|usd|\$|units?|unidades|plaquetas|plaquettes|"
    rb"platelets|per|por)(?![a-z])",
    re.IGNORECASE,
)
_CLINICAL_CODE_BEFORE = re.compile(
    rb"(?:snomed|sct|loinc|icd|cie|cpt|hcpcs|ndc|rxnorm|umls|atc|pmid|pmcid|doi|isbn|issn|nct|grant|gb|genbank|ncbi|chr[\dxy]*|rs|c|nm|code|coordinates?|position|version)"
    rb"[ \t:#._/-]*(?:ct|code|id|no|-?\d{1,2})?[ \t:#._/()-]*\Z",
    re.IGNORECASE,
)


def _long_number(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    """Seven digits or more that count nothing and are no code of a terminology."""
    matched = _LONG.match(buffer, start)
    if matched is None or buffer[start - 1] in b".,-/_\x80+" or _QUANTITY_AFTER.match(buffer, matched.end()):
        return
    if _CLINICAL_CODE_BEFORE.search(buffer, max(0, start - 20), start) or buffer[start:].startswith(b"0000000"):
        return
    digits = matched.group()
    if digits.endswith(b"00000") or len(set(digits)) == 1:
        return
    yield Hit(start, matched.end(), Category.OTHER_ID, 0.5, Role.UNKNOWN, "number")


def _spaced(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    """Digits one by one, as forms with boxes give them: eight are a date, thirteen to fifteen a social security number."""
    digits = buffer[start:end].replace(b" ", b"")
    if (buffer[end : end + 1] == b" " and buffer[end + 1 : end + 2].isdigit()) or len(set(digits)) < 3:
        return
    if len(digits) == 8 and 1 <= int(digits[:2]) <= 31 and 1 <= int(digits[2:4]) <= 12:
        yield Hit(start, end, Category.DATE, 0.7)
    else:
        long = len(digits) >= 13
        yield Hit(start, end, Category.NATIONAL_ID if long else Category.OTHER_ID, 0.7 if long else 0.5, Role.UNKNOWN, "number")


_NUMBER_SIGN = re.compile(rb"n(?:o|r|o?\.) ?(\d[\d ./-]{3,24}\d)(?![\w])", re.IGNORECASE)


def _after_number_sign(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    matched = _NUMBER_SIGN.match(buffer, start + 1)
    if matched is not None and not _QUANTITY_AFTER.match(buffer, matched.end()):
        yield Hit(matched.start(1), matched.end(1), Category.OTHER_ID, 0.6, Role.UNKNOWN, "number")


_MIXED = re.compile(rb"(?=[A-Z0-9-]*\d)[A-Z]{1,5}[-/]?\d{5,}[A-Z0-9]*(?:-[A-Z0-9]+)*(?![\w])")


def _mixed(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    """Letters and then five digits or more: ``CN123456``."""
    matched = _MIXED.match(buffer, start)
    if matched is None or buffer[start - 1] in b"-/_." or _CLINICAL_CODE_BEFORE.search(buffer, max(0, start - 16), start):
        return
    letters = re.match(rb"[A-Z]+", matched.group())
    if letters is not None and letters.group() in (b"NCT", b"PMID", b"PMC", b"NM", b"NP", b"RS", b"CAS", b"HLA", b"ISO", b"OMIM", b"MIM", b"EC", b"SNOMED"):
        return
    yield Hit(start, matched.end(), Category.OTHER_ID, 0.5, Role.UNKNOWN, "number")


RULES: tuple[Rule, ...] = (
    *(label(_labelled(kind), kind.phrases) for kind in _LABELS),
    Rule(rb"(?:MRN|NHC|SSN|CSN|FIN|NPI|DEA|IPP)[-#:]?[ ]?(?:[A-Z]{1,3}-?)?\d{5}", lambda buffer, start, end: _glued(buffer, start, start + 3), caseless=False),
    Rule(rb"\b\d(?: \d){7,20}\b", _spaced),
    Rule(rb"[^a-z0-9]n(?:o|r|o?\.) ?\d{5}", _after_number_sign),
    Rule(rb"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-", _uuid),
    Rule(rb"\b\d{7}", _long_number),
    Rule(rb"\b[A-Z]{1,5}[-/]?\d{5}", _mixed, caseless=False),
)
