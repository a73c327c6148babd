"""``deidstream doctor``."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from deidstream.cli.access import ConfigOption
from deidstream.cli.config import checked
from deidstream.cli.doctor import keys, machine, servers
from deidstream.cli.doctor.certificates import certificates
from deidstream.cli.doctor.finding import Check, Finding, Patient, good, looked
from deidstream.cli.doctor.models import models
from deidstream.stream.deployment import Deployment
from deidstream.stream.settings import Settings

__all__ = ["CHECKS", "doctor"]

CHECKS: dict[str, Check] = {
    "configuration": lambda patient: [good(checked(patient.settings, policies="resolver" in patient.stages))],
    "state": machine.state,
    "keys": keys.keys,
    "bus": servers.bus,
    "database": servers.database,
    "artifacts": servers.bucket,
    "models": models,
    "decoders": machine.libraries,
    "certificates": certificates,
    "destinations": servers.destinations,
    "machine": machine.machine,
}


def doctor(
    config: ConfigOption = Path("deidstream.yaml"),
    chain: Annotated[
        str, typer.Option(help="Look as this chain's process does, identify+fields for instance; default: as all do.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Look at configuration, keys, bus, database, bucket, models, certificates, destinations and machine; say what to do.

    Nothing is changed, and nothing is sent. Exit code 1: something does not work, or not safely.

    \b
    Examples:
      deidstream doctor
      deidstream doctor --chain delivery --json
    """
    settings = Settings.load(config, os.environ)
    deployment = Deployment.of(settings)
    hosted = tuple(stage for one in deployment.chains for stage in one)
    patient = Patient(settings, deployment, tuple(chain.split("+")) if chain else hosted)
    _known(patient.stages)
    found = [one for name, check in CHECKS.items() for one in looked(name, check, patient)]
    _say(found, as_json)
    if any(one.verdict == "bad" for one in found):
        raise typer.Exit(1)


def _known(stages: Sequence[str]) -> None:
    from deidstream.cli.chains import parse

    parse("+".join(stages))


def _say(found: Sequence[Finding], as_json: bool) -> None:
    if as_json:
        for one in found:
            typer.echo(json.dumps(asdict(one)))
        return
    table = Table("", "what", "found", "where", "do")
    for one in found:
        done = ("", "", one.said) if one.verdict != "good" else (one.said, "", "")
        table.add_row(one.verdict, one.check, done[0] or one.code, one.place, done[2])
    Console().print(table)
