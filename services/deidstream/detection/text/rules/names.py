"""Names of people: after titles, labels, signatures and relatives, and where a given name and a surname stand together."""

from __future__ import annotations

import re
from collections.abc import Iterable

from deidstream.core.category import Category, Role
from deidstream.detection.text.allow import eponyms, terms
from deidstream.detection.text.rules.gazetteer import family_names, given_names
from deidstream.detection.text.rules.reading import Name, in_gazetteer, read_name, stops_name
from deidstream.detection.text.rules.rule import Confirm, Hit, Rule, label

__all__ = ["RULES"]

_TITLE = (
    rb"(?:Dr|Dra|DR|DRA|dr|dra|drs|prof|Drs|Dott|Dr\.ssa|Dott\.ssa|Prof|PROF|Profa|Prof\.ssa|Professor|"
    rb"Professora|Professeur|Professore|Pr|Doctor|Doctora|"
    rb"Docteur|docteur|doctor|doctora|professeur|Dottore|Dottoressa|Dottor|Doktor|Doutor|Doutora|med|habil|"
    rb"univ|rer|nat|Med|PD|Priv|Univ|Dipl|Ing|Mag|Lic|Licda|"
    rb"Mr|Mrs|Ms|Miss|Sir|Herr|Herrn|Frau|Hr|Monsieur|Madame|Mademoiselle|Mme|MME|Mlle|Sra|Sr|Srta|Don|Dona|"
    rb"Sig|Sig\.ra|"
    rb"Signor|Signora|Signorina|Senhor|Senhora|Senor|Senora|Senorita|Dhr|Mevr|Mw|Meneer|Mevrouw|dhr|mevr|mw|"
    rb"meneer|mevrouw)"
)
_MORE_TITLES = re.compile(rb"\.?(?:[ \t]*[,/]?[ \t]*" + _TITLE + rb"\b\.?){0,8}[ \t]*(?:\n[ \t]*)?")
_AFTER_LABEL = re.compile(rb"[ \t]*(?:\((?:[a-z ]{1,12})\))?[ \t]*[:=][ \t]*(?:" + _TITLE + rb"\b\.?[ \t]*){0,8}")
_AFTER_SIGNATURE = re.compile(
    rb"[ \t]*[:,.]?[ \t]*(?:(?:by|por|par|von|da|door|the|el|la|le|der)[ \t]+)?(?:" + _TITLE + rb"\b\.?[ \t]*){0,8}"
)
_AFTER_RELATIVE = re.compile(
    rb"(?:[ \t]*[:,(][ \t]*|[ \t]+)(?:(?:named|called|is|llamad[oa]|namens|genannt|de nombre|nommee?|"
    rb"chiamat[oa]|genaamd|chamad[oa])[ \t]+)?"
    rb"(?:" + _TITLE + rb"\b\.?[ \t]*){0,8}"
)
_NOT_A_PERSONS = re.compile(
    rb"\b(?:brand|trade|generic|drug|product|file|user|domain|test|study|hospital|facility|device|display|"
    rb"host|medication|the|procedure|"
    rb"pharmacy|company|school|plan|event|code|lab|class|common|scientific|trial|insurance|marca|medikament|"
    rb"produit|farmaco)[ \t]*\Z",
    re.IGNORECASE,
)
_CLINICAL_AFTER = re.compile(
    rb"'s?\b|[ \t]+(?:disease|syndrome|sign|score|scale|test|criteria|classification|stage|grade|type|"
    rb"fracture|catheter|drain|operation|"
    rb"procedure|maneuver|manoeuvre|reflex|index|palsy|contracture|lymphoma|sarcoma|virus|Syndrom|Krankheit|"
    rb"Zeichen|syndroom)\b",
    re.IGNORECASE,
)


def _score(name: Name, sure: float) -> float:
    return min(1.0, sure + 0.05 * name.known)


def _after_title(role: Role) -> Confirm:
    def confirm(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
        begin = _MORE_TITLES.match(buffer, end)
        position = begin.end() if begin else end
        if position == end and buffer[end - 1 : end] != b".":
            return
        name = read_name(buffer, position)
        if name is None or (name.words == name.initials and name.words < 2 and role is not Role.CLINICIAN):
            return
        whole = buffer[name.start : name.end].lower()
        if name.words == 1 and name.known == 0 and whole in terms():
            return
        yield Hit(name.start, name.end, Category.NAME, _score(name, 0.9), role, _form(name))

    return confirm


def _short_title(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    """``D.`` and ``M.``: a name only where the next word is a known one, or two follow."""
    name = read_name(buffer, end)
    if name is not None and name.words > name.initials and (name.known or name.words > 1):
        first = buffer[name.start : name.end].split()[0].lower()
        if first not in eponyms() or name.words > 1:
            yield Hit(name.start, name.end, Category.NAME, 0.85, Role.UNKNOWN, _form(name))


def _after_label(role: Role, form: str, strict: bool) -> Confirm:
    """``strict``: the label says that a name follows (``Apellidos:``). Else (``Patient:``) the words must look like one."""

    def confirm(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
        colon = _AFTER_LABEL.match(buffer, end)
        if colon is None or (strict and _NOT_A_PERSONS.search(buffer, max(0, start - 16), start)):
            return
        name = read_name(buffer, colon.end())
        if name is None and strict:
            name = _lower_case_value(buffer, colon.end())
        if name is None or not (strict or _looks_like_name(buffer, name)):
            return
        yield Hit(name.start, name.end, Category.NAME, _score(name, 0.9), role, form or _form(name))

    return confirm


_REST_OF_LINE = re.compile(rb"[a-z' -]{2,40}(?=[ \t]*[.,;|\n\0\r])")


def _lower_case_value(buffer: bytes, position: int) -> Name | None:
    """``nombre: ana ruiz``, when that is all the label's value, and one of the words is a known name."""
    line = _REST_OF_LINE.match(buffer, position)
    if line is None or len(line.group().split()) > 4:
        return None
    name = read_name(buffer, position, lower=True)
    return name if name is not None and name.known and name.end == line.end() else None


def _after_signature(role: Role) -> Confirm:
    def confirm(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
        begin = _AFTER_SIGNATURE.match(buffer, end)
        name = read_name(buffer, begin.end() if begin else end)
        if name is not None and _looks_like_name(buffer, name):
            yield Hit(name.start, name.end, Category.NAME, _score(name, 0.85), role, _form(name))

    return confirm


def _after_relative(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    begin = _AFTER_RELATIVE.match(buffer, end)
    if begin is None:
        return
    name = read_name(buffer, begin.end(), comma=False)
    if name is not None and _first(buffer, name) in given_names() and _first(buffer, name) not in eponyms() | terms():
        yield Hit(
            name.start,
            name.end,
            Category.NAME,
            _score(name, 0.75),
            Role.RELATIVE,
            "given" if name.words == 1 else "name",
        )


_OPENING = re.compile(rb"[A-Za-z']+")


def _pair(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    """A known given name and what can be a surname: ``Anna Schmidt``, ``ANNA SCHMIDT``, ``Anna S.``, ``SCHMIDT Anna``."""
    if buffer[start - 1] in b"-'@./" or buffer[start - 1] == 0x80:
        return
    opening = _OPENING.match(buffer, start)
    key = opening.group().lower() if opening else b""
    if key not in given_names() and key not in family_names() and (opening is None or not opening.group().isupper()):
        return
    name = read_name(buffer, start, comma=False)
    if name is None or name.words < 2:
        return
    words = buffer[name.start : name.end].lower().split()
    if words[0] not in given_names():
        end = _family_first(buffer, name, words)
        if not end:
            return
        name = name._replace(end=end)
        words = buffer[name.start : name.end].lower().split()
    if b" ".join(words) in eponyms() or _CLINICAL_AFTER.match(buffer, name.end):
        return
    score = _pair_score(words)
    if buffer[name.start : name.end].isupper() and score < 0.7 and _in_capitals(buffer, name):
        return
    if score:
        form = "name" if words[0] in given_names() else "name.family_first"
        yield Hit(name.start, name.end, Category.NAME, score, Role.UNKNOWN, form)


def _family_first(buffer: bytes, name: Name, words: list[bytes]) -> int:
    """``JALONNET Christine``, ``Dupont Albert``: where it ends, else 0. Capitals or a listed surname, then a given name."""
    raw = buffer[name.start : name.end].split()
    capitals = raw[0].isupper() and len(raw[0]) > 3 and not raw[1].isupper()
    if (
        not (capitals or words[0] in family_names())
        or words[0] in eponyms()
        or words[1] not in given_names()
        or words[1] in terms()
    ):
        return 0
    end = 0
    for word in re.finditer(rb"[^ \t]+", buffer[name.start : name.end]):
        if word.start() and word.group().lower() not in given_names():
            break
        end = name.start + word.end()
    return end


_CLINICAL_ENDING = re.compile(
    rb"(?:itis|osis|asis|emia|uria|ectomy|otomy|oscopy|ography|ology|pathy|plasty|algia|oma|gram|scope|"
    rb"therapy|tion|ment|ness|ing|ed)\Z"
)


_GIVEN_ALL_THE_SAME = frozenset(
    b"marie thomas david james patrick paul keith henry bernard frank robert carlos vincent".split()
)


def _in_capitals(buffer: bytes, name: Name) -> bool:
    """Whether what stands before or after is in capitals too, so that capitals say nothing."""
    return (
        _CAPITALS_AROUND.match(buffer, name.end) is not None
        or _CAPITALS_BEFORE.search(buffer, max(0, name.start - 12), name.start) is not None
    )


_CAPITALS_AROUND = re.compile(rb"[ \t]+[A-Z]{3}")
_CAPITALS_BEFORE = re.compile(rb"[A-Z]{3,}[ \t]+\Z")


def _pair_score(words: list[bytes]) -> float:
    """How sure: a listed surname 0.8, an initial 0.7, some capitalised word 0.55; 0 where the words have another sense."""
    last = words[-1]
    if words[0] in terms() or (words[0] in eponyms() and last in eponyms() and last not in family_names()):
        return 0.0
    if len(last) == 1:
        return 0.0
    if last.endswith(b"."):
        return 0.7 if len(words) == 2 else 0.75
    if last in family_names() or (last in given_names() and last not in eponyms()):
        return 0.8
    if in_gazetteer(last):
        return 0.75
    if (
        (words[0] in eponyms() and words[0] not in _GIVEN_ALL_THE_SAME)
        or last in eponyms()
        or last in terms()
        or _CLINICAL_ENDING.search(last)
        or len(last) < 3
    ):
        return 0.0
    return 0.55


def _inverted(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    """``DOE, JOHN`` and ``Doe, John``, both listed; ``DOE^JOHN`` whatever they are."""
    name = read_name(buffer, start)
    if name is None or not name.inverted:
        return
    separator = re.search(rb"[,^]", buffer[name.start : name.end])
    words = [word.lower() for word in re.findall(rb"[A-Za-z'-]+", buffer[name.start : name.end])]
    if separator is None or words[0] in terms() or len(words) < 2:
        return
    if separator.group() == b"^" or (words[0] in family_names() and words[0] not in given_names() | eponyms()):
        yield Hit(name.start, name.end, Category.NAME, 0.75, Role.UNKNOWN, "name.family_first")
    elif words[0] in family_names() and buffer[name.start : name.end].isupper():
        yield Hit(name.start, name.end, Category.NAME, 0.7, Role.UNKNOWN, "name.family_first")


def _with_initial(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    """``J. Smith``: the surname listed and of no other sense."""
    name = read_name(buffer, start, comma=False)
    if name is None or name.words <= name.initials or buffer[start - 1] in b".'-":
        return
    last = buffer[name.start : name.end].split()[-1].lower()
    if last in family_names() and last not in eponyms() and last not in terms():
        yield Hit(name.start, name.end, Category.NAME, 0.65, Role.UNKNOWN, "name")


_NAME_AND_CREDENTIAL = re.compile(
    rb"((?:(?:[A-Z][A-Za-z'-]+|[A-Z]\.?)[ \t]+){1,3}[A-Z][A-Za-z'-]+)[ \t]*,?[ \t]*[A-Z][A-Za-z.-]*\Z"
)


def _with_credential(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    """``John Q. Public, MD``."""
    before = _NAME_AND_CREDENTIAL.search(buffer, max(0, start - 60), end)
    if before is None:
        return
    name = read_name(buffer, before.start(1), comma=False)
    if name is not None and name.words > 1 and name.words > name.initials and name.end <= end:
        yield Hit(name.start, name.end, Category.NAME, _score(name, 0.8), Role.CLINICIAN, "name")


def _looks_like_name(buffer: bytes, name: Name) -> bool:
    first = _first(buffer, name)
    if first in terms() or (first in eponyms() and name.words == 1):
        return False
    if name.known or name.inverted:
        return True
    last = buffer[name.start : name.end].split()[-1].lower()
    return name.words > 1 and not _CLINICAL_ENDING.search(last) and not stops_name(last)


def _first(buffer: bytes, name: Name) -> bytes:
    return buffer[name.start : name.end].split()[0].lower().rstrip(b",")


def _form(name: Name) -> str:
    if name.inverted:
        return "name.family_first"
    return "family" if name.words == 1 else "name"


_CLINICIAN_TITLES = (
    rb"\b(?:Dr|Dra|DR|DRA|Drs|dr\.|dra\.|drs\.|prof\.|Dott|Dott\.ssa|Dr\.ssa|Prof|PROF|Profa|Prof\.ssa|"
    rb"Professor|Professora|Professeur|Professore|Doctor|Doctora|"
    rb"Docteur|docteur|doctor|doctora|professeur|Dottore|Dottoressa|Dottor|Doktor|Doutor|Doutora|Nurse|Dres|"
    rb"Drs|DOCTOR|DOCTEUR|Pr|Surgeon|Oberarzt|Oberarztin|Chefarzt|"
    rb"Chefarztin|Assistenzarzt|Assistenzarztin|Infirmiere|Enfermera|Enfermero|Enfermeira|Enfermeiro)\b\.?[ "
    rb"\t]*[A-Za-z\n]"
)
_OTHER_TITLES = (
    rb"\b(?:Mr|Mrs|Ms|Miss|MR\.|MRS|MISS|MS\.|Sir|Herr|Herrn|HERR|Frau|FRAU|Hr|Monsieur|MONSIEUR|monsieur|"
    rb"madame|mademoiselle|senor|senora|signora|signor|senhor|senhora|Madame|MADAME|Mademoiselle|Mme|MME|"
    rb"Mlle|MLLE|"
    rb"Mmes|MM|Sra|Sr|Srta|SRA|SR|Don|Dona|Sig|Sig\.ra|Signor|Signora|Signorina|Senhor|Senhora|Senor|Senora|"
    rb"Senorita|D\. ?na|"
    rb"Dhr|Mevr|Mw|Meneer|Mevrouw|dhr|mevr|mw|meneer|mevrouw|sig\.ra|sig\.|sr\.|sra\.|mr\.|mrs\.|Dna|"
    rb"DNA\.)\.?[ \t]+[A-Za-z]"
)


def _trimmed(confirm: Confirm) -> Confirm:
    """The trigger ends with the first letter of the name: step back to the end of the title."""

    def inner(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
        title = _TITLE_WORD.match(buffer, start)
        return confirm(buffer, start, title.end() if title else end - 1)

    return inner


_TITLE_WORD = re.compile(rb"(?:D\. ?na|[A-Za-z]+(?:\.(?:ssa|ra))?)\.?")


RULES: tuple[Rule, ...] = (
    Rule(_CLINICIAN_TITLES, _trimmed(_after_title(Role.CLINICIAN)), caseless=False),
    Rule(_OTHER_TITLES, _trimmed(_after_title(Role.UNKNOWN)), caseless=False),
    Rule(rb"\b(?:D|M)\.[ \t]*[A-Z]", lambda buffer, start, end: _short_title(buffer, start, end - 1), caseless=False),
    label(_after_label(Role.PATIENT, "", strict=True), "name.whole"),
    label(_after_label(Role.PATIENT, "given", strict=True), "name.given"),
    label(_after_label(Role.PATIENT, "family", strict=True), "name.family"),
    label(_after_label(Role.PATIENT, "", strict=False), "name.patient"),
    label(_after_label(Role.CLINICIAN, "", strict=False), "name.clinician"),
    label(_after_signature(Role.CLINICIAN), "name.signature"),
    label(_after_relative, "name.relative"),
    Rule(rb"\b[A-Z][a-z']+[a-z-]*(?:[A-Z][a-z]+)?[ \t]+[A-Zdv]", _pair, caseless=False),
    Rule(rb"\b[A-Z]{2}[A-Z'-]+[ \t]+[A-Z][A-Za-z]", _pair, caseless=False),
    Rule(rb"\b[A-Z][A-Za-z'-]+(?:,[ \t]?|\^)[A-Z][A-Za-z]", _inverted, caseless=False),
    Rule(rb"\b[A-Z]\.[ \t]?(?:[A-Z]\.[ \t]?)?[A-Z][a-z]", _with_initial, caseless=False),
    Rule(
        (
            rb"[A-Z][A-Za-z'-]+[ \t]*,?[ \t]+(?:M\.D|MD|D\.O|DO|RN|NP|PA-C|PhD|FNP|DPM|DDS|PharmD|LPN|FACC|FACS|"
            rb"MBBS|FRCP)\b"
        ),
        _with_credential,
        caseless=False,
    ),
)
