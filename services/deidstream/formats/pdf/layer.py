"""The invisible text of a page: what people search and copy, where they see it.

One font for all scripts, without glyphs: two bytes a character, UTF-16 code units, which /ToUnicode gives back as they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from unicodedata import bidirectional

from deidstream.core.page import Run
from deidstream.formats.pdf.box import SCALE

if TYPE_CHECKING:  # loaded where the first PDF is written
    import pikepdf

__all__ = ["FONT", "content", "font"]

FONT = "/F1"
_WIDTH = 500
"""Of every character, in thousandths of the font's size."""
_TO_UNICODE = b"""/CIDInit /ProcSet findresource begin 12 dict begin begincmap
/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def
/CMapName /Adobe-Identity-UCS def /CMapType 2 def
1 begincodespacerange <0000> <FFFF> endcodespacerange
%d beginbfrange
%s
endbfrange endcmap CMapName currentdict /CMap defineresource pop end end"""


def _as_seen(text: str) -> str:
    """From left to right, as readers expect what is drawn: they turn Hebrew and Arabic round again."""
    turned = any(bidirectional(character) in ("R", "AL") for character in text)
    return text[::-1] if turned else text


def font(out: pikepdf.Pdf) -> pikepdf.Object:
    """The font, as an object of ``out`` (ISO 32000-1, 9.7)."""
    from pikepdf import Array, Dictionary, Name, String

    ranges = [b"<%02X00> <%02XFF> <%02X00>" % (high, high, high) for high in range(256)]
    rows = b"\n".join(b"%s" % row for row in ranges[:100])
    maps = _TO_UNICODE % (100, rows)
    for start in (100, 200):
        rest = ranges[start : start + 100]
        block = b"%d beginbfrange\n%s\nendbfrange " % (len(rest), b"\n".join(rest))
        maps = maps.replace(b"endcmap", block + b"endcmap")
    descriptor = Dictionary(
        Type=Name.FontDescriptor,
        FontName=Name("/Invisible"),
        Flags=4,
        FontBBox=Array([0, -200, _WIDTH, 800]),
        ItalicAngle=0,
        Ascent=800,
        Descent=-200,
        CapHeight=800,
        StemV=80,
    )
    descendant = Dictionary(
        Type=Name.Font,
        Subtype=Name.CIDFontType2,
        BaseFont=Name("/Invisible"),
        CIDSystemInfo=Dictionary(Registry=String("Adobe"), Ordering=String("Identity"), Supplement=0),
        FontDescriptor=out.make_indirect(descriptor),
        DW=_WIDTH,
    )
    return out.make_indirect(
        Dictionary(
            Type=Name.Font,
            Subtype=Name.Type0,
            BaseFont=Name("/Invisible"),
            Encoding=Name("/Identity-H"),
            DescendantFonts=Array([out.make_indirect(descendant)]),
            ToUnicode=out.make_stream(maps),
        )
    )


def content(runs: Iterable[Run], height: float) -> bytes:
    """Operators that put the text of ``runs`` on a page ``height`` points high (ISO 32000-1, 9.4), as wide as their boxes."""
    lines = [b"BT 3 Tr"]
    for run in runs:
        units, blank = _as_seen(run.text).encode("utf-16-be"), " ".encode("utf-16-be")  # boxes may touch, words may not
        across, up = (run.box.right - run.box.left) / SCALE, (run.box.bottom - run.box.top) / SCALE
        size = max(up, 1.0)
        stretch = max(across, 1.0) / (len(units + blank) / 2 * size * _WIDTH / 1000) * 100
        left, bottom = run.box.left / SCALE, height - run.box.bottom / SCALE
        lines.append(
            f"{FONT} {size:.2f} Tf {stretch:.1f} Tz 1 0 0 1 {left:.2f} {bottom:.2f} Tm <{(units + blank).hex()}> Tj".encode()
        )
    return b"\n".join([*lines, b"ET\n"])
