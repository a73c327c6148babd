"""``python -m deidstream.stages.text``: this stage as a process of its own."""

from __future__ import annotations

import sys

from deidstream.detection.text.identity import Identity
from deidstream.detection.text.rules import Rules
from deidstream.stages.process import Process, run
from deidstream.stages.text.service import Text
from deidstream.stream.instances import Instance

__all__ = ["build"]


def build(process: Process) -> Text:
    """The stage as configured."""
    return Text((process.one(Rules, compiled=process.compiled),), process.one(Identity))


if __name__ == "__main__":
    sys.exit(run({"text": build}, Process.open(None, Instance(("text",)))))
