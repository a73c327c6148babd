"""The models that the processes ask: their files here, and where a Triton server runs them, what it serves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from deidstream.adapters.triton_server import TritonServer
from deidstream.cli.doctor.finding import Finding, Patient, bad, good, warning
from deidstream.core.errors import DeidstreamError, Misconfigured
from deidstream.stages.picturing import ImageSettings
from deidstream.stages.text.config import TextSettings

__all__ = ["models"]

_DO = {
    "model-absent": "deidstream models push",
    "model-failed": "texts or pictures wait: is the server up, the way open, its certificate signed by ca?",
    "model-timeout": "texts or pictures wait: is the server up, the way open, its certificate signed by ca?",
}


class _Model(NamedTuple):
    """As a server has to serve it. ``digest``: of its file."""

    name: str
    version: str
    digest: str


def models(patient: Patient) -> Iterator[Finding]:
    """Their files are as they were released, and so is what a server serves of them."""
    tagger = patient.settings.section("text", TextSettings).tagger
    if tagger is not None and "text" in patient.stages:
        from deidstream.adapters.taggers import folder_of
        from deidstream.detection.text.tagger.description import MODEL, described

        found = described(folder_of(tagger.folder))
        yield good(f"tagger {found.name} {found.version} as released")
        if tagger.triton is not None:
            asked = [_Model(found.name, found.version, found.files[MODEL])]
            yield from _served(tagger.triton.server, asked, "text.tagger.triton")
    elif "text" in patient.stages:
        yield warning("no-tagger", "text.tagger", "texts are read by rules and identity alone, which miss more")
    if {"image", "heads", "writer"} & set(patient.stages) and any(
        "image" in chain for chain in patient.deployment.chains
    ):
        yield from _pictures(patient.settings.section("image", ImageSettings))


def _pictures(settings: ImageSettings) -> Iterator[Finding]:
    from deidstream.adapters.pictures import models as pictures

    there = {name: pictures.described(settings.setting.models / name) for name in (*pictures.OCR, pictures.FACES)}
    yield good("readers of pictures as released")
    if settings.triton is not None:
        served = [there[name] for name in (*pictures.OCR[:2], pictures.FACES)]  # it reads with the exact ones
        asked = [_Model(one.name, one.version, one.files[pictures.MODEL]) for one in served]
        yield from _served(settings.triton.server, asked, "image.triton")


def _served(server: TritonServer, asked: Sequence[_Model], section: str) -> Iterator[Finding]:
    """Of each model whether ``server`` serves it, as a process finds out before it asks for the first time."""
    try:
        from deidstream.adapters.triton import TritonInference  # gRPC is loaded where a server is asked
    except ModuleNotFoundError:
        raise Misconfigured("triton-missing", section, "pip install 'deidstream[triton]'") from None
    for one in asked:
        model = TritonInference(server, one.name, one.version, one.digest)
        try:
            model.check()
        except DeidstreamError as error:
            yield bad(error.code, error.place, _DO.get(error.code, error.hint))
        else:
            yield good(f"{one.name} {one.version} is served by Triton")
        finally:
            model.close()
