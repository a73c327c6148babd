"""Whether a face can be seen in a volume: it is rendered from all sides, and a model of faces looks."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from deidstream.detection.image.head.render import Scene, rendered, views_around
from deidstream.detection.image.head.survey import Seen
from deidstream.ports import Inference

__all__ = ["FACE", "heat_of", "sees_face"]

FACE = 0.18
"""Heat of CenterFace from which something counts as a face: below the usual 0.3, for it looks from few sides, and coarsely."""
_SIZE = 192
_YAWS = (-60.0, -30.0, 0.0, 30.0, 60.0)
_PITCHES = (-20.0, 0.0, 20.0)
_INPUT, _HEAT = "input.1", "537"


def heat_of(picture: npt.NDArray[np.uint8], model: Inference) -> float:
    """How much a grey picture, with sides of multiples of 32, looks like one that has a face in it. Raises Unavailable."""
    tensor = np.repeat(picture[None, None].astype(np.float32), 3, axis=1)
    return float(model.infer({_INPUT: tensor})[_HEAT].max())


def sees_face(seen: Seen, model: Inference) -> bool:
    """Whether ``model`` sees a face from where one would be, if it were not gone. Raises Unavailable."""
    scene = Scene(seen.values, seen.step, seen.threshold, _SIZE)
    views = list(views_around(seen.front, seen.top, _YAWS, _PITCHES))
    return any(heat_of(picture, model) >= FACE for picture in rendered(scene, views))
