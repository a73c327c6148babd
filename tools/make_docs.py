"""Puts the pages of the docs site together in a folder that MkDocs builds from.

``python tools/make_docs.py .docs/source``: what people wrote under docs/, the architecture and the changelog, and the reference,
made from the code. A link that leaves docs/ for a file of the repository becomes that file's name: the site stands alone.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path

from reference import pages

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
BESIDE = {"ARCHITECTURE.md": "developers/architecture.md", "CHANGELOG.md": "developers/changelog.md"}
"""Pages of the repository's root, and where they lie in the site."""
_LINK = re.compile(r"\[([^\]]+)\]\((?!https?:|#)([^)#\s]+)(#[^)\s]*)?\)")
_CARRIED = (".md", ".svg", ".css")


def main() -> None:
    """Makes the folder anew."""
    out = Path(sys.argv[1])
    shutil.rmtree(out, ignore_errors=True)
    written = {file.relative_to(DOCS).as_posix(): file for file in sorted(DOCS.rglob("*")) if file.suffix in _CARRIED}
    written |= {place: ROOT / name for name, place in BESIDE.items()}
    made = {f"reference/{name}": text for name, text in pages().items()}
    for place, file in written.items():
        target = out / place
        target.parent.mkdir(parents=True, exist_ok=True)
        if file.suffix == ".md":
            target.write_text(_moved(file, place, set(made)), encoding="utf-8")
        else:
            shutil.copy(file, target)
    for place, text in made.items():
        (out / place).parent.mkdir(parents=True, exist_ok=True)
        (out / place).write_text(text, encoding="utf-8")


def _moved(file: Path, place: str, made: set[str]) -> str:
    """Its text with every link as it holds at ``place``; of what has no place in the site, the name alone."""

    def linked(found: re.Match[str]) -> str:
        text, path, anchor = found[1], found[2], found[3] or ""
        wanted = Path(os.path.normpath(file.parent / path))
        name = wanted.relative_to(ROOT).as_posix()
        inside = BESIDE.get(name) or (name.removeprefix("docs/") if name.startswith("docs/") else "")
        if not wanted.exists() and inside not in made:
            raise SystemExit(f"{file.relative_to(ROOT)}: there is no {path}")
        return f"[{text}]({os.path.relpath(inside, Path(place).parent)}{anchor})" if inside else f"`{name}`"

    return _LINK.sub(linked, file.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
