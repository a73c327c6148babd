"""Private attributes that are known to be safe (PS3.15, E.3.10, table E.3.10-1): measurements of the machine alone.

The creator of the block and the low byte of the element number name one, whichever block it stands in (PS3.5, 7.8.1). Here are
those of edition 2025b of which pydicom's dictionary knows that they are numbers (SOURCES.md): nobody reads what stands in texts.
"""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["EDITION", "SAFE"]

EDITION = "2025b, numbers alone"
_TABLE = """
7053 | Philips PET Private Group | DS | 00 09
00E1 | ELSCINT1 | DS | 21 50
01F1 | ELSCINT1 | DS | 07 26 27
0019 | GEMS_ACQU_01 | DS | 23 24 27
0043 | GEMS_PARM_01 | DS | 6F
0043 | GEMS_PARM_01 | IS | 39
0045 | GEMS_HELIOS_01 | FL | 02
0045 | GEMS_HELIOS_01 | SS | 01
0025 | GEMS_SERS_01 | SL | 07
0903 | GEIIS PACS | US | 10 11 12
2001 | Philips Imaging DD 001 | DS | 23 74 75 83 84 85 88 89 8A
2001 | Philips Imaging DD 001 | FD | 4F
2001 | Philips Imaging DD 001 | FL | 01 03 09 11 1A 1B 22 28 29 2C 2F 32 39 47 7A F1 F2
2001 | Philips Imaging DD 001 | IS | 02 08 0A 1D 7B 81 82 86
2001 | Philips Imaging DD 001 | SL | 13 14 17 18 60
2001 | Philips Imaging DD 001 | SS | 05 0F 15 16 2D 35 48
2001 | Philips Imaging DD 001 | UL | 30 3D 76 9B A3 A4 A5
2001 | Philips Imaging DD 001 | US | 31 7E 7F 9F A2
2001 | Philips Imaging DD 002 | FD | 02 14 15 16 17 19 1A 1B 1C 1D 1E 1F 20 21 22 23 24 25 26 27 2C 2D 35 36 37
2001 | Philips Imaging DD 002 | SS | 13 2B 2E 2F 30 31 32 33 34 3E 3F 40
2001 | Philips Imaging DD 002 | US | 01 28 29 2A
2005 | Philips MR Imaging DD 001 | FL | 0D 0E
0019 | SIEMENS MR HEADER | FD | 0E 27
0019 | SIEMENS MR HEADER | IS | 0C
"""
"""Group, private creator, VR, low bytes of the element numbers."""


def _rows() -> Iterator[tuple[tuple[int, str], int, str]]:
    for line in _TABLE.split("\n"):
        if line:
            group, creator, vr, numbers = line.split(" | ")
            for number in numbers.split():
                yield (int(group, 16), creator), int(number, 16), vr


def _read() -> dict[tuple[int, str], dict[int, str]]:
    found: dict[tuple[int, str], dict[int, str]] = {}
    for block, number, vr in _rows():
        found.setdefault(block, {})[number] = vr
    return found


SAFE = _read()
"""Group and private creator to the low bytes of its safe elements, each with the VR in which alone it is safe."""
