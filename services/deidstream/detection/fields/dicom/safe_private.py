"""Private attributes that are known to be safe (PS3.15, E.3.10, table E.3.10-1): measurements of the machine alone.

The creator of the block and the low byte of the element number name one, whichever block it stands in (PS3.5, 7.8.1). Here is
what two independent transcripts of the table agree on (SOURCES.md), less texts: nobody reads what stands in them.
"""

from __future__ import annotations

__all__ = ["SAFE"]

SAFE: dict[tuple[int, str], dict[int, str]] = {
    (0x7053, "Philips PET Private Group"): {0x00: "DS", 0x09: "DS"},
    (0x00E1, "ELSCINT1"): {0x21: "DS"},
    (0x01F1, "ELSCINT1"): {0x07: "DS", 0x27: "DS"},
    (0x0019, "GEMS_ACQU_01"): {0x23: "DS", 0x24: "DS", 0x27: "DS"},
    (0x0043, "GEMS_PARM_01"): {0x6F: "DS"},
    (0x0045, "GEMS_HELIOS_01"): {0x01: "SS", 0x02: "FL"},
}
"""Group and private creator to the low bytes of its safe elements, each with the VR in which alone it is safe."""
