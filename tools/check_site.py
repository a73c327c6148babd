"""Nothing in the built docs site is fetched from elsewhere: ``python tools/check_site.py .docs/site``; exit code 1 names the page.

Links that a reader may follow are another matter; what a browser loads by itself is looked at: scripts, styles, pictures, frames.
"""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from pathlib import Path

__all__ = ["loads", "loads_of_style"]

_LOADED = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "object": "data",
    "embed": "src",
    "video": "src",
    "audio": "src",
}
_RELATIONS = {"stylesheet", "icon", "preload", "prefetch", "preconnect", "dns-prefetch", "modulepreload", "manifest"}
_FOREIGN = re.compile(r"^(?:https?:)?//")


class _Loads(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "link" and set(given.get("rel", "").split()) & _RELATIONS:
            self.found.append(given.get("href", ""))
        elif tag in _LOADED and given.get(_LOADED[tag]):
            self.found.append(given[_LOADED[tag]])
        if "srcset" in given:
            self.found += [one.split()[0] for one in given["srcset"].split(",") if one.split()]


def loads(html: str) -> list[str]:
    """What a browser would fetch from another host for this page."""
    parser = _Loads()
    parser.feed(html)
    return [one for one in parser.found if _FOREIGN.match(one)]


def loads_of_style(css: str) -> list[str]:
    """The same of a style sheet."""
    return [one for one in re.findall(r"(?:url\(|@import\s+)[\"']?([^\"')\s;]+)", css) if _FOREIGN.match(one)]


def main(site: str) -> int:
    """Looks at every page and style sheet."""
    found = [(file, one) for file in sorted(Path(site).rglob("*.html")) for one in loads(file.read_text("utf-8"))]
    found += [
        (file, one) for file in sorted(Path(site).rglob("*.css")) for one in loads_of_style(file.read_text("utf-8"))
    ]
    for file, one in found:
        sys.stdout.write(f"{file}: is loaded from elsewhere: {one}\n")
    count = len(list(Path(site).rglob("*.html")))
    sys.stdout.write(f"docs: {count} pages, {len(found)} loads from elsewhere\n")
    return 1 if found or not count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
