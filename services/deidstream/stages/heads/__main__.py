"""``python -m deidstream.stages.heads``: this stage as a process of its own."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING

from deidstream.adapters.released_faces import open_faces
from deidstream.adapters.shelved_series import ShelvedSeries
from deidstream.adapters.sql_hold import SqlHold
from deidstream.stages.heads.config import HeadsSettings
from deidstream.stages.picturing import ImageSettings
from deidstream.stages.process import Process, run
from deidstream.stream.instances import Instance

if TYPE_CHECKING:  # only who has such pictures loads what works on them
    from deidstream.stages.heads.service import Heads

__all__ = ["build"]


def build(process: Process) -> Heads:
    """The stage as configured. Raises Misconfigured where the model of faces is not as it was released."""
    from deidstream.detection.image.head.look import why_not
    from deidstream.stages.heads.service import LOOKING, Heads

    process.pulse.allow(LOOKING)
    settings = process.settings.section("heads", HeadsSettings)
    shelf = process.observed(SqlHold(process.deployment.database_url("hold")), "hold")
    served = process.settings.section("image", ImageSettings).setting.server
    look = partial(why_not, model=open_faces(settings.faces, settings.threads, served))
    series = ShelvedSeries(shelf, process.keys, process.claims.fetch)
    return Heads(series, process.keys, process.clock, settings, look, lambda: process.pictures)


if __name__ == "__main__":
    sys.exit(run({"heads": build}, Process.open(None, Instance(("heads",)))))
