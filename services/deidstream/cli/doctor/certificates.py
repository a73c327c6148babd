"""Certificates that the configuration names: do they load with their keys, and how long do they last?"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path

from cryptography import x509
from pydantic import BaseModel

from deidstream.adapters.tls import client_context, server_context
from deidstream.cli.doctor.finding import Finding, Patient, bad, good, warning
from deidstream.stages.delivery.config import ClientTls as Outward
from deidstream.stages.delivery.config import DeliverySettings
from deidstream.stages.ingest.config import ClientTls, IngestSettings, ServerTls
from deidstream.stream.kafka import KafkaClient

__all__ = ["certificates"]

_SOON_DAYS = 30


def certificates(patient: Patient) -> Iterator[Finding]:
    """Those of listeners, of destinations and of the bus."""
    settings: list[BaseModel] = [patient.deployment.kafka]
    if "ingest" in patient.stages:
        settings.append(patient.settings.section("ingest", IngestSettings))
    if "delivery" in patient.stages:
        settings.append(patient.settings.section("delivery", DeliverySettings))
    named = [file for section in settings for one in _trust(section) for file in _loaded(one)]
    now = datetime.datetime.now(datetime.UTC)
    for file in sorted(set(named)):
        yield from _aged(file, now)
    if not named:
        yield good("none are configured")


def _trust(section: BaseModel) -> Iterator[BaseModel]:
    """Every place in ``section`` that names certificates."""
    if isinstance(section, ServerTls | ClientTls | Outward | KafkaClient):
        yield section
    for _, value in section:
        for one in value if isinstance(value, tuple) else (value,):
            if isinstance(one, BaseModel):
                yield from _trust(one)


def _loaded(one: BaseModel) -> list[Path]:
    """Its certificates. Raises Misconfigured where TLS would not take them."""
    if isinstance(one, ServerTls):
        server_context(one.certificate, one.key, one.client_ca, one.client_required)
        return [one.certificate]
    assert isinstance(one, ClientTls | Outward | KafkaClient)
    client_context(one.ca, one.certificate, one.key)
    return [file for file in (one.ca, one.certificate) if file is not None]


def _aged(file: Path, now: datetime.datetime) -> Iterator[Finding]:
    try:
        found = x509.load_pem_x509_certificates(file.read_bytes())
    except (OSError, ValueError):
        yield bad("certificate-unreadable", str(file), "must be PEM")
        return
    ends = min(one.not_valid_after_utc for one in found)
    days = (ends - now).days
    if ends <= now:
        yield bad("certificate-expired", str(file), f"since {ends:%Y-%m-%d}: peers refuse it")
    elif days < _SOON_DAYS:
        yield warning("certificate-expires", str(file), f"in {days} days, on {ends:%Y-%m-%d}: renew it")
    else:
        yield good(f"{file.name} lasts {days} days")
