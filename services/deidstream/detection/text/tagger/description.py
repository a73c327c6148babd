"""What a released tagger says of itself: ``tagger.json`` beside its files. A file that is not the one described is not loaded."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deidstream.core.category import Category
from deidstream.core.errors import Misconfigured
from deidstream.core.released_file import verify

__all__ = ["DESCRIPTION", "MODEL", "PIECES", "Description", "described"]

DESCRIPTION = "tagger.json"
MODEL = "model.onnx.gz"
PIECES = "pieces.model.gz"


@dataclass(frozen=True, slots=True)
class Description:
    """``categories``: in the order of the model's outputs, two for each after the first (O): begins, goes on.

    ``thresholds``: for each category the probability of being anything at all from which on a unit counts. ``temperature``: what
    the outputs are divided by before they are probabilities. ``window`` and ``margin`` in pieces, without the two of its frame.
    """

    name: str
    version: str
    categories: Sequence[Category]
    thresholds: Sequence[float]
    temperature: float
    window: int
    margin: int
    files: Mapping[str, str] = field(repr=False)
    """Name to SHA-256, in hexadecimal."""
    reliability: Mapping[str, Sequence[float]] = field(default_factory=dict, repr=False)
    """How far this tagger and the layers beside it are to be trusted: rows as ``detection.text.reliability`` learns them."""

    extents: Mapping[str, float] = field(default_factory=dict, repr=False)
    """How often extents were right where layers disagree about them, as ``detection.text.extents`` learns it."""

    @property
    def detector(self) -> str:
        """As findings name it."""
        return f"text.{self.name}/{self.version}"


def described(folder: Path) -> Description:
    """The tagger in ``folder``, whose files are all there and as they were released. Raises Misconfigured, which names the file."""
    place = f"{folder.name}/{DESCRIPTION}"
    try:
        values = json.loads((folder / DESCRIPTION).read_bytes())
        values["categories"] = tuple(map(Category, values["categories"]))
        found = Description(**values)
        wrong = _wrong(found)
    except OSError:
        raise Misconfigured("model-missing", place, "is the folder one of a released tagger?") from None
    except (ValueError, KeyError, TypeError) as error:
        raise Misconfigured("model-corrupt", place, f"not a description ({type(error).__name__})") from None
    if wrong is not None:
        raise Misconfigured("model-corrupt", place, wrong)
    for name, expected in found.files.items():
        verify(folder / name, expected)
    return found


def _wrong(found: Description) -> str | None:
    """What would let a text pass unread, or a file unseen."""
    if missing := {MODEL, PIECES} - set(found.files):
        return f"no hash of {', '.join(sorted(missing))}"
    if len(found.thresholds) != len(found.categories) or not all(0 < one <= 1 for one in found.thresholds):
        return "a threshold above 0 and at most 1 for each category"
    if any(len(row) != 2 or not all(0 <= one <= 1 for one in row) for row in found.reliability.values()):
        return "two probabilities in each row of reliability"
    if not all(0 <= one <= 1 for one in found.extents.values()):
        return "a probability in each row of extents"
    if not found.temperature > 0:
        return "a temperature above 0"
    return None if 0 <= 2 * found.margin < found.window else "a window longer than its two margins"
