"""A process that opens a tagger and the rules, reads one text, and says how long that took and what it holds.

python -m tests.bench.taggers.start FOLDER
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path

__all__ = ["started"]

_TEXT = "Mrs Ada Quill (born 12 March 1961) was seen by Dr Brandt on Monday; ring 01632 960123 about her potassium. "
_LONG = 200
"""Times the text: what it holds while it works counts, not only what it has loaded."""


def started(folder: Path) -> tuple[float, float]:
    """Seconds until the first text is read, interpreter and imports included; MB at the greatest while it reads a long one."""
    began = time.time()
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.taggers.start", str(folder)], check=True, capture_output=True, text=True
    )
    ended, kilobytes = json.loads(done.stdout)
    return ended - began, kilobytes / 1024


def _main(folder: Path) -> None:
    from deidstream.adapters.taggers import open_tagger
    from deidstream.core.document import Part
    from deidstream.detection.text.rules import Rules

    layers = (Rules(), open_tagger(folder, threads=2))
    assert any(layer.find([Part("1", _TEXT, ())])[0] for layer in layers), "nothing was found"
    ended = time.time()
    for layer in layers:
        layer.find([Part("1", _TEXT * _LONG, ())])
    print(json.dumps([ended, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]))


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
