"""``python -m deidstream.stages.text``: this stage as a process of its own."""

from __future__ import annotations

import sys

from deidstream.detection.text.identity import Identity
from deidstream.detection.text.rules import Rules
from deidstream.ports import TextLayer
from deidstream.stages.process import Process, run
from deidstream.stages.text.config import TaggerSettings, TextSettings
from deidstream.stages.text.redacting import Redacting
from deidstream.stages.text.service import Text
from deidstream.stream.instances import Instance

__all__ = ["build"]


def build(process: Process) -> Text:
    """The stage as configured. Raises Misconfigured where the tagger is not as it was released."""
    settings = process.settings.section("text", TextSettings)
    layers: list[TextLayer] = [process.one(Rules, compiled=process.compiled)]
    if settings.tagger is not None:
        layers.append(_opened(settings.tagger))
    return Text(layers, process.one(Identity))


def _opened(settings: TaggerSettings) -> TextLayer:
    from deidstream.adapters.taggers import open_tagger  # only who has a model loads what runs it

    server = None
    if settings.triton is not None:
        from deidstream.adapters.triton import TritonServer

        server = TritonServer(**settings.triton.model_dump())
    tagger = open_tagger(settings.folder, settings.threads, settings.signed_by, server)
    return Redacting(tagger) if settings.when_away == "redact" else tagger


if __name__ == "__main__":
    sys.exit(run({"text": build}, Process.open(None, Instance(("text",)))))
