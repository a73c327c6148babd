"""``python -m deidstream.stages.writer``: this stage as a process of its own."""

from __future__ import annotations

import sys

from deidstream.detection.text.identity import Identity
from deidstream.detection.text.rules import Rules
from deidstream.stages.process import Process, run
from deidstream.stages.writer.config import WriterSettings
from deidstream.stages.writer.earlier import Earlier
from deidstream.stages.writer.pixels import Painter
from deidstream.stages.writer.service import Writer
from deidstream.stream.instances import Instance

__all__ = ["build"]


def build(process: Process) -> Writer:
    """The stage as configured."""
    settings = process.settings.section("writer", WriterSettings)
    earlier = Earlier(process.keys, process.archive)
    layers, identity = (process.one(Rules, compiled=process.compiled),), process.one(Identity)
    painter = Painter(lambda: process.pictures, layers, identity)
    return Writer(settings, layers, identity, process.clock, earlier, painter, lambda: process.pictures)


if __name__ == "__main__":
    sys.exit(run({"writer": build}, Process.open(None, Instance(("writer",)))))
