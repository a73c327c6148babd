"""Pages as sequences of fenced blocks, and what may be in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

__all__ = ["DOCS", "ROOT", "Block", "blocks_of", "inline_commands", "pages"]

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
_FENCE = re.compile(r"^(?P<indent> *)```(?P<info>[^\n`]*)\n(?P<text>.*?)^(?P=indent)```[ ]*$", re.MULTILINE | re.DOTALL)
_TITLE = re.compile(r'title="([^"]+)"')
_INLINE = re.compile(r"`(deidstream [a-z][^`]*)`")


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block. ``title`` names the file that it is; '' for one that is none."""

    page: str
    line: int
    language: str
    title: str
    text: str

    @property
    def place(self) -> str:
        """For messages."""
        return f"{self.page}:{self.line}"

    @property
    def commands(self) -> list[str]:
        """Its lines without comments, continued ones as one."""
        joined = re.sub(r"\\\n\s*", "", self.text)
        return [line.strip() for line in joined.splitlines() if line.strip() and not line.strip().startswith("#")]


def pages() -> list[Path]:
    """README and every page under docs/."""
    return [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]


def blocks_of(page: Path) -> list[Block]:
    """In the order in which people meet them."""
    text, name = page.read_text(encoding="utf-8"), page.relative_to(ROOT).as_posix()
    found = []
    for fence in _FENCE.finditer(text):
        language, _, rest = fence["info"].strip().partition(" ")
        title = _TITLE.search(rest)
        line = text.count("\n", 0, fence.start()) + 1
        found.append(Block(name, line, language, title[1] if title else "", dedent(fence["text"])))
    return found


def inline_commands(page: Path) -> set[str]:
    """Commands that stand in the prose and in tables."""
    return set(_INLINE.findall(_FENCE.sub("", page.read_text(encoding="utf-8"))))
