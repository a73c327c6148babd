"""How long artifacts must be kept at least: as long as anything that may name them."""

from __future__ import annotations

from deidstream.adapters.bus_limits import BusLimits
from deidstream.adapters.opening import KAFKA
from deidstream.core.errors import Misconfigured
from deidstream.stages.delivery.config import DeliverySettings
from deidstream.stages.identify.config import IdentifyConfig
from deidstream.stages.ingest.config import IngestSettings
from deidstream.stages.resolver.config import ResolverSettings
from deidstream.stages.writer.config import WriterSettings
from deidstream.stream.claims import CASES, RAW, RELEASES
from deidstream.stream.deployment import Deployment
from deidstream.stream.settings import Settings
from deidstream.stream.stages import RAW as RAW_TOPIC
from deidstream.stream.stages import RELEASES as RELEASES_TOPIC

__all__ = ["LAG_DAYS", "days_of", "least_days"]

LAG_DAYS = 7.0
"""How long something may wait on the embedded bus, which keeps what was not read: while a chain or a destination is away."""
_DAY = 86_400.0


def days_of(settings: Settings) -> dict[str, int]:
    """Days that each area is kept. Raises Misconfigured for one that would expire while it may still be needed."""
    days = Deployment.of(settings).artifacts_days.by_area()
    for area, least in least_days(settings).items():
        if days[area] < least:
            place = f"deployment.artifacts_days.{area}"
            raise Misconfigured(
                "artifacts-days", place, f"at least {least:.1f}: as long as records wait and cases are held"
            )
    return days


def least_days(settings: Settings) -> dict[str, float]:
    """What the settings of stages and bus ask for. A case may be held by one stage after the other."""
    held = settings.section("identity", IdentifyConfig).contradiction_hours / 24
    held += settings.section("resolver", ResolverSettings).review_days
    held += settings.section("writer", WriterSettings).review_days
    deployment = Deployment.of(settings)
    bus = _bus_days(deployment)
    cases = max(held + bus[CASES], deployment.retained_days)
    raw = max(cases, bus[RAW]) if settings.section("ingest", IngestSettings).raw_log else 1.0
    return {RAW: raw, CASES: cases, RELEASES: _waiting(settings) + bus[RELEASES]}


def _bus_days(deployment: Deployment) -> dict[str, float]:
    """The longest that a record may wait, all inboxes on its way together, or is retained."""
    if deployment.bus.startswith(KAFKA):
        kafka = deployment.kafka
        inboxes = sum(not {"ingest", "delivery"} & set(chain) for chain in deployment.chains)
        return {RAW: kafka.raw_days, CASES: kafka.inbox_days * max(1, inboxes), RELEASES: kafka.release_days}
    return {RAW: _kept(RAW_TOPIC), CASES: LAG_DAYS, RELEASES: _kept(RELEASES_TOPIC) + LAG_DAYS}


def _waiting(settings: Settings) -> float:
    """The longest that a destination holds a release back."""
    destinations = settings.section("delivery", DeliverySettings).destinations
    waits = [one.order_seconds if one.ordered else one.rejoin_seconds if one.rejoin else 0.0 for one in destinations]
    return max(waits, default=0.0) / _DAY


def _kept(topic: str) -> float:
    return (BusLimits().of(topic).keep or 0.0) / _DAY
