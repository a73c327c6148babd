"""Names of people: after titles, labels, signatures and relatives, and where a given name and a surname stand together."""

from __future__ import annotations

import re
from collections.abc import Iterable

from deidstream.core.category import Category, Role
from deidstream.detection.text.allow import eponyms, terms
from deidstream.detection.text.rules import relatives, titles
from deidstream.detection.text.rules.gazetteer import family_names, given_names
from deidstream.detection.text.rules.reading import Name, in_gazetteer, name_form, name_score, read_name, stops_name
from deidstream.detection.text.rules.rule import EVIDENT, Confirm, Hit, Rule, label
from deidstream.detection.text.rules.titles import TITLE

__all__ = ["RULES"]

_AFTER_LABEL = re.compile(rb"[ \t]*(?:\((?:[a-z ]{1,12})\))?[ \t]*[:=][ \t]*(?:" + TITLE + rb"\b\.?[ \t]*){0,8}")
_AFTER_SIGNATURE = re.compile(
    rb"[ \t]*[:,.]?[ \t]*(?:(?:by|por|par|von|da|door|the|el|la|le|der)[ \t]+)?(?:" + TITLE + rb"\b\.?[ \t]*){0,8}"
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
        yield Hit(name.start, name.end, Category.NAME, name_score(name, 0.9), role, form or name_form(name))

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
            yield Hit(name.start, name.end, Category.NAME, name_score(name, 0.85), role, name_form(name))

    return confirm


_INITIALS = re.compile(rb"[ \t]*[:=]?[ \t]*([A-Z]{2,4})(?=[ \t]*(?:[/.,;|)\n\r\0]|[ \t][a-z]))")


def _initials(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    """``Hdz. ML``, ``Dictated by: TBO/jk``: who wrote it, or had it written."""
    letters = _INITIALS.match(buffer, end)
    if letters is not None and letters.group(1).lower() not in terms():
        yield Hit(letters.start(1), letters.end(1), Category.NAME, EVIDENT, Role.CLINICIAN, "name")


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
        yield Hit(name.start, name.end, Category.NAME, name_score(name, 0.8), Role.CLINICIAN, "name")


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


RULES: tuple[Rule, ...] = (
    *titles.RULES,
    label(_after_label(Role.PATIENT, "", strict=True), "name.whole"),
    label(_after_label(Role.PATIENT, "given", strict=True), "name.given"),
    label(_after_label(Role.PATIENT, "family", strict=True), "name.family"),
    label(_after_label(Role.PATIENT, "", strict=False), "name.patient"),
    label(_after_label(Role.CLINICIAN, "", strict=False), "name.clinician"),
    label(_after_signature(Role.CLINICIAN), "name.signature"),
    *relatives.RULES,
    label(_initials, "name.initials"),
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
