"""``clean --preview``: one page with each picture before and after, the rectangles that were covered, and why. Identified data."""

from __future__ import annotations

import base64
import html
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from deidstream.core.case import Case
from deidstream.core.decision import Decision, Method
from deidstream.core.region import Region
from deidstream.ports import Pictures

__all__ = ["PREVIEW", "Sheet", "page"]

PREVIEW = ".preview.html"
"""Hidden, so that what is cleaned and sent on does not take it along."""

_PAGE = re.compile(r"page\[(\d+)\](?:\.picture\[(\d+)\])?")
_MOST = 6
"""Frames of one file that are shown: those in which most is covered."""
_OVER = "OverlayData"
"""What lies over frames is not shown."""
_UNSEEN = "unseen"
_GONE = "<p>What no page shows (metadata, attachments, scripts, earlier revisions) is not in the result.</p>"
_COLUMNS = "<tr><th>box</th><th>what</th><th>done</th><th>found by</th><th>rule</th></tr>"
_LABEL = 60
"""Of the width of a picture one: how high the numbers of boxes are, so that they can be read however large it is."""
_HEAD = """<!doctype html><meta charset="utf-8"><title>IDENTIFIED DATA: before and after</title>
<style>body{font:14px sans-serif;background:#222;color:#eee;margin:1em}.warning{background:#a00;padding:.6em;font-weight:bold}
.pair{display:flex;gap:1em;margin:1em 0}.pair figure{margin:0;position:relative;flex:1}img{width:100%;display:block}
svg{position:absolute;left:0;top:0;width:100%}rect{fill:none;stroke:#f44;stroke-width:2;vector-effect:non-scaling-stroke}rect.keep{stroke:#4c4}
text{fill:#f88;font-family:sans-serif}td,th{padding:.1em .8em;text-align:left}</style>
<p class="warning">This page shows patients: it is not de-identified. Keep it with the originals; delete it when seen.</p>
"""


@dataclass(slots=True)
class Sheet:
    """What was shown so far. ``pictures`` renders frames in the process that decodes."""

    pictures: Pictures
    pieces: list[str] = field(default_factory=list, repr=False)

    def add(self, name: str, case: Case, released: bytes) -> None:
        """The file ``name``, whose decisions ``case`` has, and what was ``released`` of it."""
        by_frame: defaultdict[int, list[tuple[Decision, Region]]] = defaultdict(list)
        for decision, region in _on_pages(case) if case.header.format == "pdf" else _on_pixels(case):
            by_frame[region.frame].append((decision, region))
        frames = sorted(sorted(by_frame, key=lambda frame: -len(by_frame[frame]))[:_MOST]) or [1]
        format_ = case.header.format
        before = self.pictures.shown(format_, case.source, frames)
        after = self.pictures.shown(format_, released, frames)
        self.pieces.append(f"<h2>{html.escape(name)}</h2>")
        kind = "page" if format_ == "pdf" else "frame"
        if len(by_frame) > len(frames):
            self.pieces.append(
                f"<p>Shown: {len(frames)} of {len(by_frame)} {kind}s on which something was decided.</p>"
            )
        if any(decision.locator == _UNSEEN for decision in case.decisions):
            self.pieces.append(_GONE)
        for frame, was, is_ in zip(frames, before, after, strict=True):
            self.pieces += _pair(f"{kind} {frame}", was, is_, by_frame[frame])


def _on_pixels(case: Case) -> Iterator[tuple[Decision, Region]]:
    for decision in case.decisions:
        region = Region.parse(decision.locator)
        if region is not None and not region.element.startswith(_OVER):
            yield decision, region


def _on_pages(case: Case) -> Iterator[tuple[Decision, Region]]:
    """Where on the pages of a PDF stands what was decided."""
    from deidstream.formats.pdf.sheets import places

    pages = case.pages[0].pages if case.pages else ()
    for decision in case.decisions:
        named = _PAGE.fullmatch(decision.locator)
        if named is None:
            continue
        number, picture = int(named[1]), named[2]
        read = pages[number - 1]
        start, end = decision.span or (0, len(read.text))
        for box in [read.pictures[int(picture) - 1]] if picture else places(read, start, end):
            yield decision, Region("page", number, box.left, box.top, box.right - box.left, box.bottom - box.top)


def page(pieces: Sequence[str]) -> bytes:
    """The page of all ``pieces``: one HTML file that needs no other."""
    return (_HEAD + "\n".join(pieces)).encode("utf-8", "surrogateescape")


def _pair(title: str, was: bytes, is_: bytes, found: Sequence[tuple[Decision, Region]]) -> Iterator[str]:
    width, height = (int.from_bytes(was[at : at + 4], "big") for at in (16, 20))  # of a PNG
    size = max(12, width // _LABEL)
    boxes = "".join(_box(number, size, *one) for number, one in enumerate(found, 1))
    drawn = f'<svg viewBox="0 0 {width} {height}" font-size="{size}">{boxes}</svg>'
    yield f'<h3>{title}</h3><div class="pair"><figure>{_image(was)}{drawn}</figure>'
    yield f"<figure>{_image(is_)}</figure></div><table>{_COLUMNS if found else ''}"
    for number, (decision, _) in enumerate(found, 1):
        cells = (number, decision.category, decision.method, "+".join(decision.detectors), decision.rule)
        yield "<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in cells) + "</tr>"
    yield "</table>"


def _box(number: int, size: int, decision: Decision, region: Region) -> str:
    kept = ' class="keep"' if decision.method is Method.KEEP else ""
    place = f'x="{region.x}" y="{region.y}" width="{region.width}" height="{region.height}"'
    return f'<rect{kept} {place}/><text x="{region.x}" y="{max(size, region.y - 4)}">{number}</text>'


def _image(png: bytes) -> str:
    return f'<img alt="" src="data:image/png;base64,{base64.b64encode(png).decode()}">'
