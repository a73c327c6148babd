"""Surrogates for numbers: the same shape, the same check digit scheme, and never the same for two originals.

One permutation a project serves all identifiers, and depends on nothing but the value, so that a record number reads the same in
PID-3, a FHIR identifier, a reference and a text. Digits stay digits and letters letters, each in its case; separators,
leading zeros and known prefixes (``MRN-``) stay. What a value is (a UUID, a number with a check digit, plain) is computed from
the value alone, and images are walked on until they are of the same kind: injective by construction.

So a surrogate of a US social security number may be a number that was issued to somebody else: of the 10^9 numbers of that shape
the SSA never issues 111 million (areas 000, 666 and 900 to 999, group 00, serial 0000; 20 CFR 422.103), too few for the other
889 million to go to without two meeting. It says nothing about either person. Who may not accept that redacts ``national_id``.
"""

from __future__ import annotations

import re
from base64 import b32encode
from collections.abc import Iterator
from functools import lru_cache
from string import ascii_letters, ascii_uppercase, digits

from deidstream.core.surrogate.ff1 import BlockCipher
from deidstream.core.surrogate.permutation import Permutations
from deidstream.core.surrogate.prf import Prf
from deidstream.core.surrogate.schemes import scheme_of

__all__ = ["OID", "Identifiers"]

_PATTERN = str.maketrans({**dict.fromkeys(digits, "0"), **dict.fromkeys(ascii_uppercase, "A")})
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
OID = re.compile(r"[0-2](?:\.(?:0|[1-9][0-9]*)){3,}|2\.25\.[1-9][0-9]{9,38}", re.ASCII)
"""Object identifiers, UIDs of DICOM (PS3.5, 9.1) among them: each is mapped to one below ``2.25``."""
_URN = re.compile(r"urn:(?:uuid|oid):", re.IGNORECASE)
_PREFIX = re.compile(r"([a-z]{1,8})[^a-z]", re.ASCII | re.IGNORECASE)
_PREFIXES = frozenset(
    "mrn pat patient pid pt acc accn acct account visit vn vis enc encounter ssn hosp hospital case id nhs npi spec specimen "  # noqa: SIM905
    "order ord ref rec record mpi emr ehr lab fin csn req doc rx sub subj policy member grp group".split()
)


class Identifiers:
    """The permutation of one project. ``surrogate`` is cached; it maps '' and values without letters or digits to themselves."""

    def __init__(self, block: BlockCipher, prf: Prf, cached: int = 4096) -> None:
        self._permutations = Permutations(block, prf, "id")
        self._prf = prf
        self.surrogate = lru_cache(maxsize=cached)(self._surrogate)

    def _surrogate(self, value: str) -> str:
        urn = _URN.match(value)
        if urn:
            return urn[0] + self.surrogate(value[urn.end() :])
        if not value.isascii() and any(character > "\x7f" and character.isalnum() for character in value):
            return self._opaque(value)
        if _UUID.fullmatch(value):
            return self._uuid(value)
        if OID.fullmatch(value):
            return f"2.25.{self._uuid_number(value)}"
        return self._shaped(value)

    def _opaque(self, value: str) -> str:
        """Letters outside of ASCII have no fixed alphabet to permute: 80 pseudo-random bits, collisions out of reach."""
        return b32encode(self._prf.digest("opaque", value)[:10]).decode()

    def _uuid_number(self, value: str) -> int:
        """The 128 bits of a version 4 UUID (RFC 9562, 5.4)."""
        number = self._prf.number("oid", value)
        return (number & ~(0xF << 76) & ~(0x3 << 62)) | 0x4 << 76 | 0x2 << 62

    def _uuid(self, value: str) -> str:
        """Version and variant stay; the other 120 bits are permuted."""
        text = value.replace("-", "")
        free = text[:12] + text[13:16] + text[17:]
        image = f"{next(self._permutations.walk(int(free, 16), 1 << 120)):030x}"
        made = image[:12] + text[12] + image[12:15] + text[16] + image[15:]
        made = f"{made[:8]}-{made[8:12]}-{made[12:16]}-{made[16:20]}-{made[20:]}"
        return made.upper() if value != value.lower() else made.lower()

    def _shaped(self, value: str) -> str:
        head = _literal(value)
        core = "".join(filter(str.isalnum, value[head:])).upper()
        if not core:
            return value
        pattern = core.translate(_PATTERN)
        checked = scheme_of(core, pattern)
        scheme = checked[0] if checked else None
        images: Iterator[str | None] = _images(self._permutations, core, pattern)
        if checked:
            images = map(checked[0].unrank, self._permutations.walk(checked[1], checked[0].size))
        for image in images:
            if image is None or (image[0] == "0") != (core[0] == "0"):
                continue
            found = scheme_of(image, pattern)
            if (found[0] if found else None) is not scheme:
                continue
            made = _refilled(value, head, image)
            if _literal(made) == head and not _UUID.fullmatch(made):
                return made
        return value


def _images(permutations: Permutations, core: str, pattern: str) -> Iterator[str]:
    """Values of the same pattern in secret order after ``core``; leading zeros stay, the first other digit stays non-zero."""
    zeros = len(core) - len(core.lstrip("0"))
    body = core[zeros:]
    if not body:
        return
    if body.isdigit():
        low = 10 ** (len(body) - 1)
        for image in permutations.walk(int(body) - low, 9 * low):
            yield core[:zeros] + str(image + low)
        return
    bases = [10 if kind == "0" else 26 for kind in pattern[zeros:]]
    first = 1 if body[0].isdigit() else 0
    bases[0] -= first
    size, rank = 1, 0
    for place, (character, base) in enumerate(zip(body, bases, strict=True)):
        digit = int(character) if character.isdigit() else ord(character) - 65
        rank = rank * base + digit - (first if place == 0 else 0)
        size *= base
    for image in permutations.walk(rank, size):
        yield core[:zeros] + _written(image, bases, pattern[zeros:], first)


def _written(rank: int, bases: list[int], pattern: str, first: int) -> str:
    tokens = []
    for place in range(len(bases) - 1, -1, -1):
        rank, digit = divmod(rank, bases[place])
        digit += first if place == 0 else 0
        tokens.append(str(digit) if pattern[place] == "0" else ascii_uppercase[digit])
    return "".join(reversed(tokens))


def _literal(value: str) -> int:
    """How many characters in front are a known prefix, not part of the number."""
    match = _PREFIX.match(value)
    return match.end(1) if match and match[1].lower() in _PREFIXES else 0


def _refilled(value: str, head: int, image: str) -> str:
    """``image`` in the places of the letters and digits of ``value``, in their case."""
    fill = iter(image)
    made = [value[:head]]
    for character in value[head:]:
        if character in ascii_letters or character in digits:
            new = next(fill)
            made.append(new.lower() if character.islower() else new)
        else:
            made.append(character)
    return "".join(made)
