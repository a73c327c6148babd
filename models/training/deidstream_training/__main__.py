"""``python -m deidstream_training``: one command for each step."""

from __future__ import annotations

import typer

from deidstream_training.backbone.command import backbone
from deidstream_training.everything import everything
from deidstream_training.generative.command import generative
from deidstream_training.gold.command import gold
from deidstream_training.release.command import card, export, unpack
from deidstream_training.synthesise.command import inject, synthesise
from deidstream_training.train.average import average
from deidstream_training.train.command import distil, train

__all__ = ["main"]

# Typer's own tracebacks show variables, and ``inject`` reads real notes.
main = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
main.command()(everything)
main.command()(backbone)
main.command()(synthesise)
main.command()(inject)
main.command()(gold)
main.command()(train)
main.command()(distil)
main.command()(average)
main.command()(export)
main.command()(unpack)
main.command()(card)
main.command()(generative)


@main.callback()
def steps() -> None:
    """The pipeline that makes the tagger of texts, step by step."""


if __name__ == "__main__":
    main()
