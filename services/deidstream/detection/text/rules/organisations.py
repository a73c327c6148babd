"""Hospitals, clinics, health centres, laboratories and universities, by the word that says so and the name beside it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from deidstream.core.category import Category, Role
from deidstream.detection.text.allow import eponyms, terms
from deidstream.detection.text.rules.rule import Hit, Rule

__all__ = ["RULES"]

_LINK = (
    rb"(?:europeen|universitaire|universitario|universitaria|general|provincial|regional|militar|infantil|"
    rb"clinico|materno|psiquiatrico|de|del|de la|de las|de los|de l'|d'|des|du|la|las|los|le|les|y|e|i|et|"
    rb"di|della|delle|dei|degli|da|do|dos|das|der|den|van|van de|van het|am|an der|im|zum|of|the|und|en|sur|"
    rb"'t|Nuestra|San|Santa|Santo|St\.|Sta\.)"
)
_CAPITAL = (
    rb"(?:[\"'])?(?:(?:[LlDd]')?[A-Z][a-z]+(?:['-][A-Za-z]+)*\.?|[A-Z]{2,}(?![a-z])|\d{1,2}[ ]de[ "
    rb"](?:[A-Z]?[a-z]{4,10}))"
)
_GENERIC = frozenset(
    b"universitario universitaria universitari clinic general clinico clinica provincial comarcal regional "
    b"nacional militar materno infantil materno-infantil central infantil universitaire universitaires "
    b"regional general centre public prive "
    b"hospital university universitatsklinikum uniklinik civil psiquiatrico geriatrico docente medico salud "
    b"atencion primaria especialidades".split()
)
_AFTER = re.compile(rb"(?:[ ]+(?:(?:" + _LINK + rb")[ ]+){0,3}" + _CAPITAL + rb"){1,7}")
_STREETS = frozenset(
    b"avda av avenida avd calle c plaza paseo pso ctra carretera rua rue via camino ronda travesia planta edificio".split()
)
_STOP_WORDS = frozenset(
    b"the a an with for and was is at on in y en con por para el se que und mit bei fur et avec pour".split()
)


def _head_first(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    """``Hospital Universitario La Paz``, ``CHU de Bordeaux``, ``Klinikum Großhadern``."""
    matched = _AFTER.match(buffer, end)
    if matched is None:
        return
    close, proper, generic = end, 0, 0
    for word in re.finditer(rb"[^ ]+", matched.group()):
        key = word.group().lower().strip(b".\"'")
        capital = 65 <= word.group().lstrip(b"\"'")[0] <= 90
        if (
            capital
            and key in terms()
            and key not in _GENERIC
            and key
            not in (
                b"doctor",
                b"dr",
                b"alta",
                b"octubre",
                b"mayo",
                b"marzo",
                b"julio",
                b"la",
                b"el",
                b"san",
                b"santa",
                b"virgen",
                b"los",
                b"las",
                b"de",
                b"nino",
                b"santo",
                b"saint",
                b"sainte",
                b"virgen",
            )
        ):
            break
        if capital and key in _STREETS:
            break
        if capital or word.group()[0] in b"ldLD0123456789'\"":
            if capital:
                proper += key not in _GENERIC
                generic += key in _GENERIC
            close = end + word.end() if capital else close
    if (proper or generic > 1) and close > end:
        yield Hit(
            start,
            start + len(buffer[start:close].rstrip(b" .")),
            Category.ORGANISATION,
            0.96,
            Role.ORGANISATION,
            "name",
        )


_BEFORE = re.compile(
    rb"(?:(?:[A-Z][a-z]+(?:['-][A-Za-z]+)*|(?:St|Mt|Ft)\.|[A-Z]{2,}|[A-Z]\.|of|the|and|&)(?:'s)?[ ]+){1,5}\Z"
)
_NOT_PROPER = frozenset(
    b"the a an this that our my her his local general children's community regional national medical "
    b"outpatient inpatient rehab rehabilitation emergency urgent pain primary care walk-in eye dental "
    b"womens "
    b"women's psychiatric mental health day skilled nursing veterans county state city university surgical "
    b"surgery at in to from visited no went via of and & heart cancer sleep wound allergy fertility "
    b"diabetes methadone free follow-up family internal medicine physical therapy dermatology cardiology "
    b"neurology oncology orthopedic pediatric specialty infusion dialysis imaging trauma stroke burn "
    b"teaching tertiary pulmonary maintenance sample vascular renal hepatology gastroenterology urology "
    b"academic private public field another other same outside referring home training ward".split()
)


def _head_last(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    """``St. Mary's Hospital``, ``Cedar Crest Medical Center``: the trigger is the kind of house."""
    line = max(
        start - 60,
        buffer.rfind(b"\n", max(0, start - 60), start) + 1,
        buffer.rfind(b"\0", max(0, start - 60), start) + 1,
        0,
    )
    matched = _BEFORE.search(buffer, line, start)
    if matched is None:
        return
    words = [(word.start() + matched.start(), word.group()) for word in re.finditer(rb"[^ ]+", matched.group())]
    while words and (
        words[0][1].lower() in _STOP_WORDS
        or words[0][1] in (b"of", b"and", b"&", b"the")
        or _sentence_start(words[0][1])
    ):
        words.pop(0)
    proper = [word for _, word in words if word.lower() not in _NOT_PROPER and word.lower() not in terms()]
    if not proper or not words[0][1][:1].isupper():
        return
    where = _WHERE.match(buffer, end)
    if where is not None and where.group(1).split()[0].lower() not in terms():
        end = where.end()
    yield Hit(words[0][0], end, Category.ORGANISATION, 0.8, Role.ORGANISATION, "name")


_WHERE = re.compile(rb"[ ]((?:of[ ]|at[ ])?(?:[A-Z][a-z]+)(?:[ ][A-Z][a-z]+)?)")


def _sentence_start(word: bytes) -> bool:
    return (
        word.lower() in terms()
        and word.lower() not in _NOT_PROPER
        and word not in (b"New", b"San", b"Los", b"La", b"El", b"Santa")
    )


_SAINT = re.compile(rb"(?:St|Mt|Saint|Mount|Santa|San)\.?[ ]+[A-Z][a-z]+(?:[ ][A-Z][a-z]+)?(?:'s?)?(?![a-z])")


def _saint(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    """``at St. Vincent's``, ``from Mt. Sinai``."""
    matched = _SAINT.search(buffer, start, start + 40)
    if matched is not None and not matched.group().endswith((b"Louis", b"Jude Medical")):
        yield Hit(matched.start(), matched.end(), Category.ORGANISATION, 0.6, Role.ORGANISATION, "name")


_EMPLOYER = re.compile(
    rb"[A-Z][A-Za-z&'.-]+(?:[ ](?:of[ ]|and[ ]|&[ ]|de[ ])?[A-Z][A-Za-z&'.-]+){0,4}[ ,]+(?:GMBH|GmbH(?: & "
    rb"Co\. KG)?|AG|Inc\.?|LLC|Ltd\.?|Corp\.?|S\.A\.(?:S\.)?|S\.L\.(?:U\.)?|SARL|SpA|S\.p\.A\.|S\.r\.l\.|"
    rb"B\.V\.|N\.V\.|Lda\.?|e\.V\.)(?![A-Za-z])"
)


def _company(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    line = max(
        start - 60,
        buffer.rfind(b"\n", max(0, start - 60), start) + 1,
        buffer.rfind(b"\0", max(0, start - 60), start) + 1,
        0,
    )
    for matched in _EMPLOYER.finditer(buffer, line, end + 12):
        if matched.end() >= end and matched.group().split()[0].lower() not in terms():
            yield Hit(matched.start(), matched.end(), Category.ORGANISATION, 0.65, Role.UNKNOWN, "name")
            return


_ATTENDED = re.compile(
    rb"[a-z-]+[ ](?:at|to|from|in)[ ](?:the[ ]|our[ ])?((?:(?:Mt|St|Ft)\.[ ])?[A-Z][A-Za-z'-]+(?:[ "
    rb"](?:(?:of|and|&)[ ])?[A-Z][A-Za-z'-]+){0,4})(?![\w@])"
)


def _attended(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    """``seen at Cedar Crest``, ``treated at UCSF``: where care was given, whatever the place is called."""
    matched = _ATTENDED.match(buffer, start)
    if matched is None:
        return
    words = matched.group(1).lower().split()
    if (
        all(word in terms() or word in eponyms() or len(word) < 3 for word in words)
        or words[0] in _NOT_PROPER
        or (words[0] in terms() and words[0] not in (b"new", b"san", b"los", b"la", b"el", b"santa", b"saint"))
    ):
        return
    yield Hit(matched.start(1), matched.end(1), Category.ORGANISATION, 0.55, Role.ORGANISATION, "name")


_BRANCH = re.compile(
    rb"[a-z]+[ ]((?:[A-Z][a-z]+)(?:[ ][A-Z][a-z]+){0,2})[ ](?:clinic|facility|office|branch|campus|location|site)\b"
)


def _branch(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    """``our Dallas facility``."""
    matched = _BRANCH.match(buffer, start)
    if (
        matched is not None
        and matched.group(1).split()[-1].lower() not in terms()
        and matched.group(1).lower().split()[0] not in _NOT_PROPER
    ):
        yield Hit(matched.start(1), matched.end(), Category.ORGANISATION, 0.55, Role.ORGANISATION, "name")


RULES: tuple[Rule, ...] = (
    Rule(
        rb"\b(?:Centro Penitenciario|Centre [Uu]niversitaire|Centre [Hh]ospitalier|Hospital(?:es)?|HOSPITAL|"
        rb"hospital|hopital|clinique|clinica|centro de salud|ospedale|ziekenhuis|Hosp\.|Clinica|CLINICA|"
        rb"Policlinica|Policlinico|Complejo Hospitalario|Complexo Hospitalario|Complejo Asistencial|Centro de "
        rb"Salud|C\.S\.|CS|Centro Medico|Centro de Especialidades|Centro Hospitalario|Centro Hospitalar|"
        rb"Fundacion|Fundacio|Instituto|Institut|Universidad|Universitat|Facultad|Ambulatorio|Consultorio|"
        rb"Residencia|Sanatorio|Consorci|Corporacio|"
        rb"Klinikum|Universitatsklinikum|Uniklinik|Uniklinikum|Krankenhaus|Klinik|Universitat|Praxis|Charite|"
        rb"Seniorenheim|Pflegeheim|Kreiskrankenhaus|Kantonsspital|Universitatsspital|Spital|LKH|"
        rb"CHU|CHRU|CHR|CH|CHI|Hopital|Hopitaux|HOPITAL|Clinique|CLINIQUE|Centre Hospitalier|Polyclinique|GHU|"
        rb"EHPAD|Institut|Universite|Maison de Retraite|Hospices|Groupe Hospitalier|"
        rb"Ospedale|Azienda Ospedaliera|Azienda Ospedaliero|Policlinico|Casa di Cura|IRCCS|ASL|ASST|Istituto|"
        rb"Universita|Presidio Ospedaliero|"
        rb"Ziekenhuis|Medisch Centrum|Academisch Ziekenhuis|Huisartsenpraktijk|Verpleeghuis|Universiteit|Polikliniek|"
        rb"Centro de Saude|Unidade de Saude|USF|UBS|UPA|Santa Casa|Casa de Saude|Universidade|Hospitais|Clinic "
        rb"of|University of|Hospital of)",
        _head_first,
        caseless=False,
    ),
    Rule(
        rb"\b(?:Hospital|Hosp|Med Center|Med\. Center|Med Ctr|Medical Center|Medical Centre|Clinic|Health "
        rb"Center|Health Centre|Healthcare|Medical Group|Health System|Infirmary|Hospice|Nursing Home|"
        rb"Rehabilitation Center|Cancer Center|Surgery Center|University|Memorial|Health|Medical|"
        rb"Family Practice|Pharmacy|Laborator(?:y|ies)|Ziekenhuis|ziekenhuis|Klinik|Krankenhaus|Medisch Centrum)\b",
        _head_last,
        caseless=False,
    ),
    Rule(rb"\b(?:at|in|from|to|of|@) (?:St|Mt|Saint|Mount)\.? [A-Z][a-z]", _saint, caseless=False),
    Rule(
        (
            rb"\b(?:GmbH|GMBH|Inc\.|LLC|Ltd\.?|Corp\.|S\.A\.|S\.L\.|SARL|SpA|S\.p\.A\.|S\.r\.l\.|B\.V\.|N\.V\.|"
            rb"Lda\.?|e\.V\.)"
        ),
        _company,
        caseless=False,
    ),
    Rule(
        rb"\b(?:seen|treated|admitted|evaluated|hospitalized|hospitalised|followed|operated|presented|"
        rb"presenting|transferred|discharged|performed|managed|diagnosed|checkup|check-up|"
        rb"appointment|visit|visited|surgery|observed|assessed|reviewed|checked|scheduled|report|records|"
        rb"consult|consultation|biopsy|care) (?:at|to|from|in) (?:the |our )?[A-Z]",
        _attended,
        caseless=False,
    ),
    Rule(
        (
            rb"\b(?:our|the|at|your|their) [A-Z][a-z]+ (?:[A-Z][a-z]+ )?(?:clinic|facility|office|branch|campus|"
            rb"location|site)\b"
        ),
        _branch,
        caseless=False,
    ),
)
