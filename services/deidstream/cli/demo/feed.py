"""Sends the simulated day as a hospital does: HL7 over MLLP, FHIR over HTTP, through the real listeners."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from deidstream.adapters.fhir_client import FhirAddress, FhirClient
from deidstream.adapters.mllp_client import MllpAddress
from deidstream.adapters.sending import MllpPort, Pace, Sent, send_all
from deidstream.cli.demo.deployment import FHIR, MLLP, Deployment
from deidstream.cli.simulate.day import Event
from deidstream.core.errors import Unavailable
from deidstream.stages.ingest.service import Admission

__all__ = ["Feed", "case_id"]

_CONNECTIONS = 2
_ATTEMPTS = 5


def case_id(admission: Admission, event: Event) -> str:
    """The id that ingest gives to ``event``: a keyed hash, so only who holds the key can tell."""
    if event.format == "fhir":
        return admission.identify(FHIR, b"POST \0" + event.control_id.encode(), event.content)
    return admission.identify(MLLP, event.control_id.encode(), event.content)


@dataclass(slots=True)
class Feed:
    """Sends ``events`` at ``rate`` messages a second; iterating gives each answer as it comes."""

    deployment: Deployment
    events: Sequence[Event]
    rate: float
    acknowledged: list[Sent] = field(default_factory=list)
    refused: list[Sent] = field(default_factory=list)

    def __iter__(self) -> Iterator[Sent]:
        pace = Pace(_CONNECTIONS, self.rate, _ATTEMPTS)
        for sent in send_all(self.events, lambda: _Lines(self.deployment), pace):
            (self.acknowledged if sent.accepted else self.refused).append(sent)
            yield sent


class _Lines:
    """One connection of each kind; an event takes the one of its format."""

    def __init__(self, deployment: Deployment) -> None:
        self._mllp = MllpPort(MllpAddress("127.0.0.1", deployment.mllp))
        self._fhir = FhirClient(FhirAddress(f"http://127.0.0.1:{deployment.fhir}/fhir"))

    def send(self, message: Event) -> tuple[bool, str]:
        """See ``adapters.sending.Port``."""
        if message.format != "fhir":
            return self._mllp.send(message.content)
        reply = self._fhir.send("POST", "", message.content, {"x-request-id": message.control_id})
        if reply.status in (429, 503):
            raise Unavailable(f"http-{reply.status}", "fhir")
        return reply.done, str(reply.status)

    def close(self) -> None:
        """See ``adapters.sending.Port``."""
        self._mllp.close()
        self._fhir.close()
