"""Lets processes that are started with this folder on PYTHONPATH fail at a word: the source of a message, or a file that appears.

``crash-STAGE``: the stage raises what it must not raise. ``die-STAGE``: its process is killed in the middle of the batch, once.
``$SABOTAGE/thread``: a thread of the process ends by an error, after a library has logged something.
"""

import logging
import os
import signal
import threading
import time
from pathlib import Path

WORD = "told only to those who may know"
"""What the errors say. It must show nowhere."""
FOLDER = Path(os.environ.get("SABOTAGE", ""))


def _once(name):
    marker = FOLDER / name
    if marker.exists():
        return False
    marker.touch()
    return True


class _Frail:
    def __init__(self, name, stage):
        self._name = name
        self._stage = stage

    def __getattr__(self, name):
        return getattr(self._stage, name)

    def handle(self, cases):
        sources = {case.header.source for case in cases}
        if f"crash-{self._name}" in sources:
            raise ValueError(WORD)
        if f"die-{self._name}" in sources and _once(f"died-{self._name}"):
            os.kill(os.getpid(), signal.SIGKILL)
        return self._stage.handle(cases)


def _weaken_chains():
    from deidstream.stream.passage import Passage

    make = Passage.__init__
    Passage.__init__ = lambda self, stages, telemetry: make(
        self, {name: _Frail(name, stage) for name, stage in stages.items()}, telemetry
    )


def _weaken_delivery():
    from deidstream.stages.delivery.service import Delivery

    handle = Delivery.handle

    def frail(self, parcels):
        sources = {parcel.release.source for parcel in parcels if parcel.release}
        if "crash-delivery" in sources and _once("crashed-delivery"):
            raise ValueError(WORD)
        return handle(self, parcels)

    Delivery.handle = frail


def _wait_for_the_word():
    # Only in processes of the deployment, which guard what is said of errors.
    while not (FOLDER / "thread").exists() or not logging.getLogger("deidstream").handlers:
        time.sleep(0.2)
    logging.getLogger("somebody").warning(WORD)
    raise ValueError(WORD)


if os.environ.get("SABOTAGE"):
    _weaken_chains()
    _weaken_delivery()
    threading.Thread(target=_wait_for_the_word, daemon=True).start()
