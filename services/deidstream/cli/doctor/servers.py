"""What the processes speak with: bus, database, bucket, destinations."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from deidstream.adapters.opening import KAFKA
from deidstream.adapters.s3_artifacts import S3Artifacts
from deidstream.adapters.sql_engine import is_postgres, open_engine
from deidstream.adapters.sql_schema import require_clock, require_revision
from deidstream.cli.doctor.finding import Finding, Patient, bad, good, warning
from deidstream.cli.retention import days_of
from deidstream.cli.topics import wanted
from deidstream.core.errors import Misconfigured
from deidstream.stages.delivery.config import (
    DeliverySettings,
    DestinationSettings,
    FolderDestinationSettings,
    TopicDestinationSettings,
)
from deidstream.stages.process import open_bucket
from deidstream.stream.rights import rights_of
from deidstream.stream.stages import GROUP

if TYPE_CHECKING:
    from deidstream.adapters.kafka_client import Cluster
    from deidstream.adapters.kafka_topics import Difference, Topic

__all__ = ["bucket", "bus", "database", "destinations"]

_ANSWER_SECONDS = 5.0


def bus(patient: Patient) -> Iterator[Finding]:
    """On Kafka: it lets us in, the topics of these stages are what they must be, we may be of their groups."""
    url = patient.deployment.bus_url
    if not url.startswith(KAFKA):
        yield good("an SQLite file")
        return
    from deidstream.adapters.kafka_topics import check_group, check_shape  # librdkafka, where it is used

    cluster, topics = wanted(patient.settings)
    topics = _of(patient, topics)
    different = check_shape(cluster, topics)
    missing = {one.topic for one in different if not one.setting}
    settings = _settings(cluster, [one for one in topics if one.name not in missing])
    different += settings or []
    for one in different:
        do = "deidstream topics apply" if not one.setting else f"is {one.found}, must be {one.wanted}: kafka-configs"
        yield bad("topic-missing" if not one.setting else "topic-differs", f"{one.topic} {one.setting}".strip(), do)
    if not different:
        for group in _groups(patient):
            check_group(cluster, group)
        hidden = ", as far as this user may see" if settings is None else ""
        yield good(f"Kafka, {len(topics)} topics as they must be{hidden}, and the groups are ours")


def _of(patient: Patient, topics: Sequence[Topic]) -> list[Topic]:
    """Those that its stages read or write: a user of theirs sees no other."""
    destinations = patient.settings.section("delivery", DeliverySettings).destinations
    written = [one.topic for one in destinations if isinstance(one, TopicDestinationSettings)]
    known = {right.name for right in rights_of(patient.stages, written) if right.kind == "topic"}
    return [one for one in topics if one.name in known]


def _settings(cluster: Cluster, topics: Sequence[Topic]) -> list[Difference] | None:
    """None where this user may not see them, as the user of a chain may not."""
    from deidstream.adapters.kafka_topics import check_settings

    try:
        return check_settings(cluster, topics)
    except Misconfigured as error:
        if error.code != "kafka-not-allowed":
            raise
        return None


def _groups(patient: Patient) -> list[str]:
    """Of which the processes of these stages are members."""
    looped = [GROUP] if set(patient.stages) - {"ingest", "delivery"} else []
    if "delivery" not in patient.stages:
        return looped
    delivery = patient.settings.section("delivery", DeliverySettings)
    return [*looped, *(f"delivery.{one.name}" for one in delivery.destinations)]


def database(patient: Patient) -> Iterator[Finding]:
    """It answers, has the tables of this version, and its clock is ours."""
    engine = open_engine(patient.deployment.database_url("identity")) if patient.deployment.database else None
    if engine is None or not is_postgres(engine):
        yield good("SQLite files")
        return
    revision = require_revision(engine)
    require_clock(engine)
    yield good(f"PostgreSQL, revision {revision}, clocks agree")


def bucket(patient: Patient) -> Iterator[Finding]:
    """It answers, and keeps what records name for as long as they do."""
    if not patient.deployment.artifacts:
        yield good("none: large content stays in the records")
        return
    days = days_of(patient.settings)
    store = open_bucket(patient.deployment.artifacts, patient.deployment.artifacts_access)
    if not isinstance(store, S3Artifacts):
        yield good("a folder")
        return
    store.check()
    if store.expiry() != days:
        yield bad("expiry-differs", "deployment.artifacts_days", "deidstream artifacts apply")
        return
    yield good("it expires what nobody needs any more")


def destinations(patient: Patient) -> Iterator[Finding]:
    """Each is where it is said to be: a folder that can be written, a port that somebody listens on."""
    if "delivery" not in patient.stages:
        yield good("delivery runs elsewhere")
        return
    settings = patient.settings.section("delivery", DeliverySettings).destinations
    if not settings:
        yield warning("no-destinations", "delivery.destinations", "nothing that is released goes anywhere")
    for one in settings:
        yield _reached(one)


def _reached(settings: DestinationSettings) -> Finding:
    place = f"delivery.{settings.name}"
    if isinstance(settings, FolderDestinationSettings):
        there = Path(settings.path)
        return good(f"{settings.name} is a folder") if there.is_dir() else bad("folder-away", place, "make or mount it")
    address = _address(settings)
    if address is None:
        return good(f"{settings.name} is asked when something goes there")
    try:
        socket.create_connection(address, _ANSWER_SECONDS).close()
    except OSError as error:
        return warning("no-answer", place, f"releases wait: is it up, and the way open? (errno {error.errno})")
    return good(f"{settings.name} listens")


def _address(settings: DestinationSettings) -> tuple[str, int] | None:
    if settings.kind in ("mllp", "dicom"):
        return str(settings.host), int(settings.port)
    if settings.kind in ("fhir", "stow"):
        url = urlsplit(str(settings.url))
        return str(url.hostname), url.port or (443 if url.scheme == "https" else 80)
    return None
