"""The cyclic garbage collector, told what this program is like.

A batch holds hundreds of thousands of small tuples (leaves, facts, findings, decisions) that form no cycles: reference counting
frees them. A collector that looks through them again and again costs a third of the processor time of a chain (measured over the
HL7 corpus). It stays on, for the cycles that libraries make, and looks more rarely; what start-up made it never looks at again.
"""

from __future__ import annotations

import gc

__all__ = ["settle"]

_THRESHOLDS = (100_000, 50, 100)


def settle() -> None:
    """Call once, when stages are built and before the loop turns."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
