"""The chain identify+writer in a process of its own. The source ``kill`` makes identify kill the process."""

import os
import signal
import sys
from pathlib import Path

from deidstream.adapters.file_keys import FileKeyRing
from deidstream.adapters.memory_hold import MemoryHold
from deidstream.adapters.sqlite_bus import SqliteBusFactory
from deidstream.stream.chain import ChainOptions, StageSpec, run_chain

from tests.stream.fixtures import Scripted


class Mortal(Scripted):
    def _special(self, one, word):
        if word == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        return super()._special(one, word)


folder = Path(sys.argv[1])
stages = [StageSpec("identify", Mortal("identify")), StageSpec("writer", Mortal("writer"))]
bus, keys = SqliteBusFactory(folder / "bus.db"), FileKeyRing(folder / "keys")
sys.exit(run_chain(stages, bus, keys, MemoryHold(), ChainOptions("core-0", folder)))
