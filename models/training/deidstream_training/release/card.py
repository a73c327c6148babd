"""The model card: what a released tagger is, how it was made, and what it was measured to find, miss and spoil."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from deidstream.detection.text.tagger.description import Description, described

__all__ = ["card"]

_Json = Any  # what JSON holds
_SHOWN = {
    "covered": "covered",
    "strict_f1": "strict F1",
    "overlap_f1": "overlap F1",
    "char_precision": "char. precision",
    "char_recall": "char. recall",
    "clinical": "clinical terms touched",
    "hard_negatives": "hard negatives touched",
}
_TAGGER = "tagger"
"""A report about one tagger calls it so, one about several by their folders."""
_NO_GOLD = ": synthetic and injected documents; no gold span, no real patient"
_GOLD = """\
: synthetic documents, and gold spans of MEDDOCAN (train), EDS-Pseudo and ASQ-PHI without what `gold/held_out` names; before that \
as `annotation-free`. No real patient"""
_WRITTEN = "; documents that a language model wrote (`models/training/written_notes`)"
_LIMITS = """\
- It reads texts. What stands in structured fields, pictures or sound others find.
- What it misses, rules and the subject's own identifiers may find: `merged` is what a deployment does.
- Synthetic documents are cleaner and more uniform than those of a hospital. Measure on your own before you trust it.
- Languages that no table below names have not been measured.
- It says where an identifier stands, not whose it is.
"""


def card(folder: Path, trained: Path, report: Path) -> str:
    """Markdown. ``trained``: the record of training; ``report``: what ``deidstream evaluate --tagger`` wrote.

    Raises ValueError where the report has nothing about a tagger.
    """
    found, how, measured = described(folder), json.loads(trained.read_text()), json.loads(report.read_text())
    detectors = {one["detector"] for one in measured["results"]}
    named = next((name for name in (folder.resolve().name, _TAGGER) if name in detectors), None)
    if named is None:
        raise ValueError("this report is not about a tagger: deidstream evaluate --tagger FOLDER --report FILE")
    groups = _groups(measured, found, named)
    return "\n".join([*_about(found, folder, how), *_corpora(measured), *groups, "## Limits\n", _LIMITS])


def _about(found: Description, folder: Path, how: Mapping[str, _Json]) -> Iterator[str]:
    size = sum((folder / name).stat().st_size for name in found.files) / 1e6
    yield f"# {found.name} {found.version}\n"
    yield (
        "Finds what identifies people in clinical texts: a token classifier over multilingual-e5-small (MIT), made by "
        "`models/training` of deidstream. Licence: Apache-2.0; the backbone's notice is in NOTICE.\n"
    )
    yield "| | |\n|---|---|"
    yield f"| layers | {how['layers']} |"
    yield f"| size | {size:.1f} MB: {', '.join(found.files)} |"
    yield f"| reads | {found.window} pieces at a time, {found.margin} of them beyond a cut |"
    yield f"| tells apart | {', '.join(found.categories)} |"
    files = dict.fromkeys(how["files"])
    written = _WRITTEN if any(name.startswith("written") for name in files) else ""
    yield f"| trained on | {', '.join(files)}{_GOLD if any(name.startswith('gold') for name in files) else _NO_GOLD}{written} |"
    rounds = [*how.get("mean_with", ()), how]
    steps = "; then ".join(f"{one['steps']} steps, learning rate {one['rate']}, seed {one['seed']}" for one in rounds)
    mean = f"; the mean of the weights after each of these {len(rounds)} rounds" if len(rounds) > 1 else ""
    yield f"| training | batches of at most {how['pieces']} pieces: {steps}{mean} |"
    yield f"| documents' SHA-256 | `{how['documents']}` |"
    yield f"| temperature | {found.temperature} |\n"


def _corpora(measured: Mapping[str, _Json]) -> Iterator[str]:
    yield "## Measured\n"
    yield "`deidstream evaluate`, shares with their intervals at 95 %; `merged...`: with rules, as a deployment has it.\n"
    sizes = {one["name"]: f"{one['documents']} documents" for one in measured["corpora"]}
    yield f"| corpus | layer | {' | '.join(_SHOWN.values())} |\n|---|---|{'---|' * len(_SHOWN)}"
    for one in measured["results"]:
        cells = " | ".join(_cell(one["figures"].get(name)) for name in _SHOWN)
        yield f"| {one['corpus']} ({sizes[one['corpus']]}) | {one['detector']} | {cells} |"
    yield ""


def _groups(measured: Mapping[str, _Json], found: Description, named: str) -> Iterator[str]:
    (of_tagger,) = (one for one in measured["all_corpora"] if one["detector"] == named)
    thresholds = dict(zip(found.categories, found.thresholds, strict=True))
    for title, name in (("category", "categories"), ("language", "languages")):
        yield f"| {title} | gold | covered | strict F1 |{' threshold |' if title == 'category' else ''}"
        yield f"|---|---|---|---|{'---|' if title == 'category' else ''}"
        for group, one in of_tagger[name].items():
            figures, counts = one["figures"], one["counts"]
            threshold = f" {thresholds.get(group, '')} |" if title == "category" else ""
            shares = " | ".join(_share(figures.get(figure)) for figure in ("covered", "strict_f1"))
            yield f"| {group} | {counts.get('gold', 0)} | {shares} |{threshold}"
        yield ""


def _cell(figure: Mapping[str, float] | None) -> str:
    if figure is None:
        return ""
    said = _share(figure["value"])
    return f"{said} ({figure['low']:.3f}-{figure['high']:.3f})" if "low" in figure else said


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
