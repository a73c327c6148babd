"""Keys: are those of the stages there, closed to others, and young enough?"""

from __future__ import annotations

import time
from collections.abc import Iterator

from deidstream.cli.doctor.finding import Finding, Patient, bad, good, warning
from deidstream.core.errors import Misconfigured
from deidstream.stages.keyring import ring_of
from deidstream.stages.resolver.config import ResolverSettings
from deidstream.stream.deployment import Deployment
from deidstream.stream.stages import RENEWED, purposes_with

__all__ = ["keys"]

_OLD_DAYS = 99.0
"""At 500 seals a second a key has sealed 2**32 times by then (NIST SP 800-38D, 8.3)."""


def keys(patient: Patient) -> Iterator[Finding]:
    """Every purpose that the stages need, one by one."""
    deployment = patient.deployment
    folder = deployment.key_folder
    if not (deployment.vault or deployment.keys_provided or folder.exists()):
        yield warning("no-keys", str(folder), "the first start makes them; back them up then")
        return
    ring = ring_of(deployment)
    now, count = time.time(), 0
    for purpose in _needed(patient):
        try:
            made = ring.made(purpose)
        except Misconfigured as error:
            yield bad(error.code, error.place, error.hint)
            continue
        count += 1
        age = (now - made[-1]) / 86_400
        if purpose in RENEWED and age > _OLD_DAYS:
            yield warning("key-old", f"{purpose}, {age:.0f} days", _renewal(deployment))
    yield good(f"{count} purposes have keys")


def _renewal(deployment: Deployment) -> str:
    if deployment.vault:
        return "deidstream keys rotate gives it a successor, which seals from the next start on"
    if deployment.keys_provided:
        return "replace it: deidstream keys make --renew"
    return "restart the processes, which renews it"


def _needed(patient: Patient) -> list[str]:
    projects = patient.settings.section("resolver", ResolverSettings).projects
    return sorted(purposes_with(patient.stages, (project.name for project in projects)))
