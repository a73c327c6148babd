"""Which character set a message is in: HL7 table 0211 to Python codecs.

A charset is *transparent* when no byte of a character other than the delimiter itself can look like a delimiter (ASCII, ISO
8859, UTF-8, KS X 1001): such a message is cut byte by byte. The others (GB 18030, Big5, Shift JIS, ISO 2022, UTF-16, UTF-32)
are decoded first. ISO 2022 also *shifts*: what a byte means depends on what stands before it.
"""

from __future__ import annotations

import codecs
from functools import lru_cache

__all__ = ["SHIFTING", "TABLE_0211", "decide", "is_transparent", "wide"]

TABLE_0211 = {
    "ASCII": "ascii",
    "ISO IR6": "ascii",
    "8859/1": "latin-1",
    **{f"8859/{part}": f"iso8859-{part}" for part in (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16)},
    "ISO IR14": "iso2022_jp_ext",
    "ISO IR87": "iso2022_jp_ext",
    "ISO IR159": "iso2022_jp_ext",
    "GB 18030-2000": "gb18030",
    "KS X 1001": "euc_kr",
    "BIG-5": "big5hkscs",
    "UNICODE": "utf-8",
    "UNICODE UTF-8": "utf-8",
    "UNICODE UTF-16": "utf-16",
    "UNICODE UTF-32": "utf-32",
}
SHIFTING = frozenset({"iso2022_jp_ext", "iso2022_jp", "iso2022_jp_2", "iso2022_kr"})
_TRANSPARENT = frozenset({"ascii", "utf-8", "euc_kr", "mixed"})
_WIDE_MARKS = (
    (b"\xff\xfe\0\0", "utf-32-le"),
    (b"\0\0\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
    (b"M\0S\0H\0", "utf-16-le"),
    (b"\0M\0S\0H", "utf-16-be"),
)


def wide(source: bytes) -> str:
    """UTF-16 or UTF-32 where the first bytes show it, else ''."""
    return next((name for mark, name in _WIDE_MARKS if source.startswith(mark)), "")


def decide(source: bytes, stated: str, default: str) -> str:
    """The codec of ``source``, which is neither UTF-16 nor UTF-32. ``stated``: MSH-18, repetitions separated by ``~``.

    What MSH-18 states, where the bytes agree; else UTF-8 where they are that; else ``default``; else ``mixed``: value by value
    UTF-8 or Latin-1, so that no byte is lost.
    """
    names = [_codec(name) for name in stated.split("~")] if stated else []
    shifting = next((name for name in names if name in SHIFTING), "")
    if source.isascii() and not (shifting and b"\x1b" in source):
        return names[0] if names and names[0] in _NAMED_ASCII else "ascii"
    for name in (shifting, *names, "utf-8", _codec(default)):
        if name and name != "ascii" and _decodes(source, name):
            return name
    return "mixed"


def is_transparent(name: str) -> bool:
    """Whether ``name`` may be cut byte by byte."""
    return name in _TRANSPARENT or name == "latin-1" or name.startswith(("iso8859", "cp125"))


# where an all-ASCII message states one of these, replacements may use its characters
_NAMED_ASCII = frozenset({"utf-8", "latin-1", "euc_kr", *(f"iso8859-{part}" for part in range(2, 17))})


@lru_cache(maxsize=64)
def _codec(name: str) -> str:
    known = TABLE_0211.get(name.strip().upper())
    if known:
        return known
    spelled = name.strip().replace("UNICODE ", "").replace("/", "-")
    if spelled.startswith("8859"):
        spelled = "iso-" + spelled
    try:
        return codecs.lookup(spelled).name if spelled else ""
    except (LookupError, ValueError):
        return ""


def _decodes(source: bytes, name: str) -> bool:
    try:
        return source.decode(name).encode(name) == source
    except (UnicodeError, LookupError, TypeError, AssertionError):
        return False
