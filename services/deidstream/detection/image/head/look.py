"""Whether a face can be seen in a volume: it is rendered from all sides, and a model of faces looks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from deidstream.detection.image.head.render import Scene, rendered, views_around
from deidstream.detection.image.head.survey import Seen
from deidstream.ports import Inference

__all__ = ["FACE", "heat_of", "why_not"]

FACE = 0.18
"""Heat of CenterFace from which something counts as a face: below the usual 0.3, for it looks from few sides, and coarsely."""
_AHEAD, _ELSEWHERE = 0.5, 0.4
"""Mean heat of the views of a side from which the face is there, and from which it may be elsewhere than the header says. Of whole
heads a throat that is cut open has 0.34 at most, and a face 0.6 and more."""
_SIZE, _COARSE = 256, 192
"""Pixels of the sides of pictures: of those of what would be released, and of those that say where the face was."""
_YAWS = (-75.0, -60.0, -30.0, 0.0, 30.0, 60.0, 75.0)
_PITCHES = (-20.0, 0.0, 20.0)
_AROUND = ((0.0, 0.0), (-30.0, 0.0), (30.0, 0.0), (0.0, -20.0), (0.0, 20.0))
"""Yaw and pitch of the views of a side."""
_INPUT, _HEAT = "input.1", "537"

Picture = npt.NDArray[np.uint8]
Vector = npt.NDArray[np.float64]


def heat_of(picture: Picture, model: Inference) -> float:
    """How much a grey picture, with sides of multiples of 32, looks like one that has a face in it. Raises Unavailable."""
    tensor = np.repeat(picture[None, None].astype(np.float32), 3, axis=1)
    return float(model.infer({_INPUT: tensor})[_HEAT].max())


def why_not(seen: Seen, model: Inference) -> str:
    """Why a volume may not be released; '' where it may. Raises Unavailable.

    ``head-turned``: before the cut ``model`` saw a face where the header has none, so that another part has been cut.
    ``face-remains``: it sees one from where one would be, if it were not gone.
    ``head-contradicts-header``: it sees one from any side, and the header has none.
    """
    if seen.ruled_out:
        return "head-contradicts-header" if _shows_face(seen, model) else ""
    if _is_turned(seen, model):
        return "head-turned"
    views = list(views_around(seen.front, seen.top, _YAWS, _PITCHES))
    pictures = rendered(Scene(seen.values, seen.step, seen.threshold, _SIZE), views)
    return "face-remains" if any(heat_of(picture, model) >= FACE for picture in pictures) else ""


def _is_turned(seen: Seen, model: Inference) -> bool:
    """Whether the volume, as it was measured, looks like a face from another side than its header says, or the wrong way up."""
    scene = Scene(seen.before, seen.step, seen.threshold, _COARSE)
    ahead, *lying = _heats(scene, seen.front, seen.top, model)
    if ahead >= _AHEAD:
        return False
    _, *others = _sides(seen)
    elsewhere = max(*lying, *(heat for front, top in others for heat in _heats(scene, front, top, model)))
    return elsewhere > max(ahead, _ELSEWHERE)


def _shows_face(seen: Seen, model: Inference) -> bool:
    """Whether the volume looks like a face from any of six sides, any way up."""
    scene = Scene(seen.before, seen.step, seen.threshold, _COARSE)
    return any(max(_heats(scene, front, top, model)) > _ELSEWHERE for front, top in _sides(seen))


def _sides(seen: Seen) -> tuple[tuple[Vector, Vector], ...]:
    """Where the front and the top are, if one looks from there; from ahead first."""
    front, top = seen.front, seen.top
    across = np.cross(front, top)
    return (front, top), (-front, top), (across, top), (-across, top), (top, across), (-top, across)


def _heats(scene: Scene, front: Vector, top: Vector, model: Inference) -> list[float]:
    """Of one side, upright and turned by one, two and three right angles: the means of its views."""
    views = [view for yaw, pitch in _AROUND for view in views_around(front, top, (yaw,), (pitch,))]
    turned = [[heat_of(one, model) for one in _turns(picture)] for picture in rendered(scene, views)]
    return [float(mean) for mean in np.mean(turned, axis=0)]


def _turns(picture: Picture) -> Iterator[Picture]:
    return (np.ascontiguousarray(np.rot90(picture, quarter)) for quarter in range(4))
