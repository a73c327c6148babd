"""Names of people behind their titles: ``Dr. Groß``, ``Fr. Sommer``, ``Prof. Dr. med. K.-H. Sauer``; and where a title ends."""

from __future__ import annotations

import re
from collections.abc import Iterable

from deidstream.core.category import Category, Role
from deidstream.detection.text.allow import eponyms, terms
from deidstream.detection.text.rules.reading import Name, name_form, name_score, read_name
from deidstream.detection.text.rules.rule import EVIDENT, Confirm, Hit, Rule, words

__all__ = ["RULES", "TITLE"]

TITLE = (
    rb"(?:Dr|Dra|DR|DRA|dr|dra|drs|prof|Drs|Dott|Dr\.ssa|Dott\.ssa|Prof|PROF|Profa|Prof\.ssa|Professor|"
    rb"Professora|Professeur|Professore|Pr|Doctor|Doctora|"
    rb"Docteur|docteur|doctor|doctora|professeur|Dottore|Dottoressa|Dottor|Doktor|Doutor|Doutora|med|habil|"
    rb"univ|rer|nat|Med|PD|Priv|Univ|Dipl|Ing|Mag|Lic|Licda|"
    rb"Mr|Mrs|Ms|Miss|Sir|Herr|Herrn|Frau|Hr|Monsieur|Madame|Mademoiselle|Mme|MME|Mlle|Sra|Sr|Srta|Don|Dona|"
    rb"Sig|Sig\.ra|"
    rb"Signor|Signora|Signorina|Senhor|Senhora|Senor|Senora|Senorita|Dhr|Mevr|Mw|Meneer|Mevrouw|dhr|mevr|mw|"
    rb"meneer|mevrouw)"
)
_MORE_TITLES = re.compile(rb"\.?(?:[ \t]*[,/]?[ \t]*" + TITLE + rb"\b\.?){0,8}[ \t]*(?:\n[ \t]*)?")
_PLAIN = re.compile(
    rb"(?:Dr|Dra|Dott|Dr\.ssa|Dott\.ssa|Prof|Profa|Prof\.ssa|Mr|Mrs|Ms|Miss|Herr|Herrn|Frau|Hr|Fr|Monsieur|Madame|Mademoiselle|"
    rb"Mme|Mlle|Sra|Srta|Sig|Sig\.ra|Signora|Senhora|Senora|Dhr|Mevr|Mw|Meneer|Mevrouw|dhr|mevr|mw|meneer|mevrouw)\.?\Z"
)
"""Titles that are nothing else (``MM`` is a myeloma too, ``Pr`` a rectal examination)."""
_PART_OF_A_STREET = re.compile(rb"\d[A-Za-z]?[ \t]+(?:[A-Z][a-z]+[ \t]+){1,3}\Z")
_CALENDAR = frozenset(
    word.encode()
    for word in words(
        "january, march, april, may, june, august, summer, winter, spring, märz, mai, juni, sommer, herbst, frühling, mayo, abril, "
        "julio, agosto, enero, mars, avril, juillet, été, marzo, aprile, maggio, maio, março, janeiro, zomer, lente, herfst"
    )
)
_ROLES = frozenset(
    word.encode()
    for word in words(
        "kollege, kollegen, kollegin, kolleginnen, direktor, direktorin, vorsitzender, chairman, chairwoman, colleague, "
        "colleagues, director, directeur, directrice, confrère, consœur, consoeur, présidente, directora, colega, colegas, "
        "compañero, compañera, collega, colleghi, direttore, direttrice, diretor, diretora, voorzitter"
    )
)
"""Whom a letter is to, in place of a name: ``Herrn Kollegen Dr. Moritz``, ``Madame la Directrice``."""
_CALENDAR_WORD = re.compile(rb"[A-Z][a-z]{2,9}(?![A-Za-z0-9-]|[ \t]*\d)")


def _after_title(role: Role) -> Confirm:
    def confirm(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
        begin = _MORE_TITLES.match(buffer, end)
        position = begin.end() if begin else end
        if position == end and buffer[end - 1 : end] != b".":
            return
        name = read_name(buffer, position) or _as_the_calendar(buffer, position)
        if name is None or (name.words == name.initials and name.words < 2 and role is not Role.CLINICIAN):
            return
        whole = buffer[name.start : name.end].lower()
        if name.words == 1 and name.known == 0 and whole in terms() - _CALENDAR:
            return
        if name.words == 1 and whole.split()[-1] in _ROLES:
            return
        yield Hit(
            name.start,
            name.end,
            Category.NAME,
            name_score(name, _sure(buffer, start, end, name)),
            role,
            name_form(name),
        )

    return confirm


def _as_the_calendar(buffer: bytes, position: int) -> Name | None:
    """``Mrs. May``: one word, without a day behind it."""
    word = _CALENDAR_WORD.match(buffer, position)
    if word is None or word.group().lower() not in _CALENDAR:
        return None
    return Name(word.start(), word.end(), 1, 0, 0, False)


def _sure(buffer: bytes, start: int, end: int, name: Name) -> float:
    written = buffer[name.start : name.end]
    if _PLAIN.match(buffer, start, end) is None or written.isupper() or b"\n" in buffer[end : name.start]:
        return 0.9
    if _PART_OF_A_STREET.search(buffer, max(0, start - 48), start):  # 12 Long Oak Dr. Springfield
        return 0.9
    return EVIDENT


def _frau(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    """``Fr. Sommer``; not the size of a catheter, ``16 Fr. Foley``, before which a number stands."""
    title = buffer.index(b"Fr.", start)
    yield from _after_title(Role.UNKNOWN)(buffer, title, title + 3)


def _short_title(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    """``D.`` and ``M.``: a name only where the next word is a known one, or two follow."""
    name = read_name(buffer, end)
    if name is not None and name.words > name.initials and (name.known or name.words > 1):
        first = buffer[name.start : name.end].split()[0].lower()
        if first not in eponyms() or name.words > 1:
            yield Hit(name.start, name.end, Category.NAME, 0.85, Role.UNKNOWN, name_form(name))


_CLINICIAN_TITLES = (
    rb"\b(?:Dr|Dra|DR|DRA|Drs|dr\.|dra\.|drs\.|prof\.|Dott|Dott\.ssa|Dr\.ssa|Prof|PROF|Profa|Prof\.ssa|"
    rb"Professor|Professora|Professeur|Professore|Doctor|Doctora|"
    rb"Docteur|docteur|doctor|doctora|professeur|Dottore|Dottoressa|Dottor|Doktor|Doutor|Doutora|Nurse|Dres|"
    rb"Drs|DOCTOR|DOCTEUR|Pr|Surgeon|Oberarzt|Oberarztin|Chefarzt|"
    rb"Chefarztin|Assistenzarzt|Assistenzarztin|Dienstarzt|Pfleger|Infirmiere|Enfermera|Enfermero|Enfermeira|"
    rb"Enfermeiro)\b\.?[ \t]*[A-Za-z\n]"
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
    Rule(rb"(?:[^0-9][ \t(]|[\n\x00])Fr\.[ \t]+[A-Z][a-z]", _frau, caseless=False),
    Rule(rb"\b(?:D|M)\.[ \t]*[A-Z]", lambda buffer, start, end: _short_title(buffer, start, end - 1), caseless=False),
)
