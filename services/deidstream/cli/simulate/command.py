"""``deidstream simulate``: writes a synthetic hospital day to a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from deidstream.cli.simulate.day import LANGUAGES, day
from deidstream.core.errors import Misconfigured

__all__ = ["simulate"]


def simulate(
    out: Annotated[Path, typer.Option(help="Folder for the messages; made if it is missing.")],
    messages: Annotated[int, typer.Option(min=1, help="How many.")] = 300,
    seed: Annotated[int, typer.Option(help="Same seed, same bytes.")] = 1,
    patients: Annotated[int, typer.Option(min=0, help="How many people; 0: one for ten messages.")] = 0,
    lang: Annotated[list[str] | None, typer.Option(help=f"Languages of the notes: {', '.join(LANGUAGES)}.")] = None,
) -> None:
    """Write a synthetic hospital day: ADT with merges, ORU, ORM, MDM, SIU, FHIR bundles with notes, in several languages.

    \b
    Examples:
      deidstream simulate --out day/ --messages 1000
      deidstream simulate --out day/ --seed 7 --lang de --lang fr
    """
    languages = tuple(lang or LANGUAGES)
    if unknown := set(languages) - set(LANGUAGES):
        raise Misconfigured(
            "no-such-language", "--lang", f"{', '.join(sorted(unknown))}; there are {', '.join(LANGUAGES)}"
        )
    out.mkdir(parents=True, exist_ok=True)
    for event in day(messages, seed, patients, languages):
        suffix = "json" if event.format == "fhir" else "hl7"
        (out / f"{event.number:06}.{suffix}").write_bytes(event.content)
    Console(stderr=True).print(f"{messages} messages written")
