"""``deidstream config``: the configuration file, checked and explained."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer
from pydantic import BaseModel
from rich.console import Console

from deidstream.adapters import policy_files
from deidstream.cli.access import ConfigOption
from deidstream.cli.retention import days_of
from deidstream.core.errors import Misconfigured
from deidstream.stages.delivery.config import (
    DeliverySettings,
    DicomDestinationSettings,
    KafkaDestinationSettings,
    TopicDestinationSettings,
)
from deidstream.stages.heads.config import HeadsSettings
from deidstream.stages.identify.config import IdentifyConfig
from deidstream.stages.ingest.config import IngestSettings
from deidstream.stages.monitor.canaries import read_canaries
from deidstream.stages.monitor.config import MonitorSettings
from deidstream.stages.picturing import ImageSettings
from deidstream.stages.resolver.config import ResolverSettings
from deidstream.stages.text.config import TextSettings
from deidstream.stages.writer.config import WriterSettings
from deidstream.stream.deployment import SECTIONS, Deployment
from deidstream.stream.settings import Settings

__all__ = ["app", "checked", "schema_of"]

_OURSELVES = ("127.0.0.1", "::1", "localhost")

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Check the configuration, print its schema.")

_MODELS: dict[str, type[BaseModel]] = {
    "deployment": Deployment,
    "ingest": IngestSettings,
    "identity": IdentifyConfig,
    "text": TextSettings,
    "image": ImageSettings,
    "heads": HeadsSettings,
    "resolver": ResolverSettings,
    "writer": WriterSettings,
    "delivery": DeliverySettings,
    "monitor": MonitorSettings,
}


@app.command()
def check(config: ConfigOption = Path("deidstream.yaml")) -> None:
    """Check the configuration and everything it names. The first mistake is named with its line; exit code 2.

    \b
    Example:
      deidstream config check --config deidstream.yaml
    """
    said = checked(Settings.load(config))
    Console().print(f"{config}: {said}: good")


def checked(settings: Settings, policies: bool = True) -> str:
    """What ``settings`` configure, in a few words. Raises Misconfigured for the first mistake in them and in what they name.

    ``policies``: whether those of projects are read too; where no resolver runs their files need not be there.
    """
    settings.refuse_unknown(SECTIONS)
    sections = {name: settings.section(name, model) for name, model in _MODELS.items()}
    resolver, delivery, monitor = sections["resolver"], sections["delivery"], sections["monitor"]
    assert isinstance(resolver, ResolverSettings)
    assert isinstance(delivery, DeliverySettings)
    assert isinstance(monitor, MonitorSettings)
    if monitor.canaries is not None:
        read_canaries(monitor.canaries)
    for project in resolver.projects if policies else ():
        policy_files.load(project.policy)
    projects = {project.name for project in resolver.projects}
    for destination in delivery.destinations:
        if unknown := set(destination.projects) - projects:
            raise Misconfigured("no-such-project", f"delivery.{destination.name}", ", ".join(sorted(unknown)))
    _no_circle(sections["ingest"], delivery)
    deployment = sections["deployment"]
    assert isinstance(deployment, Deployment)
    if deployment.artifacts:
        days_of(settings)
    return f"sources, {len(projects)} projects, {len(delivery.destinations)} destinations"


def _no_circle(ingest: BaseModel, delivery: DeliverySettings) -> None:
    """Raises Misconfigured where what is delivered would be read again, for ever."""
    assert isinstance(ingest, IngestSettings)
    written = {one.topic for one in delivery.destinations if isinstance(one, KafkaDestinationSettings)}
    written |= {one.topic for one in delivery.destinations if isinstance(one, TopicDestinationSettings)}
    for source in ingest.topics:
        if source.topic in written:
            raise Misconfigured("topic-circle", f"ingest.{source.name}", "a destination writes to the topic it reads")
    ours = {(one.port, one.ae_title) for one in ingest.dicom}
    for destination in delivery.destinations:
        if (
            isinstance(destination, DicomDestinationSettings)
            and destination.host in _OURSELVES
            and (destination.port, destination.called_ae) in ours
        ):
            hint = "it would send what is released to our own listener: name the receiver's host, port and called_ae"
            raise Misconfigured("dicom-circle", f"delivery.{destination.name}", hint)


@app.command()
def schema() -> None:
    """Print the JSON schema of the configuration file.

    \b
    Example:
      deidstream config schema > deidstream.schema.json
    """
    typer.echo(json.dumps(schema_of(), indent=2))


def schema_of() -> dict[str, Any]:  # Any: JSON
    """The schema of the whole file, one property a section."""
    definitions: dict[str, Any] = {}
    properties = {}
    for name, model in _MODELS.items():
        own = model.model_json_schema(ref_template=f"#/$defs/{name}.{{model}}")
        definitions |= {f"{name}.{key}": value for key, value in own.pop("$defs", {}).items()}
        properties[name] = own
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "deidstream.yaml",
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "$defs": definitions,
    }
