"""The machine: what a process needs of it, and what it might tell others."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from deidstream.adapters.core_dumps import forbidden
from deidstream.cli.doctor.finding import Finding, Patient, bad, good, warning

__all__ = ["libraries", "machine", "state"]

_SPARE, _SCARCE = 0.1, 0.01
_PICTURES = ("cv2", "gdcm", "jpeg_ls", "openjpeg", "scipy", "zxingcpp")


def state(patient: Patient) -> Iterator[Finding]:
    """The state folder can be written, by us alone, and has room."""
    folder = patient.deployment.state
    if not folder.exists():
        yield warning("no-state", str(folder), "the first start makes it")
        return
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        yield bad("state-folder", str(folder), "the user that runs deidstream must be able to write there")
        return
    if folder.stat().st_mode & 0o007:
        yield warning("state-open", str(folder), "others can look into it: chmod o-rwx")
    usage = shutil.disk_usage(folder)
    if usage.free < _SCARCE * usage.total:
        yield bad("disk-full", str(folder), "make room: senders are told to come again")
        return
    if usage.free < _SPARE * usage.total:
        yield warning("disk-nearly-full", str(folder), f"{usage.free / 1e9:.1f} GB are free: make room")
        return
    yield good(f"{usage.free / 1e9:.0f} GB are free")


def machine(_: Patient) -> Iterator[Finding]:
    """Memory must not reach a disk in the clear, and nobody needs to be root."""
    before = "what patients said would lie on a disk"
    if not forbidden():
        yield warning("core-dumps", "ulimit -c", f"a crash would write one: {before}; set it to 0 (LimitCORE=0)")
    swaps = Path("/proc/swaps")
    if swaps.exists() and len(swaps.read_text().splitlines()) > 1:
        yield warning("swap", "/proc/swaps", f"memory may be written there: {before}; turn it off, or encrypt it")
    if os.geteuid() == 0:
        yield warning("root", "user", "give deidstream a user of its own")
    yield good(f"{os.cpu_count()} processors")


def libraries(patient: Patient) -> Iterator[Finding]:
    """What decodes pictures is installed where somebody needs it."""
    hosted = {stage for chain in patient.deployment.chains for stage in chain}
    if not hosted & {"image", "heads"} or not set(patient.stages) & {"image", "heads", "writer"}:
        yield good("no pictures are looked at here")
        return
    if missing := [name for name in _PICTURES if find_spec(name) is None]:
        do = "pip install 'deidstream[image]', or take image and heads out of deployment.chains"
        yield bad("decoders-missing", ", ".join(missing), do)
        return
    yield good("decoders of pictures are there")
