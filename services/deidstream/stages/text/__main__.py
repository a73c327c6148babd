"""``python -m deidstream.stages.text``: this stage as a process of its own."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from deidstream.detection.text.identity import Identity
from deidstream.detection.text.rules import Rules
from deidstream.ports import TextLayer
from deidstream.stages.process import Process, run
from deidstream.stages.text.config import TaggerSettings, TextSettings
from deidstream.stages.text.redacting import Redacting
from deidstream.stages.text.service import Text, Weigh
from deidstream.stream.instances import Instance

if TYPE_CHECKING:  # only who has a model loads what runs it
    from deidstream.detection.text.tagger import Tagger

__all__ = ["build"]


def build(process: Process) -> Text:
    """The stage as configured. Raises Misconfigured where the tagger is not as it was released."""
    settings = process.settings.section("text", TextSettings)
    layers: list[TextLayer] = [process.one(Rules, compiled=process.compiled)]
    weigh: Weigh | None = None
    if settings.tagger is not None:
        tagger = _opened(settings.tagger, process.pulse.stir)
        layers.append(Redacting(tagger) if settings.tagger.when_away == "redact" else tagger)
        weigh = partial(tagger.weighed, least=settings.tagger.least_probability)
    return Text(layers, process.one(Identity), weigh)


def _opened(settings: TaggerSettings, stir: Callable[[], None]) -> Tagger:
    from deidstream.adapters.taggers import folder_of, open_tagger

    server = None if settings.triton is None else settings.triton.server
    return open_tagger(folder_of(settings.folder), settings.threads, settings.signed_by, server, stir)


if __name__ == "__main__":
    sys.exit(run({"text": build}, Process.open(None, Instance(("text",)))))
