"""Telephone and fax numbers, e-mail and network addresses, user names."""

from __future__ import annotations

import re
from collections.abc import Iterable

from deidstream.core.category import Category, Role
from deidstream.detection.text.rules.rule import EVIDENT, Confirm, Hit, Rule, label

__all__ = ["RULES"]

_LOCAL = re.compile(rb"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~\x80-]{1,64}\Z")
_DOMAIN = re.compile(
    rb"(?:[A-Za-z0-9\x80](?:[A-Za-z0-9\x80-]{0,62})\.)+[A-Za-z\x80]{2,24}|\[\d[\d.]+\]|"
    rb"[A-Za-z][A-Za-z0-9-]{2,30}(?=[\s,;.)\0])"
)


def _email(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    """Both sides of an ``@`` (blanks around it allowed, as speech and OCR leave them)."""
    local = _LOCAL.search(buffer, max(0, start - 64), start)
    domain = _DOMAIN.match(buffer, end)
    if local is None or domain is None:
        return
    begin = local.start() + len(local.group()) - len(local.group().lstrip(b".'*/=-{|}`"))
    if begin < start:
        yield Hit(begin, domain.end(), Category.EMAIL, 1.0 if b"." in domain.group() else 0.7, Role.UNKNOWN, "email")


_URL = re.compile(rb"(?:(?:https?|ftp|sftp|ldap)://|www\d?\.)[^\s<>\"\0\x80(){}|\\^`]{2,2000}", re.IGNORECASE)


def _url(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    matched = _URL.match(buffer, start)
    if matched is not None:
        close = start + len(matched.group().rstrip(b".,;:!?'*]"))
        yield Hit(start, close, Category.URL, 1.0, Role.UNKNOWN, "url")


_BARE_DOMAIN = re.compile(
    rb"(?:[a-z0-9][a-z0-9-]*\.)+(?:com|org|net|edu|gov|info|health)(?:\.[a-z]{2})?(?:/[^\s<>\"\0\x80()]*)?(?![\w@])",
    re.IGNORECASE,
)


_LABELS_BEFORE = re.compile(rb"(?:[a-z0-9-]+\.)*[a-z0-9-]+\Z", re.IGNORECASE)


def _domain(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    before = _LABELS_BEFORE.search(buffer, max(0, start - 80), start + 1)
    begin = before.start() if before else start
    matched = _BARE_DOMAIN.match(buffer, begin)
    if matched is not None and matched.end() >= end and buffer[begin - 1] not in b"@./-_":
        yield Hit(begin, begin + len(matched.group().rstrip(b".,;/")), Category.URL, 0.8, Role.UNKNOWN, "url")


_IPV4 = re.compile(rb"(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\d.]*\d)(?:/\d\d?(?!\d))?")
_IPV6 = re.compile(
    (
        rb"(?:(?:[0-9A-F]{1,4}:){7}[0-9A-F]{1,4}|(?:[0-9A-F]{1,4}:){1,6}(?::[0-9A-F]{1,4}){1,6}|(?:[0-9A-F]{1,"
        rb"4}:){2,7}:|::(?:[0-9A-F]{1,4}:){1,6}[0-9A-F]{1,4})(?![\w:])"
    ),
    re.IGNORECASE,
)
_VERSION_BEFORE = re.compile(rb"(?:version|release|firmware|software|section|v|ver)\.?[ \t:]*\Z", re.IGNORECASE)


def _ipv4(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    matched = _IPV4.match(buffer, start)
    if matched is None or buffer[start - 1] in b".-" or _VERSION_BEFORE.search(buffer, max(0, start - 12), start):
        return
    sure = all(len(group) > 1 for group in matched.group().split(b"/")[0].split(b".")[:2])
    yield Hit(start, matched.end(), Category.IP_ADDRESS, 0.95 if sure else 0.8, Role.UNKNOWN, "ip")


def _ipv6(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    matched = _IPV6.match(buffer, start)
    if matched is not None and buffer[start - 1] not in b":.":
        groups = matched.group().count(b":")
        letters = re.search(rb"[A-Fa-f]", matched.group())
        if groups >= 4 or (letters and b"::" in matched.group()):
            yield Hit(start, matched.end(), Category.IP_ADDRESS, 0.95, Role.UNKNOWN, "ip")


def _mac(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    if buffer[start - 1] not in b":-" and buffer[end : end + 1] not in (b":", b"-"):
        yield Hit(start, end, Category.DEVICE, 0.95, Role.UNKNOWN, "number")


_EXTENSION = rb"(?:[ \t,;]*(?:ext|extension|extn|x|poste|int|anexo|durchwahl|dw|toestel|ramal)\.?[ \t:]*\d{1,6})?"
_LABELLED = re.compile(
    rb"(?:[ \t]{0,6}(?:no\.?|nr\.?|number|num\.?|numero|nummer|#|movil|mobile|fijo|de contacto|particular|work|"
    rb"home|cell)\b\.?){0,4}[ \t]{0,6}(?:\([a-z ]{1,14}\))?"
    rb"(?:[ \t]{0,6}(?:is|at|es|ist|:|=|\.|-|al|au|a|el)(?![A-Za-z])){0,4}[ \t]{0,6}"
    rb"(\+?[(\d][\d ()/.\t-]{3,24}\d|\d{4,6})" + _EXTENSION,
    re.IGNORECASE,
)


def _labelled(category: Category, form: str) -> Confirm:
    def confirm(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
        matched = _LABELLED.match(buffer, end)
        position = matched.start(1) if matched else -1
        while matched is not None:
            number = matched.group(1)
            digits = sum(48 <= byte <= 57 for byte in number)
            if not 4 <= digits <= 17 or _DATE_LIKE.match(number):
                return
            close = _cut(buffer, position, matched.end(1)) if digits > 15 else matched.end()
            yield Hit(position, close, category, 0.95 if digits >= 6 else 0.8, Role.UNKNOWN, form)
            matched = _ANOTHER.match(buffer, matched.end())
            position = matched.start(1) if matched else -1

    return confirm


_DATE_LIKE = re.compile(rb"\d{1,2}[/.-]\d{1,2}[/.-](?:19|20)\d\d\b")
_ANOTHER = re.compile(
    rb"[ \t]*(?:/|;|,| y | o | or | and | und | et | oder | ou | e )[ \t]*(\+?[(\d][\d ()/.\t-]{5,18}\d)" + _EXTENSION,
    re.IGNORECASE,
)


def _cut(buffer: bytes, start: int, end: int) -> int:
    """Two numbers ran together: the first ends where its digits reach fifteen, at a blank."""
    blank = buffer.find(b" ", start + 9, end)
    return blank if blank > 0 else end


_INTERNATIONAL = re.compile(
    rb"(?:\+|00)[ ]?[1-9]\d{0,2}[ ./-]{0,2}(?:\(0?\d{0,4}\)[ ./-]?)?(?:\d[ ./-]{0,2}){5,12}\d(?!\d)" + _EXTENSION,
    re.IGNORECASE,
)


def _international(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    matched = _INTERNATIONAL.match(buffer, start)
    if matched is None or buffer[start - 1 : start].isalnum():
        return
    if 8 <= sum(48 <= byte <= 57 for byte in matched.group()) <= 17:
        yield Hit(start, matched.end(), Category.PHONE, 0.9 if buffer[start] == 43 else 0.8, Role.UNKNOWN, "phone")


def _shaped(pattern: bytes, score: float, languages: str = "") -> Confirm:
    """A national form; ``languages``: where only texts in these write it so."""
    form = re.compile(pattern + rb"(?![\d]|[-/.]\d|[ ]?%)" + _EXTENSION, re.IGNORECASE)

    def confirm(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
        matched = form.match(buffer, start)
        if matched is not None and not (buffer[start - 1 : start].isalnum() or buffer[start - 1] in b"-/.,+_#"):
            yield Hit(start, matched.end(), Category.PHONE, score, Role.UNKNOWN, "phone", languages)

    return confirm


_FRENCH = re.compile(rb"[0O][1-9](?:[ .-][\dO]{2,4}){2,4}(?![ .-]?\d)")


def _french_digits(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    """Ten digits that begin 01 to 09, in groups of any size, the letter O read as a zero."""
    matched = _FRENCH.match(buffer, start)
    if (
        matched is not None
        and buffer[start - 1] not in b"./-,"
        and sum(byte in b"0123456789O" for byte in matched.group()) == 10
    ):
        yield Hit(start, matched.end(), Category.PHONE, 0.8, Role.UNKNOWN, "phone")


def _username(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    matched = _USERNAME.match(buffer, end)
    if matched is not None and re.search(rb"[a-z]", matched.group(1), re.IGNORECASE):
        yield Hit(matched.start(1), matched.end(1), Category.USERNAME, 0.85, Role.UNKNOWN, "text")


_USERNAME = re.compile(rb"[ \t]*[:=][ \t]*([A-Za-z0-9][A-Za-z0-9._@\\-]{2,40}[A-Za-z0-9])")

_HANDLE = re.compile(rb"@([A-Za-z0-9_.]{2,40}[A-Za-z0-9_])")


def _handle(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    """``@maw_maw_eudora``: what a word alone could not be; ``seen @clinic`` is a place."""
    matched = _HANDLE.match(buffer, start)
    if (
        matched is not None
        and re.search(rb"[0-9_.]", matched.group(1))
        and re.search(rb"[A-Za-z]{3}", matched.group(1))
    ):
        yield Hit(start, matched.end(), Category.USERNAME, EVIDENT, Role.UNKNOWN, "text")


RULES: tuple[Rule, ...] = (
    Rule(rb"[a-z0-9_\x80] ?@ ?[a-z0-9\x80\[]", lambda buffer, start, end: _email(buffer, start + 1, end - 1)),
    Rule(rb"\b(?:https?|ftp|sftp|ldap)://", _url),
    Rule(rb"\bwww\d?\.[a-z0-9]", _url),
    Rule(rb"[a-z0-9]\.(?:com|org|net|edu|gov|info|health)\b", _domain),
    Rule(rb"\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d", _ipv4),
    Rule(rb"\b[0-9a-f]{1,4}:(?:[0-9a-f]{0,4}:){2}", _ipv6),
    Rule(rb"::(?:[0-9a-f]{1,4}:){1,6}[0-9a-f]", _ipv6),
    Rule(rb"\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b|\b(?:[0-9a-f]{2}-){5}[0-9a-f]{2}\b", _mac),
    label(_labelled(Category.PHONE, "phone"), "contact.phone"),
    label(_labelled(Category.FAX, "fax"), "contact.fax"),
    Rule(rb"(?:\+|\b00) ?[1-9]\d{0,2}[ ./()-]{0,3}\d", _international),
    Rule(rb"\(\d{3}\)[ -]?\d{3}", _shaped(rb"\(\d{3}\)[ -]?\d{3}[-. ]\d{4}", 0.95)),
    Rule(rb"\b\d{3}[-. ]\d{3}[-. ]\d{4}\b", _shaped(rb"(?:1[-. ])?[2-9]\d\d([-. ])[2-9]\d\d\1\d{4}", 0.85)),
    Rule(rb"\b1[-. ]\d{3}[-. ]\d{3}[-. ]\d{4}\b", _shaped(rb"1[-. ][2-9]\d\d[-. ]\d{3}[-. ]\d{4}", 0.85)),
    Rule(rb"\b0[1-9](?:[ .-]?\d\d){4}\b", _shaped(rb"0[1-9](?:([ .-])\d\d(?:\1\d\d){3}|\d{8})", 0.85)),
    Rule(rb"\b[0O][1-9][ .-][\dO]{2,4}[ .-][\dO]{2,4}", _french_digits, caseless=False),
    Rule(
        rb"\b0\d{2,5}[ /-]{1,3}\d{2,4}", _shaped(rb"\(?0[1-9]\d{1,4}\)?[ ]?[/ -][ ]?\d{2,8}(?:[ -]?\d{2,6}){0,3}", 0.65)
    ),
    Rule(rb"\(0\d{1,4}\) ?\d{2,4}", _shaped(rb"\(0\d{1,4}\)[ ]?\d{2,8}(?:[ /-]?\d{2,6}){0,3}", 0.8)),
    Rule(rb"\b[6-9]\d{2}[ .-]\d{3}[ .-]\d{3}\b", _shaped(rb"[6-9]\d\d([ .-])\d{3}\1\d{3}", 0.8)),
    Rule(rb"\b[6-9]\d{2}[ .-]\d\d[ .-]\d\d[ .-]\d\d\b", _shaped(rb"[6-9]\d\d([ .-])\d\d\1\d\d\1\d\d", 0.85)),
    Rule(rb"\b9\d[ .-]\d{3}[ .-]\d\d[ .-]\d\d\b", _shaped(rb"9\d([ .-])\d{3}\1\d\d\1\d\d", 0.85)),
    Rule(rb"\b[679]\d{8}\b", _shaped(rb"[679]\d{8}", 0.6, "es pt")),
    Rule(rb"\b3\d\d[ .-]?\d{6,7}\b", _shaped(rb"3[2-9]\d[ .-]?\d{6,7}", 0.6, "it")),
    Rule(rb"\b06[- ]?\d{8}\b", _shaped(rb"06[- ]?\d{8}", 0.85)),
    Rule(rb"\b9[1236]\d?[ ]\d{3}[ ]\d{3,4}\b", _shaped(rb"9[1236]\d?[ ]\d{3}[ ]\d{3,4}", 0.7)),
    Rule(rb"\b07\d{3} ?\d{3} ?\d{3}\b|\b02\d ?\d{4} ?\d{4}\b", _shaped(rb"0[27]\d{2,3} ?\d{3,4} ?\d{3,4}", 0.85)),
    Rule(rb"\b\d{3}[-.]\d{3}[-.]\d{4}\b", _shaped(rb"\d{3}([-.])\d{3}\1\d{4}", 0.7)),
    Rule(rb"\(\d\d\) ?0?\d[ .-]?\d\d", _shaped(rb"\(\d\d\) ?0?\d(?:[ .-]?\d){7,10}", 0.7)),
    Rule(rb"\(\d\d\) ?9?\d{4}-\d{4}", _shaped(rb"\(\d\d\) ?9?\d{4}-\d{4}", 0.9)),
    label(_username, "contact.username"),
    Rule(rb"[ \t\n\x00(:,]@[a-z0-9_]", lambda buffer, start, end: _handle(buffer, start + 1, end)),
)
