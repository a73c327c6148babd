"""What the processes speak with: bus, database, bucket, models, destinations."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from deidstream.adapters.opening import KAFKA
from deidstream.adapters.s3_artifacts import S3Artifacts
from deidstream.adapters.sql_engine import is_postgres, open_engine
from deidstream.adapters.sql_schema import require_clock, require_revision
from deidstream.cli.doctor.finding import Finding, Patient, bad, good, warning
from deidstream.cli.retention import days_of
from deidstream.cli.topics import wanted
from deidstream.stages.delivery.config import DeliverySettings, DestinationSettings, FolderDestinationSettings
from deidstream.stages.picturing import ImageSettings
from deidstream.stages.process import open_bucket
from deidstream.stages.text.config import TextSettings
from deidstream.stream.stages import GROUP

__all__ = ["bucket", "bus", "database", "destinations", "models"]

_ANSWER_SECONDS = 5.0


def bus(patient: Patient) -> Iterator[Finding]:
    """On Kafka: it lets us in, the topics are what they must be, we may be of the group."""
    url = patient.deployment.bus_url
    if not url.startswith(KAFKA):
        yield good("an SQLite file")
        return
    from deidstream.adapters.kafka_topics import check, check_group  # librdkafka, where it is used

    cluster, topics = wanted(patient.settings)
    different = check(cluster, topics)
    for one in different:
        do = "deidstream topics apply" if not one.setting else f"is {one.found}, must be {one.wanted}: kafka-configs"
        yield bad("topic-missing" if not one.setting else "topic-differs", f"{one.topic} {one.setting}".strip(), do)
    if not different:
        check_group(cluster, GROUP)
        yield good(f"Kafka, {len(topics)} topics as they must be, and the group is ours")


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


def models(patient: Patient) -> Iterator[Finding]:
    """Their files are as they were released."""
    tagger = patient.settings.section("text", TextSettings).tagger
    if tagger is not None and "text" in patient.stages:
        from deidstream.adapters.taggers import folder_of
        from deidstream.detection.text.tagger.description import described

        found = described(folder_of(tagger.folder))
        yield good(f"tagger {found.name} {found.version} as released")
    elif "text" in patient.stages:
        yield warning("no-tagger", "text.tagger", "texts are read by rules and identity alone, which miss more")
    if {"image", "writer"} & set(patient.stages) and any("image" in chain for chain in patient.deployment.chains):
        from deidstream.adapters.pictures import models as pictures

        folder = patient.settings.section("image", ImageSettings).setting.models
        for name in (*pictures.OCR, pictures.FACES):
            pictures.described(folder / name)
        yield good("readers of pictures as released")


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
