"""Settings of ingest: what listens where, and what is watched."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, IPvAnyNetwork, SecretStr, model_validator

from deidstream.stream.buckets import BucketAccess
from deidstream.stream.dicom import AeTitle
from deidstream.stream.kafka import KafkaClient

__all__ = [
    "BucketSource",
    "ClientTls",
    "DicomListener",
    "DicomPeer",
    "FhirListener",
    "FhirSource",
    "FolderSource",
    "IngestSettings",
    "MllpListener",
    "ServerTls",
    "StowListener",
    "StowSource",
    "TopicSource",
    "WatchedSource",
]

SourceName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")]
"""What cases of this source are named by; not the name of a person or host."""
Port = Annotated[int, Field(ge=0, le=65535)]
_STEP = r"^[A-Za-z0-9._-]+$"
Seconds = Annotated[float, Field(gt=0)]


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class ServerTls(_Settings):
    """Certificates of a listener, all PEM."""

    certificate: Path
    key: Path
    client_ca: Path | None = None
    """Who issues client certificates."""
    client_required: bool = False


class ClientTls(_Settings):
    """How a client trusts, and shows who it is; all PEM."""

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


class _Source(_Settings):
    name: SourceName
    charset: str = ""
    """Character set of messages that state none."""
    language: str = ""
    """BCP 47 tag of the notes, where all are in one language."""

    @property
    def attributes(self) -> tuple[tuple[str, str], ...]:
        """The attributes that every case of the source has."""
        return ("charset", self.charset), ("language", self.language)


class MllpListener(_Source):
    """One port for HL7 v2."""

    host: str = "127.0.0.1"
    port: Port = 2575
    tls: ServerTls | None = None
    max_message_bytes: int = Field(default=16 << 20, gt=0)
    max_connections: int = Field(default=256, gt=0)
    pipeline: int = Field(default=64, gt=0)
    """Messages of one connection that may wait for their commit at a time."""
    idle_seconds: Seconds = 300.0
    """A connection that sends nothing for so long is closed."""
    busy_seconds: Seconds = 10.0
    """How long a message waits for room in the intake before it is answered AE."""
    acknowledge: Literal["by-header", "original", "none"] = "by-header"
    """``original``: answer as in original mode whatever MSH-15 says, for senders that fill it and do not mean it."""


class FhirSource(_Source):
    """One base path of the FHIR endpoint."""

    base: str = Field(default="/fhir", pattern=r"^(/[A-Za-z0-9._-]+)*$")
    versions: tuple[Literal["4.0", "4.3", "5.0"], ...] = Field(default=("4.0", "4.3", "5.0"), min_length=1)
    """Accepted values of the MIME parameter ``fhirVersion``; the first is meant where a client gives none."""


class FhirListener(_Settings):
    """One port for FHIR over HTTP."""

    host: str = "127.0.0.1"
    port: Port = 8080
    tls: ServerTls | None = None
    token: SecretStr | None = None
    """Bearer token that clients must give."""
    sources: tuple[FhirSource, ...] = Field(min_length=1)
    max_body_bytes: int = Field(default=64 << 20, gt=0)
    """Also after decompression."""
    max_entries: int = Field(default=20_000, gt=0)
    max_depth: int = Field(default=100, gt=0)
    max_requests: int = Field(default=128, gt=0)
    """Requests in work at a time; more are answered 429."""
    continue_traces: bool = False
    """Whether the ``traceparent`` of a client is continued: 24 bytes of its choice then stand in traces, logs and headers."""

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len({source.base for source in self.sources}) < len(self.sources):
            raise ValueError("two FHIR sources have the same base path")
        return self


class DicomPeer(_Settings):
    """One application entity that may send."""

    ae_title: AeTitle
    addresses: tuple[IPvAnyNetwork, ...] = ()
    """Where it sends from, addresses or networks; none: anywhere."""
    report_to: str = Field(default="", pattern=r"^(\S+:\d{1,5})?$")
    """``HOST:PORT`` where it awaits reports of storage commitment; none: on the association that asks."""
    report_tls: ClientTls | None = None


class DicomListener(_Source):
    """One port for DICOM instances: a provider of storage, of storage commitment and of verification."""

    host: str = "127.0.0.1"
    port: Port = 11112
    ae_title: AeTitle = "DEIDSTREAM"
    """Whoever calls another title is rejected."""
    tls: ServerTls | None = None
    allowed: tuple[DicomPeer, ...] = ()
    """Who may send; none: whoever reaches the port."""
    max_associations: int = Field(default=64, gt=0)
    max_instance_bytes: int = Field(default=512 << 20, gt=0)
    max_held_bytes: int = Field(default=1 << 30, gt=0)
    """Bytes of all instances that are on their way into the bus at a time."""
    max_pdu_bytes: int = Field(default=128 << 10, ge=4 << 10, le=16 << 20)
    """The longest PDU that peers may send."""
    associate_seconds: Seconds = 30.0
    """How long a connection may take to ask for an association."""
    idle_seconds: Seconds = 300.0
    """An association on which nothing comes for so long is aborted."""
    busy_seconds: Seconds = 10.0
    """How long an instance waits for room in the intake before it is answered A700H."""


class StowSource(_Source):
    """One base path of the DICOMweb endpoint: instances are posted to ``BASE/studies``."""

    base: str = Field(default="/dicom-web", pattern=r"^(/[A-Za-z0-9._-]+)*$")


class StowListener(_Settings):
    """One port for DICOM instances over HTTP (STOW-RS)."""

    host: str = "127.0.0.1"
    port: Port = 8043
    tls: ServerTls | None = None
    token: SecretStr | None = None
    """Bearer token that clients must give."""
    sources: tuple[StowSource, ...] = Field(min_length=1)
    max_instance_bytes: int = Field(default=512 << 20, gt=0)
    max_held_bytes: int = Field(default=1 << 30, gt=0)
    """Bytes of all instances that are on their way into the bus at a time."""
    max_requests: int = Field(default=32, gt=0)
    """Requests in work at a time; more are answered 429."""
    idle_seconds: Seconds = 60.0
    """A body of which nothing comes for so long is answered 408."""
    busy_seconds: Seconds = 10.0
    """How long an instance waits for room in the intake before it is answered A700H."""

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len({source.base for source in self.sources}) < len(self.sources):
            raise ValueError("two DICOMweb sources have the same base path")
        return self


class WatchedSource(_Source):
    """A place in which files appear."""

    every_seconds: Seconds = 1.0
    max_file_bytes: int = Field(default=512 << 20, gt=0)
    fhir_version: Literal["4.0", "4.3", "5.0"] = "4.0"


class FolderSource(WatchedSource):
    """A folder in which files appear."""

    path: Path
    done: Path | None = None
    """Where taken files go; default: ``.done`` inside the folder. Beside it, on the same file system."""
    bad: Path | None = None
    """Where files go that cannot be taken, each with a ``.reason``; default: ``.bad`` inside the folder."""
    settle_seconds: float = Field(default=2.0, ge=0)
    """A file that was last written so long ago counts as complete at first sight."""


class BucketSource(WatchedSource):
    """A bucket in which objects appear, each under a name of its own."""

    url: str = Field(pattern=r"^(s3|file)://")
    """``s3://BUCKET/PREFIX?endpoint=https://HOST:PORT``; what lies below the prefix is taken."""
    access: BucketAccess = BucketAccess()
    done: str = Field(default=".done", pattern=_STEP)
    """Below the prefix: where taken objects go."""
    bad: str = Field(default=".bad", pattern=_STEP)
    """Below the prefix: where objects go that cannot be taken, each with a ``.reason``."""


class TopicSource(_Source):
    """A Kafka topic of foreign producers: each record one HL7 v2 message or FHIR resource, under any key and headers."""

    topic: str = Field(pattern=r"^[A-Za-z0-9._-]{1,249}$")
    servers: str = Field(default="", pattern=r"^([^/,\s]+:\d+(,[^/,\s]+:\d+)*)?$")
    """``HOST:PORT[,HOST:PORT...]``; empty: the deployment's own cluster, as the deployment speaks with it."""
    security: KafkaClient = KafkaClient()
    """How to speak with ``servers``."""
    group: str = Field(default="", pattern=r"^[A-Za-z0-9._-]{0,200}$")
    """Whose position is kept at the brokers; default: ``deidstream.ingest.NAME``."""
    start: Literal["earliest", "latest"] = "earliest"
    """Where a group begins that has no position yet."""
    format: Literal["hl7v2", "fhir", "auto"] = "auto"
    fhir_version: Literal["4.0", "4.3", "5.0"] = "4.0"
    max_record_bytes: int = Field(default=15 << 20, gt=0, le=15 << 20)
    """Larger ones are put aside without their content: a case must fit into a record of the bus."""
    max_depth: int = Field(default=100, gt=0)
    """How deep the objects and arrays of a resource may be nested."""

    @model_validator(mode="after")
    def _foreign(self) -> Self:
        if self.topic.startswith("deidstream."):
            raise ValueError("a topic of foreign producers is wanted, not one of deidstream's own")
        if not self.servers and self.security != KafkaClient():
            raise ValueError("security is of servers; how to speak with the own cluster says deployment.kafka")
        return self


class IngestSettings(_Settings):
    """The whole stage."""

    mllp: tuple[MllpListener, ...] = ()
    fhir: tuple[FhirListener, ...] = ()
    dicom: tuple[DicomListener, ...] = ()
    stow: tuple[StowListener, ...] = ()
    folders: tuple[FolderSource, ...] = ()
    buckets: tuple[BucketSource, ...] = ()
    topics: tuple[TopicSource, ...] = ()
    raw_log: bool = False
    """Also keep every message, sealed as it came, on ``deidstream.raw.v1``. A replay needs no such log: it runs retained cases."""
    remember_days: float = Field(default=7.0, gt=0)
    """How long a message that is sent again is recognised."""

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        names = [one.name for one in (*self.mllp, *self.dicom, *self.folders, *self.buckets, *self.topics)]
        names += [source.name for listener in self.fhir for source in listener.sources]
        names += [source.name for listener in self.stow for source in listener.sources]
        if len(set(names)) < len(names):
            raise ValueError("two sources have the same name")
        return self
