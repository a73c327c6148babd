"""Canaries: identifiers that are put into a feed on purpose, or known to be in it, and must never come out.

A canary is known by its name; its value is read from a file that only its owner reads, and goes nowhere else.
"""

from __future__ import annotations

import base64
import json
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from html.entities import codepoint2name
from pathlib import Path

from deidstream.core.errors import Misconfigured

__all__ = ["Canaries", "open_to_others", "read_canaries"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_LEAST = 6
"""Characters: a shorter value stands in a release by chance."""


class Canaries:
    """Looks for all of them at once, whatever the letters' case, and however a format may have written them."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._plain = {name: tuple(_plain(value)) for name, value in values.items()}
        self._encoded = {name: tuple(_base64(value)) for name, value in values.items()}

    @property
    def names(self) -> tuple[str, ...]:
        """By which they may be spoken of."""
        return tuple(self._plain)

    def within(self, content: bytes) -> list[str]:
        """The names of those that stand in ``content``."""
        lower, unwrapped = content.lower(), content.translate(None, b"\r\n")
        return [
            name
            for name in self._plain
            if any(form in lower for form in self._plain[name])
            or any(form in unwrapped for form in self._encoded[name])
        ]


def read_canaries(path: Path) -> Canaries:
    """From lines ``NAME VALUE``; empty ones and those that begin with # are passed over. Raises Misconfigured."""
    values: dict[str, str] = {}
    for number, line in enumerate(_lines(path), 1):
        name, _, value = line.strip().partition(" ")
        if not name or name.startswith("#"):
            continue
        place = f"{path.name}:{number}"
        if not _NAME.fullmatch(name) or name in values:
            raise Misconfigured("canary-name", place, "a name of letters, digits, '_', '.', '-', each only once")
        if len(value.strip()) < _LEAST:
            raise Misconfigured("canary-value", place, f"NAME VALUE, the value of at least {_LEAST} characters")
        values[name] = value.strip()
    return Canaries(values)


def open_to_others(state: os.stat_result, user: int) -> bool:
    """Whether others than ``user`` may read or change it; what is root's, as platforms mount Secrets, a group may read."""
    mounted = state.st_uid == 0 and user != 0
    return bool(stat.S_IMODE(state.st_mode) & (0o037 if mounted else 0o077))


def _lines(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            if open_to_others(os.fstat(file.fileno()), os.geteuid()):
                raise Misconfigured("canaries-open", path.name, "the file must be its owner's alone: chmod 600")
            return file.read().decode("utf-8").splitlines()
    except UnicodeDecodeError:
        raise Misconfigured("canaries-unreadable", path.name, "not UTF-8") from None
    except OSError:
        raise Misconfigured("canaries-unreadable", path.name, "the file must exist and be readable") from None


def _plain(value: str) -> Iterator[bytes]:
    """As text formats write it, in lower case: a byte's case is its letter's in all of these."""
    written = {value, value.lower(), value.upper()}
    for form in written | set(_escaped(written)):
        for encoding in ("utf-8", "latin-1", "utf-16-le", "utf-16-be"):
            with suppress(UnicodeEncodeError):  # what an encoding has no letters for does not stand there
                yield form.encode(encoding).lower()


def _escaped(values: Iterable[str]) -> Iterator[str]:
    for value in values:
        for escape in _ESCAPES:
            with suppress(UnicodeEncodeError):
                yield escape(value)


def _json(value: str) -> str:
    return json.dumps(value)[1:-1]


def _xml(value: str) -> str:
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _hl7(value: str) -> str:
    return "".join(_HL7.get(sign, sign) for sign in value)


def _named(value: str) -> str:
    return "".join(f"&{codepoint2name[ord(sign)]};" if ord(sign) in codepoint2name else sign for sign in value)


def _numbered(value: str) -> str:
    return "".join(sign if sign.isascii() else f"&#{ord(sign)};" for sign in _xml(value))


def _hexadecimal(value: str) -> str:
    return "".join(sign if sign.isascii() else f"&#x{ord(sign):x};" for sign in _xml(value))


def _rtf(value: str) -> str:
    return "".join(sign if sign.isascii() else f"\\'{sign.encode('cp1252').hex()}" for sign in value)


def _rtf_unicode(value: str) -> str:
    return "".join(sign if sign.isascii() else f"\\u{ord(sign)}?" for sign in value)


def _rtf_both(value: str) -> str:
    return "".join(
        sign if sign.isascii() else f"\\u{ord(sign)}\\'{sign.encode('cp1252', 'replace').hex()}" for sign in value
    )


_HL7 = {"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\"}
_ESCAPES = (_json, _xml, _hl7, _named, _numbered, _hexadecimal, _rtf, _rtf_unicode, _rtf_both)


def _base64(value: str) -> Iterator[bytes]:
    """Inside of an encoded document it may begin at each of three places; what its neighbours decide is left out."""
    for lead in range(3):
        encoded = base64.b64encode(b"\0" * lead + value.encode())
        first = (lead * 8 + 5) // 6
        whole = (lead + len(value.encode())) * 8 // 6
        yield encoded[first:whole]
