"""How much of one PDF is read at most: what is larger is refused, not read in part."""

from __future__ import annotations

__all__ = ["MOST_CHARACTERS", "MOST_PAGES", "MOST_PIXELS"]

MOST_PAGES = 500
MOST_CHARACTERS = 200_000
"""Of one page."""
MOST_PIXELS = 40_000_000
"""Of one page as a picture."""
