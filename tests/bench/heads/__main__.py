"""Heads of the shared CT and the 1 mm MRI, before and after, and variants of them that nothing was tuned to.

    python -m tests.bench.heads [--quick] [--pictures FOLDER]

The last line has the figures: how hot the face model is at most, before and after, in any view, and how much changed inside
the skull.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from deidstream.adapters.released_faces import open_faces
from deidstream.detection.image.head.look import heat_of, why_not
from deidstream.detection.image.head.render import Scene, rendered, views_around
from deidstream.detection.image.head.survey import Survey
from deidstream.detection.image.head.verdict import AIR, FILLED, Verdict
from deidstream.ports import Inference
from scipy import ndimage

from tests.bench.heads.volumes import Floats, Volume, colin, cranium, headsq, variants

YAWS, PITCHES = (-90, -60, -45, -30, -15, 0, 15, 30, 45, 60, 90, 135, 180, 225), (-30, -15, 0, 15, 30)
FEW = (-60, -30, 0, 30, 60), (-20, 0, 20)
BEFORE, AFTER, CHANGED = 0.5, 0.3, 0.01


@dataclass(frozen=True, slots=True)
class Figures:
    """``code``: why it would not be released, '' where it would. Heat: the greatest in any view. ``inside``: share that changed."""

    name: str
    code: str
    before: float
    after: float
    inside: float
    seconds: float

    @property
    def reached(self) -> bool:
        return not self.code and self.before >= BEFORE and self.after < AFTER and self.inside < CHANGED

    @property
    def safe(self) -> bool:
        """Whether no face would be released, where there was one to be seen."""
        return bool(self.code) or self.after < AFTER

    def __str__(self) -> str:
        became = self.code or f"after {self.after:.2f}, inside the skull {100 * self.inside:.2f} %"
        return f"{self.name}: before {self.before:.2f}, {became} ({self.seconds:.1f} s)"


def measured(
    one: Volume, model: Inference, views: tuple[Sequence[int], Sequence[int]], pictures: Path | None
) -> Figures:
    """What the product would do with the slices of ``one``, and what is seen before and after."""
    began = time.perf_counter()
    survey = Survey(one.hounsfield)
    planes = list(one.planes())
    for plane, values in zip(planes, one.values, strict=True):
        survey.add(plane, values)
    verdict = Verdict.from_bytes(survey.verdict(partial(why_not, model=model)).to_bytes())
    seconds = time.perf_counter() - began
    before = _heat(one, one.values, model, views, pictures, "before")
    code = verdict.cuts[0].code
    if code:
        return Figures(one.name, code, before, 0, 0, seconds)
    out, changed = one.values.copy(), np.zeros(one.values.shape, bool)
    random = np.random.default_rng(1)
    for k, plane in enumerate(planes):
        cut = verdict.cut_of(plane)
        assert cut is not None
        labels = cut.labels(plane)
        for label, pool in ((AIR, cut.background), (FILLED, cut.tissue)):
            out[k][labels == label] = random.choice(pool, int((labels == label).sum()))
        changed[k] = labels > 0
    after = _heat(one, out, model, views, pictures, "after")
    return Figures(one.name, "", before, after, float(changed[one.inside].mean()), seconds)


def _heat(
    one: Volume,
    values: Floats,
    model: Inference,
    views: tuple[Sequence[int], Sequence[int]],
    pictures: Path | None,
    when: str,
) -> float:
    step = max(1.2, min(one.spacing))
    if one.shift:
        back = [
            ndimage.shift(s, (k * one.shift / one.spacing[1], 0), order=1, mode="nearest") for k, s in enumerate(values)
        ]
        values = np.stack(back)
    scene = Scene(
        ndimage.zoom(values, np.array(one.spacing) / step, order=1).astype(np.float32), step, one.threshold, 256
    )
    around = list(views_around(one.towards((0, -1, 0)), one.towards((0, 0, 1)), *views))
    hottest, drawn = 0.0, []
    for view, picture in zip(around, rendered(scene, around), strict=True):
        heat = heat_of(picture, model)
        hottest = max(hottest, heat)
        drawn.append(cv2.putText(picture, f"{view.name}: {heat:.2f}", (3, 14), 0, 0.45, 255))
    if pictures is not None:
        wide = len(views[0])
        sheet = np.vstack([np.hstack(drawn[n : n + wide]) for n in range(0, len(drawn), wide)])
        cv2.imwrite(str(pictures / f"{one.name.replace(' ', '-').replace(',', '')}.{when}.png"), sheet)
    return hottest


def main(arguments: Sequence[str]) -> int:
    """An exit code: 0 where the goals are reached."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="the two volumes alone")
    parser.add_argument("--pictures", type=Path, help="a folder for renders, before and after")
    options = parser.parse_args(arguments)
    if options.pictures is not None:
        options.pictures.mkdir(parents=True, exist_ok=True)
    model = open_faces(None, 2)
    goals = [measured(one(), model, (YAWS, PITCHES), options.pictures) for one in (headsq, colin)]
    held_out: list[Figures] = []
    for figures in goals:
        print(figures, flush=True)
    if not options.quick:
        volumes = [cranium(), *variants(colin()), *variants(headsq())]
        for one in volumes:
            held_out.append(measured(one, model, FEW, options.pictures))
            print(held_out[-1], flush=True)
    said = [
        f"{one.name} before {one.before:.2f} after {one.code or f'{one.after:.2f}'} inside {one.inside:.4f}"
        for one in goals
    ]
    released = [one for one in held_out if not one.code]
    if held_out:
        worst = max((one.after for one in released), default=0.0)
        inside = max((one.inside for one in released), default=0.0)
        said.append(
            f"held out: {len(released)} of {len(held_out)} released, {sum(not one.safe for one in held_out)} with a face, "
            f"worst after {worst:.2f}, worst inside {inside:.4f}"
        )
    print("heads: " + "; ".join(said))
    return 0 if all(one.reached for one in goals) and all(one.safe for one in held_out) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
