"""Settings of delivery: the destinations."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from deidstream.stream.buckets import BucketAccess
from deidstream.stream.dicom import AeTitle
from deidstream.stream.kafka import KafkaClient

__all__ = [
    "BucketDestinationSettings",
    "ClientTls",
    "CommitmentSettings",
    "DeliverySettings",
    "DestinationSettings",
    "DicomDestinationSettings",
    "FhirDestinationSettings",
    "FolderDestinationSettings",
    "KafkaDestinationSettings",
    "MllpDestinationSettings",
    "StowDestinationSettings",
    "TopicDestinationSettings",
]

Seconds = Annotated[float, Field(gt=0)]


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class ClientTls(_Settings):
    """How a client trusts, and shows who it is; all PEM."""

    ca: Path | None = None
    """Authorities to trust; default: those of the system."""
    certificate: Path | None = None
    key: Path | None = None


class _Destination(_Settings):
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,21}$")
    projects: tuple[str, ...] = Field(min_length=1)
    """Which projects' releases go there. Always named: a destination that takes all would take a new project's too."""
    ordered: bool = False
    """Whether messages of one source and subject go out in the order in which they came in."""
    order_seconds: Seconds = 600.0
    """How long a release waits for its predecessors before they are recorded as a gap."""
    rejoin: bool = False
    """Whether members of a batch file go out as one file again."""
    rejoin_seconds: Seconds = 3600.0
    """How long a batch file waits for its last member before it goes out without."""
    rejoin_members: int = Field(default=10_000, gt=0)
    """Members of larger batch files go out one by one."""
    batch: int = Field(default=50, gt=0)
    """Releases that are sent before the ledger is written."""
    error_attempts: int = Field(default=5, gt=0)
    """How often a release that the receiver answers with an error of its own (AE, CE) is sent before it counts as refused."""
    remember_days: float = Field(default=30.0, gt=0)
    """How long the ledger remembers what was delivered."""

    @model_validator(mode="after")
    def _one_way_of_waiting(self) -> Self:
        if self.ordered and self.rejoin:
            raise ValueError("a destination is either ordered or puts batch files together again, not both")
        return self


class FolderDestinationSettings(_Destination):
    """Files in a folder."""

    kind: Literal["folder"]
    path: Path
    ndjson: bool = False
    """Append FHIR resources to one NDJSON file a project and day instead of writing a file each."""


class MllpDestinationSettings(_Destination):
    """An HL7 v2 receiver."""

    kind: Literal["mllp"]
    host: str
    port: int = Field(gt=0, le=65535)
    tls: ClientTls | None = None
    connect_seconds: Seconds = 10.0
    answer_seconds: Seconds = 30.0


class ServerTls(_Settings):
    """How a listener shows who it is; all PEM."""

    certificate: Path
    key: Path
    client_ca: Path | None = None
    """Authority of the certificate that whoever connects must show."""


class CommitmentSettings(_Settings):
    """Whether a receiver must commit itself to keep what it got (storage commitment) before that counts as delivered."""

    seconds: Annotated[float, Field(gt=0, le=100)] = 60.0
    """How long its report is waited for before it is asked again."""
    outstanding: int = Field(default=1000, gt=0, le=5000)
    """How many may await their report while others are sent; none where the destination is ordered or puts files together."""
    host: str = "0.0.0.0"  # noqa: S104 - the receiver is another machine
    port: int | None = Field(default=None, gt=0, le=65535)
    """Where it reports to on an association of its own; null: it reports on ours."""
    tls: ServerTls | None = None


class DicomDestinationSettings(_Destination):
    """A DICOM receiver, by C-STORE."""

    kind: Literal["dicom"]
    host: str
    port: int = Field(default=104, gt=0, le=65535)
    called_ae: AeTitle
    """What the receiver is called."""
    calling_ae: AeTitle = "DEIDSTREAM"
    """What it knows us as."""
    tls: ClientTls | None = None
    connect_seconds: Seconds = 10.0
    answer_seconds: Seconds = 120.0
    commitment: CommitmentSettings | None = None


class StowDestinationSettings(_Destination):
    """A DICOMweb server, by STOW-RS."""

    kind: Literal["stow"]
    url: str = Field(pattern=r"^https?://")
    """The base URL; instances are posted to ``URL/studies``."""
    token: SecretStr | None = None
    tls: ClientTls | None = None
    answer_seconds: Seconds = 120.0


class FhirDestinationSettings(_Destination):
    """A FHIR server."""

    kind: Literal["fhir"]
    url: str = Field(pattern=r"^https?://")
    """The base URL."""
    token: SecretStr | None = None
    tls: ClientTls | None = None
    answer_seconds: Seconds = 60.0


class BucketDestinationSettings(_Destination):
    """Objects of an S3 bucket."""

    kind: Literal["bucket"]
    url: str = Field(pattern=r"^(s3|file)://")
    """``s3://BUCKET/PREFIX?endpoint=https://HOST:PORT``."""
    access: BucketAccess = BucketAccess()


class TopicDestinationSettings(_Destination):
    """Another topic of the bus, in the clear: the content is de-identified."""

    kind: Literal["topic"]
    topic: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")


class KafkaDestinationSettings(_Destination):
    """A topic of a Kafka cluster that is not the bus, in the clear. It must exist."""

    kind: Literal["kafka"]
    servers: str = Field(pattern=r"^[^/,\s]+:\d+(,[^/,\s]+:\d+)*$")
    """``HOST:PORT[,HOST:PORT...]``"""
    security: KafkaClient = KafkaClient()
    topic: str = Field(pattern=r"^[A-Za-z0-9._-]{1,249}$")


DestinationSettings = Annotated[
    FolderDestinationSettings
    | MllpDestinationSettings
    | DicomDestinationSettings
    | StowDestinationSettings
    | FhirDestinationSettings
    | BucketDestinationSettings
    | TopicDestinationSettings
    | KafkaDestinationSettings,
    Field(discriminator="kind"),
]


class DeliverySettings(_Settings):
    """The whole stage."""

    destinations: tuple[DestinationSettings, ...] = ()

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        if len({one.name for one in self.destinations}) < len(self.destinations):
            raise ValueError("two destinations have the same name")
        return self
