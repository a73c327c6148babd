"""What a process writes to standard error when something goes wrong in a way that nobody thought of."""

from __future__ import annotations

import json
import subprocess
import sys

_PROGRAM = """
import logging, threading
from deidstream.stream import log

log.guard()
logging.getLogger("somebody.else").warning("about Zanzibarski")
try:
    raise OSError(2, "no such file", "Zanzibarski.hl7")
except OSError:
    logging.getLogger("somebody.else").exception("read")

def fail():
    raise ValueError("Zanzibarski")

thread = threading.Thread(target=fail)
thread.start()
thread.join()
fail()
"""


def test_of_libraries_and_of_errors_that_nobody_caught_the_log_has_the_place_and_never_the_text() -> None:
    done = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Zanzibarski" not in done.stderr + done.stdout
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["event"] for line in lines] == ["library", "library", "process.crashed", "process.crashed"]
    assert [line.get("error") for line in lines[2:]] == ["ValueError", "ValueError"]
