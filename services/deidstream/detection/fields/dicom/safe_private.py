"""Private attributes that are known to be safe (PS3.15, E.3.10, table E.3.10-1): measurements of the machine alone.

The creator of the block and the low byte of the element number name one, whichever block it stands in (PS3.5, 7.8.1).
"""

from __future__ import annotations

__all__ = ["SAFE"]

SAFE: dict[tuple[int, str], frozenset[int]] = {
    (0x7053, "Philips PET Private Group"): frozenset({0x00, 0x09}),
    (0x00E1, "ELSCINT1"): frozenset({0x21}),
    (0x01E1, "ELSCINT1"): frozenset({0x26, 0x50}),
    (0x01F1, "ELSCINT1"): frozenset({0x01, 0x07, 0x26, 0x27}),
    (0x0019, "GEMS_ACQU_01"): frozenset({0x23, 0x24, 0x27, 0x9E}),
    (0x0043, "GEMS_PARM_01"): frozenset({0x27, 0x39, 0x6F}),
    (0x0045, "GEMS_HELIOS_01"): frozenset({0x01, 0x02}),
    (0x0019, "SIEMENS MR HEADER"): frozenset({0x0C, 0x0D, 0x0E, 0x27}),
    (0x2001, "Philips Imaging DD 001"): frozenset({0x03, 0x04}),
    (0x2005, "Philips MR Imaging DD 001"): frozenset({0xB0, 0xB1, 0xB2}),
}
"""Group and private creator to the low bytes of its safe elements."""
