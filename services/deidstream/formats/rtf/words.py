"""What the control words of RTF say: which begin a text, which begin what is no text, and which go."""

from __future__ import annotations

__all__ = [
    "BREAKS",
    "CODE_PAGES",
    "DATES",
    "DESTINATIONS",
    "FAMILIES",
    "FONT_CHARSETS",
    "INHERITING",
    "LABELS",
    "PICTURE",
    "PROPERTY",
    "SETTINGS",
    "UNSEEN",
    "VALUE",
    "WORDLESS",
]

PICTURE = "picture"
"""Type of a leaf that holds a picture or an object, in hexadecimal or binary: it is not understood."""
UNSEEN = "unseen"
"""Type of a leaf that nobody who reads the text sees: who wrote it and when, data of programs. It always goes."""
WORDLESS = "wordless"
"""Destination in which numbers may stand; words there are ``UNSEEN``."""
PROPERTY, VALUE = "sn", "sv"
"""Name and value of a property of a shape."""

BREAKS = dict.fromkeys(("par", "line", "row", "nestrow", "sect", "page", "column", "softline"), "\n") | {
    "tab": "\t",
    "cell": "\t",
    "nestcell": "\t",
}
FAMILIES = {"ansi": "cp1252", "mac": "mac_roman", "pc": "cp437", "pca": "cp850"}
SETTINGS = frozenset({"uc", "f", "fcharset", "plain", "ansicpg", *FAMILIES})
FONT_CHARSETS = {
    0: "cp1252",
    2: "cp1252",
    77: "mac_roman",
    128: "cp932",
    129: "cp949",
    134: "cp936",
    136: "cp950",
    161: "cp1253",
    162: "cp1254",
    163: "cp1258",
    177: "cp1255",
    178: "cp1256",
    186: "cp1257",
    204: "cp1251",
    222: "cp874",
    238: "cp1250",
}
CODE_PAGES = {number: f"cp{number}" for number in (437, 850, 852, 866, 874, 932, 936, 949, 950, *range(1250, 1259))} | {
    65001: "utf-8",
    10000: "mac_roman",
}
DATES = frozenset({"revdttm", "revdttmdel", "crdate", "pnrdate", "srdate", "dfrdate", "trdate"})
"""Control words whose number is the moment of a change."""
LABELS = ("listname", "leveltext")
"""Texts of lists, mostly signs alone: those are not read."""
INHERITING = frozenset(["cs", "ds", "ts", "ud", "moMath", "moMathPara", "moMathParaPr"])
"""Ignorable ones whose text belongs to what is around them: styles, the Unicode of a text, formulas."""
_SILENT = "fonttbl themedata colorschememapping latentstyles lsdlockedexcept generator panose falt wgrffmtfilter"
_WORDLESS = (
    "colortbl expandedcolortbl listtable listoverridetable rsidtbl pgptbl mmathPr listpicture pn pnseclvl blipplain defchp "
    "defpap shpinst shppict picprop background nesttableprops atnref atrfstart atrfend"
)
_SPOKEN = (
    "header headerl headerr headerf footer footerl footerr footerf footnote annotation fldinst bkmkstart bkmkend shptxt xe tc "
    "docvar txe rxe formfield ffname ffdeftext ffhelptext ffstattext ffl ffformat ffentrymcr ffexitmcr stylesheet listname "
    "liststylename leveltext pntxta pntxtb ftnsep ftnsepc ftncn aftnsep aftnsepc aftncn pgdsctbl hl hlloc hlsrc hlfr htmltag do"
)
_UNSEEN = (
    "info title subject author manager company operator category keywords comment doccomm hlinkbase userprops propname "
    "staticval linkval creatim revtim printim buptim revtbl filetbl datastore atnid atnauthor atndate template private fontfile "
    "xmlnstbl blipuid"
)
DESTINATIONS = (
    dict.fromkeys(_SILENT.split(), "")  # tables of the writer's program, no words of the author's
    | dict.fromkeys(_WORDLESS.split(), WORDLESS)
    | dict.fromkeys(_UNSEEN.split(), UNSEEN)
    | {name: name for name in (*_SPOKEN.split(), PROPERTY, VALUE)}
    | dict.fromkeys(("pict", "objdata", "result.pict", "objclass"), PICTURE)
)
"""By control word. An ignorable one that is not here, nor inherits, is unseen."""
