"""``python -m deidstream.stages.image``: this stage as a process of its own."""

from __future__ import annotations

import sys

from deidstream.detection.text.identity import Identity
from deidstream.detection.text.rules import Rules
from deidstream.stages.image.service import Image
from deidstream.stages.process import Process, run
from deidstream.stream.instances import Instance

__all__ = ["build"]


def build(process: Process) -> Image:
    """The stage as configured. Raises Misconfigured where a model is not as it was released."""
    return Image(process.pictures, (process.one(Rules, compiled=process.compiled),), process.one(Identity))


if __name__ == "__main__":
    sys.exit(run({"image": build}, Process.open(None, Instance(("image",)))))
