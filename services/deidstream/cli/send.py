"""``deidstream send``: files to an MLLP, a FHIR or a DICOM listener, as a hospital system sends them."""

from __future__ import annotations

import json
import ssl
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from deidstream.adapters.fhir_client import FhirAddress
from deidstream.adapters.mllp_client import MllpAddress
from deidstream.adapters.sending import FhirPort, FhirRequest, MllpPort, Pace, Sent, send_all
from deidstream.adapters.tls import client_context
from deidstream.cli.clean.inputs import inputs
from deidstream.core.errors import Malformed, Misconfigured
from deidstream.formats.hl7v2 import messages
from deidstream.stages.ingest.unpack import Unpacked, unpack

if TYPE_CHECKING:  # only who sends DICOM loads it
    from deidstream.adapters.dicom_client import Syntax
    from deidstream.adapters.dicom_sending import DicomPort

__all__ = ["send"]

NOT_ALL_ACCEPTED = 3
_TRANSACTIONS = ("batch", "transaction")


def send(
    sources: Annotated[
        list[Path], typer.Argument(metavar="SRC...", help="Files and folders: HL7, FHIR JSON, NDJSON, DICOM.")
    ],
    mllp: Annotated[str, typer.Option(metavar="HOST:PORT", help="Where HL7 v2 goes.")] = "",
    fhir: Annotated[str, typer.Option(metavar="URL", help="Base address of the FHIR endpoint.")] = "",
    dicom: Annotated[str, typer.Option(metavar="HOST:PORT", help="Where DICOM instances go, by C-STORE.")] = "",
    called_ae: Annotated[str, typer.Option(metavar="TITLE", help="What is called there.")] = "DEIDSTREAM",
    calling_ae: Annotated[str, typer.Option(metavar="TITLE", help="Who calls.")] = "DEIDSTREAM-SEND",
    connections: Annotated[int, typer.Option(min=1, max=256, help="How many at a time; 1 keeps the order.")] = 1,
    rate: Annotated[float, typer.Option(min=0, help="Messages a second; 0: as fast as they go.")] = 0.0,
    attempts: Annotated[int, typer.Option(min=1, help="How often to send what gets no answer.")] = 3,
    tls: Annotated[bool, typer.Option("--tls", help="MLLP and DICOM over TLS.")] = False,
    ca: Annotated[Path | None, typer.Option(help="PEM of whom to trust; default: the system's.")] = None,
    certificate: Annotated[Path | None, typer.Option(help="PEM of this client.")] = None,
    key: Annotated[Path | None, typer.Option(help="PEM of its key.")] = None,
    token: Annotated[str, typer.Option(envvar="DEIDSTREAM_TOKEN", help="Bearer token for FHIR.")] = "",
) -> None:
    """Send messages and wait for each acknowledgement.

    HL7 files and batches go to --mllp, DICOM instances to --dicom. FHIR resources and NDJSON lines go to --fhir:
    a resource with an id by PUT, one without by POST, a batch or transaction to the base address.

    \b
    Exit code 0: all accepted. 3: some were not. 2: wrong usage.

    \b
    Examples:
      deidstream send day/ --mllp localhost:2575 --fhir http://localhost:8080/fhir
      deidstream send feed.hl7 --mllp his.example:2575 --tls --ca ca.pem
      deidstream send day/ --mllp localhost:2575 --rate 50 --connections 4
      deidstream send study/ --dicom localhost:11112
    """
    context = client_context(ca, certificate, key) if tls or ca or certificate else None
    routes = _routes(mllp, fhir, context, token)
    if dicom:
        routes = replace(routes, dicom=_dicom(dicom, (called_ae, calling_ae), context))
    if routes == _Routes():
        raise Misconfigured("where-to", "send", "give --mllp HOST:PORT, --fhir URL or --dicom HOST:PORT")
    queued, unsent = _queued(sources, routes)
    tally = _Tally(total=len(queued), unreadable=unsent)
    wire = _Wire(queued, routes, Pace(connections, rate, attempts))
    for sent in _shown(wire, tally.total):
        tally.add(sent)
    tally.say()
    if not tally.complete:
        raise typer.Exit(NOT_ALL_ACCEPTED)


class _Queued(NamedTuple):
    """One message and its way: ``mllp``, ``fhir`` or ``dicom``."""

    way: str
    message: bytes | FhirRequest


@dataclass(frozen=True, slots=True)
class _Routes:
    """Where each format goes; None: nowhere."""

    mllp: Callable[[], MllpPort] | None = None
    fhir: Callable[[], FhirPort] | None = None
    dicom: Callable[[frozenset[Syntax]], DicomPort] | None = None
    """For the SOP classes and transfer syntaxes that are to be sent."""


@dataclass(frozen=True, slots=True)
class _Wire:
    """What is sent how."""

    queued: Sequence[_Queued] = field(repr=False)
    routes: _Routes
    pace: Pace

    def __iter__(self) -> Iterator[Sent]:
        instances = [one.message for one in self.queued if one.way == "dicom" and isinstance(one.message, bytes)]
        syntaxes = _syntaxes(instances) if instances else frozenset()
        return send_all(self.queued, lambda: _Port(self.routes, syntaxes), self.pace)


class _Port:
    """A connection of each kind that is needed."""

    def __init__(self, routes: _Routes, syntaxes: frozenset[Syntax]) -> None:
        self._mllp = routes.mllp() if routes.mllp else None
        self._dicom = routes.dicom(syntaxes) if routes.dicom and syntaxes else None
        self._fhir = routes.fhir() if routes.fhir else None

    def send(self, message: _Queued) -> tuple[bool, str]:
        """See ``adapters.sending.Port``."""
        if isinstance(message.message, bytes):
            port = self._dicom if message.way == "dicom" else self._mllp
            assert port is not None
            return port.send(message.message)
        assert self._fhir is not None
        return self._fhir.send(message.message)

    def close(self) -> None:
        """See ``adapters.sending.Port``."""
        for port in (self._mllp, self._fhir, self._dicom):
            if port is not None:
                port.close()


@dataclass(slots=True)
class _Tally:
    """How it went: codes, counts and times."""

    total: int
    unreadable: Counter[str] = field(default_factory=Counter)
    accepted: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)

    def add(self, sent: Sent) -> None:
        """Counts one."""
        self.seconds.append(sent.seconds)
        if sent.accepted:
            self.accepted += 1
        else:
            self.refused[sent.status] += 1

    @property
    def complete(self) -> bool:
        """Whether all were accepted."""
        return not self.refused and not self.unreadable and self.accepted == self.total

    def say(self) -> None:
        """The summary: one line, and one a reason."""
        for reason, count in self.unreadable.most_common():
            typer.echo(f"  not sent {count}: {reason}", err=True)
        codes = " ".join(f"{code}={count}" for code, count in sorted(self.refused.items()))
        typer.echo(
            f"send: sent={len(self.seconds)} accepted={self.accepted} refused={self.refused.total()}"
            + (f" ({codes})" if codes else "")
            + f" p50={_share(self.seconds, 0.5) * 1000:.1f}ms p99={_share(self.seconds, 0.99) * 1000:.1f}ms"
        )


def _routes(mllp: str, fhir: str, context: ssl.SSLContext | None, token: str) -> _Routes:
    if fhir and not fhir.startswith(("http://", "https://")):
        raise Misconfigured("fhir-url", "--fhir", "an address like http://localhost:8080/fhir")
    host, port = _address(mllp, "mllp", 2575) if mllp else ("", 0)
    return _Routes(
        (lambda: MllpPort(MllpAddress(host, port, context))) if mllp else None,
        (lambda: FhirPort(FhirAddress(fhir, token, context))) if fhir else None,
    )


def _address(given: str, option: str, example: int) -> tuple[str, int]:
    host, _, port = given.rpartition(":")
    if not (host and port.isdigit() and 0 < int(port) < 65_536):
        raise Misconfigured(f"{option}-address", f"--{option}", f"an address like localhost:{example}")
    return host.strip("[]"), int(port)


def _dicom(
    given: str, titles: tuple[str, str], context: ssl.SSLContext | None
) -> Callable[[frozenset[Syntax]], DicomPort]:
    from deidstream.adapters.dicom_client import DicomAddress
    from deidstream.adapters.dicom_sending import DicomPort

    address = DicomAddress(*_address(given, "dicom", 11112), *titles, context)
    return lambda syntaxes: DicomPort(address, syntaxes)


def _syntaxes(instances: Sequence[bytes]) -> frozenset[Syntax]:
    from deidstream.adapters.dicom_sending import syntax_of

    return frozenset(syntax_of(one) for one in instances)


def _queued(sources: Sequence[Path], routes: _Routes) -> tuple[list[_Queued], Counter[str]]:
    """Every message of ``sources`` in the order of names, and why others are not among them."""
    queued: list[_Queued] = []
    unsent: Counter[str] = Counter()
    for item in inputs(sources):
        try:
            unpacked = unpack(item.path.read_bytes(), item.name)
            queued += _of_file(unpacked, routes)
        except Malformed as error:
            unsent[error.code] += 1
        except OSError:
            unsent["unreadable-file"] += 1
    return queued, unsent


def _of_file(unpacked: Unpacked, routes: _Routes) -> Iterator[_Queued]:
    if unpacked.format == "hl7v2" and routes.mllp:
        for member in unpacked.members:
            if not all(one.envelope for one in messages(member)):
                yield _Queued("mllp", member.strip(b"\x0b\x1c\r\n ") + b"\r")
    elif unpacked.format == "fhir" and routes.fhir:
        for member in unpacked.members:
            yield _Queued("fhir", _request(member))
    elif unpacked.format == "dicom" and routes.dicom:
        for member in unpacked.members:
            _syntaxes([member])  # raises where it is no instance
            yield _Queued("dicom", member)
    else:
        raise Malformed(f"no-way-for-{unpacked.format}", "file")


def _request(content: bytes) -> FhirRequest:
    try:
        resource = json.loads(content)
        kind, identifier = str(resource["resourceType"]), resource.get("id")
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Malformed("not-a-resource", "file") from None
    if kind == "Bundle" and resource.get("type") in _TRANSACTIONS:
        return FhirRequest("POST", "", content)
    if kind == "Bundle" and resource.get("type") == "message":
        return FhirRequest("POST", "$process-message", content)
    if isinstance(identifier, str) and identifier:
        return FhirRequest("PUT", f"{kind}/{identifier}", content)
    return FhirRequest("POST", kind, content)


def _shown(wire: _Wire, total: int) -> Iterator[Sent]:
    columns = (TextColumn("sending"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield from progress.track(wire, total=total)


def _share(seconds: Sequence[float], share: float) -> float:
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
