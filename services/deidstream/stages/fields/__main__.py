"""``python -m deidstream.stages.fields``: this stage as a process of its own."""

from __future__ import annotations

import sys

from deidstream.stages.fields.service import Fields
from deidstream.stages.process import Process, run
from deidstream.stream.instances import Instance

__all__ = ["build"]


def build(process: Process) -> Fields:
    """The stage as configured."""
    return Fields()


if __name__ == "__main__":
    sys.exit(run({"fields": build}, Process.open(None, Instance(("fields",)))))
