"""``deidstream topics``: what the deployment needs on Kafka."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from deidstream.adapters.kafka_client import Cluster
from deidstream.adapters.kafka_topics import Difference, Topic, brokers
from deidstream.adapters.kafka_topics import apply as apply_topics
from deidstream.adapters.kafka_topics import check as check_topics
from deidstream.adapters.opening import KAFKA
from deidstream.cli.access import ConfigOption
from deidstream.core.errors import Misconfigured
from deidstream.stages.delivery.config import DeliverySettings, TopicDestinationSettings
from deidstream.stages.monitor.config import MonitorSettings
from deidstream.stream.deployment import Deployment
from deidstream.stream.rights import Right, lag_rights, monitor_rights, operator_rights, rights_of, setup_rights
from deidstream.stream.settings import Settings
from deidstream.stream.stages import AUDIT, INBOXES, QUARANTINE, RAW, RELEASES

__all__ = ["app", "topics_of", "wanted"]

app = typer.Typer(
    no_args_is_help=True, help="Make the topics that the deployment needs on Kafka; check those that are there."
)

BusOption = Annotated[str, typer.Option(help="Instead of deployment.bus: kafka://HOST:PORT[,HOST:PORT][/PREFIX].")]

_CONFIG = Path("deidstream.yaml")
_DAY = 86_400.0
_COPIES = 3


@app.command()
def apply(config: ConfigOption = _CONFIG, bus: BusOption = "") -> None:
    """Make the topics that are missing. Those that are there stay as they are; what is wrong with them is said (exit code 1).

    \b
    Example:
      deidstream topics apply --bus kafka://kafka-1:9092
    """
    cluster, topics = _wanted(config, bus)
    _report(topics, apply_topics(cluster, topics))


@app.command()
def check(config: ConfigOption = _CONFIG, bus: BusOption = "") -> None:
    """Compare the topics with what they must be: partitions, copies, retention, clean-up, size. Exit code 1: not so.

    \b
    Example:
      deidstream topics check --config deidstream.yaml
    """
    cluster, topics = _wanted(config, bus)
    _report(topics, check_topics(cluster, topics))


@app.command()
def rights(
    config: ConfigOption = _CONFIG,
    user: Annotated[
        str, typer.Option(help="Before the name of each user: PREFIX-CHAIN, by its first stage.")
    ] = "deidstream",
    lag: Annotated[
        bool, typer.Option("--lag", help="One more, PREFIX-lag, for who scales by how far chains are behind.")
    ] = False,
    operator: Annotated[
        bool,
        typer.Option(
            "--operator", help="One more, PREFIX-operator, for people: quarantine, hold, audit, erase, replay."
        ),
    ] = False,
) -> None:
    """Print what each chain needs of a cluster that asks, as calls of kafka-acls: the least, one user a chain, and one for topics.

    The monitor gets one too, where the configuration has its section.

    \b
    Example:
      deidstream topics rights | sed 's/$/ --bootstrap-server kafka-1:9093 --command-config admin.properties/' | sh
    """
    settings = Settings.load(config, os.environ)
    deployment = Deployment.of(settings)
    prefix = Cluster.at(deployment.bus_url.removeprefix(KAFKA), {}).prefix if deployment.bus.startswith(KAFKA) else ""
    destinations = settings.section("delivery", DeliverySettings).destinations
    topics = [one.topic for one in destinations if isinstance(one, TopicDestinationSettings)]
    users = {chain[0]: rights_of(chain, topics) for chain in deployment.chains} | {"setup": setup_rights(topics)}
    if "monitor" in settings.names():
        users["monitor"] = monitor_rights(settings.section("monitor", MonitorSettings).canaries is not None)
    if lag:
        users["lag"] = lag_rights(one.name for one in destinations)
    if operator:
        users["operator"] = operator_rights()
    for name, given in users.items():
        for right in given:
            typer.echo(_acl(f"{user}-{name}", right, f"{prefix}." if prefix else ""))


def _acl(user: str, right: Right, prefix: str) -> str:
    operations = " ".join(f"--operation {one.title().replace('-', '')}" for one in right.operations)
    pattern = "prefixed" if right.prefixed else "literal"
    where = f"--{right.kind} '{prefix}{right.name}' --resource-pattern-type {pattern}"
    return f"kafka-acls --add --allow-principal User:{user} {operations} {where}"


def _report(topics: Sequence[Topic], differences: Sequence[Difference]) -> None:
    screen = Console()
    for one in differences:
        screen.print(str(one), soft_wrap=True, highlight=False)
    if differences:
        raise typer.Exit(1)
    screen.print(f"{len(topics)} topics are as they must be", highlight=False)


def _wanted(config: Path, bus: str) -> tuple[Cluster, list[Topic]]:
    given = config.exists() or config != _CONFIG or not bus  # to try Kafka out, no file is needed
    return wanted(Settings.load(config if given else None, os.environ), bus)


def wanted(settings: Settings, bus: str = "") -> tuple[Cluster, list[Topic]]:
    """The cluster, and what its topics must be. Raises Misconfigured where the bus is not Kafka, Unavailable where it is away."""
    deployment = Deployment.of(settings)
    url = bus or deployment.bus_url
    if not url.startswith(KAFKA):
        raise Misconfigured(
            "bus-url", "deployment.bus", "topics are of Kafka: set deployment.bus, or give --bus kafka://..."
        )
    cluster = Cluster.at(url.removeprefix(KAFKA), deployment.kafka.client())
    copies = deployment.kafka.replication or min(_COPIES, brokers(cluster))
    least = max(1, copies - 1)
    return cluster, [
        Topic(name, deployment.kafka.partitions, keep, copies, least) for name, keep in topics_of(settings).items()
    ]


def topics_of(settings: Settings) -> dict[str, float | None]:
    """The topics of a deployment, without its prefix, and how many seconds their records stay (None: for ever)."""
    return dict(_names(settings, Deployment.of(settings)))


def _names(settings: Settings, deployment: Deployment) -> Iterator[tuple[str, float | None]]:
    """Each topic, and how many seconds its records stay."""
    kafka = deployment.kafka
    for topic in INBOXES:
        yield topic, kafka.inbox_days * _DAY
    yield RELEASES, kafka.release_days * _DAY
    yield RAW, kafka.raw_days * _DAY
    yield AUDIT, None
    yield QUARANTINE, None
    for one in settings.section("delivery", DeliverySettings).destinations:
        if isinstance(one, TopicDestinationSettings):
            yield one.topic, kafka.release_days * _DAY
