"""Real samples, damaged: what the fuzz tests feed to parsers and to the whole pipeline."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

from hypothesis import strategies as st

__all__ = ["FORMATS", "damaged", "raw", "samples"]

_DATA = Path(__file__).parents[1] / "data"
_LARGEST = 9_000

_RTF = (
    rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset204 Cyr;}}{\info{\author J\'f6hn Roe}}"
    rb"{\header MRN 7712345}\f0 Seen \b J\'f6hn\b0  Roe on 03/02/2026.\par DOB 2.3.1950\tab Tel. (555) 010-2345"
    rb"{\field{\*\fldinst HYPERLINK mailto:a@b.example}{\fldrslt mail}}{\pict\wmetafile8 0102ab}\u8364?}"
)
_HTML = (
    "<html><head><title>Roe</title></head><body onload='x'><p>Dear <b>Mrs</b> Röe &amp; family,</p><br>"
    "<!-- MRN 7712345 --><table><tr><td>DOB<td>03/02/1950</table><a href='mailto:a@b.example'>mail</a></body></html>"
).encode()
_TEXT = (
    "Patient: Jöhn Röe, MRN 7712345, born 02/03/1950.\n\nSehr geehrte Frau Dr. Winterbourne, am 3. März 2026 …\n"
    "Tel. (555) 010-2345, 12 Elm Street, Boston MA 02115. E-mail: a.b@c.example\n\tHb 13.9 g/dL\n"
).encode()

_TOKENS: tuple[bytes, ...] = (
    b"", b"\0", b"\r", b"\n", b"\x0b", b"\x1c", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf0\x9f\x98\x80", b"\xef\xbb\xbf",
    b"|", b"^", b"~", b"&", b"\\", b"\\F\\", b"\\X00ff\\", b"\\X4\\", b"\\.br\\", b"\\Zfoo", b"\"\"", b"MSH|^~\\&|", b"\rZZZ|1|x\r",
    b"{", b"}", b"[", b"]", b"\"", b":", b",", b"null", b"true", b"-0", b"1e999", b"\\u0000", b"\\ud800", b"{\"a\":1,\"a\":2}",
    b"<", b">", b"&#0;", b"&amp;", b"&x;", b"<![CDATA[", b"]]>", b"<!--", b"-->", b"<?x?>", b"<!DOCTYPE a [", b"</div>", b"<div>",
    b"\\par", b"\\'", b"\\'zz", b"\\u99999999?", b"\\bin9 ", b"{\\*\\", b"\\uc99 ",
    b"0" * 40, b"9999-99-99", b"20260231", b"Smith", "Ελένη\u0301".encode(), "\u202e\u200b".encode(), b" " * 300, b"A" * 500,
)  # fmt: skip

FORMATS = ("hl7v2", "fhir", "cda", "text", "rtf", "html")


@cache
def samples(format_: str) -> tuple[bytes, ...]:
    """Small real messages of one format."""
    match format_:
        case "hl7v2":
            lines = (_DATA / "hl7v2" / "corpus.jsonl").read_text("utf-8").splitlines()
            found = [json.loads(line)["message"].encode() for line in lines]
        case "fhir":
            found = [path.read_bytes() for path in sorted((_DATA / "fhir").glob("*.json"))]
        case "cda":
            found = [path.read_bytes() for path in sorted((_DATA / "cda").glob("*.xml"))]
        case "rtf":
            found = [_RTF]
        case "html":
            found = [_HTML]
        case _:
            found = [_TEXT]
    return tuple(one for one in found if len(one) <= _LARGEST)


@st.composite
def damaged(draw: Callable[..., object], format_: str) -> bytes:
    """A sample after up to five accidents: cut, doubled, moved, overwritten, with a piece of another."""
    pool = samples(format_)
    source = pool[draw(st.integers(0, len(pool) - 1))]  # type: ignore[call-overload]  # draw gives object
    for _ in range(draw(st.integers(0, 5))):  # type: ignore[call-overload]  # as above
        source = _accident(draw, source, pool)
    return source


def raw() -> st.SearchStrategy[bytes]:
    """Bytes that never were a message, of the tokens that formats care about."""
    return st.one_of(st.binary(max_size=200), st.lists(st.sampled_from(_TOKENS), max_size=25).map(b"".join))


def _accident(draw: Callable[..., object], source: bytes, pool: tuple[bytes, ...]) -> bytes:
    at = draw(st.integers(0, len(source)))
    length = draw(st.one_of(st.integers(0, 4), st.integers(0, 200)))
    assert isinstance(at, int)
    assert isinstance(length, int)
    match draw(st.sampled_from(("cut", "truncate", "insert", "overwrite", "double", "move", "other"))):
        case "cut":
            return source[:at] + source[at + length :]
        case "truncate":
            return source[:at]
        case "insert":
            return source[:at] + _token(draw) + source[at:]
        case "overwrite":
            return source[:at] + _token(draw) + source[at + length :]
        case "double":
            return source[: at + length] + source[at:]
        case "move":
            return source[:at] + source[at + length :] + source[at : at + length]
    other = pool[-1 - at % len(pool)]
    return source[:at] + other[at % (len(other) + 1) :]


def _token(draw: Callable[..., object]) -> bytes:
    token = draw(st.one_of(st.sampled_from(_TOKENS), st.binary(max_size=8)))
    assert isinstance(token, bytes)
    return token
