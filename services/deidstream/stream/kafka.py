"""How to speak with a Kafka cluster, and section ``deployment.kafka``: what its topics must be besides."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from deidstream.core.errors import Misconfigured

__all__ = ["Kafka", "KafkaClient"]


def _there(path: Path | None) -> Path | None:
    if path is not None and not (path.is_file() and os.access(path, os.R_OK)):
        raise ValueError("the file must exist and be readable")
    return path


_Pem = Annotated[Path | None, AfterValidator(_there), Field(description="A PEM file.")]
_Secret = Annotated[Path | None, AfterValidator(_there), Field(description="A file with the password alone.")]
_Partitions = Annotated[
    int, Field(ge=1, le=1_000, description="Of each topic; as many processes share a stage at most.")
]
_Copies = Annotated[int, Field(ge=1, le=9, description="Empty: three, or as many as there are brokers.")]
_InboxDays = Annotated[
    float, Field(gt=0, description="How long a case may wait to be read; after that its stage stops.")
]
_ReleaseDays = Annotated[float, Field(gt=0, description="How long a destination may be away.")]
_RawDays = Annotated[float, Field(gt=0, description="How long sources can be replayed.")]


class KafkaClient(BaseModel):
    """How a client trusts a cluster, and shows who it is."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    ca: _Pem = None
    """Of the authority that signed the brokers' certificates."""
    certificate: _Pem = None
    """Ours, for mTLS."""
    key: _Pem = None
    mechanism: Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"] = "SCRAM-SHA-512"
    user: str = ""
    password: SecretStr = SecretStr("")
    password_file: _Secret = None
    """Instead of ``password``: a file that holds it alone."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        given = bool(self.password.get_secret_value())
        if given and self.password_file:
            raise ValueError("give the password here or in a file, not both")
        given = given or bool(self.password_file)
        if self.protocol.startswith("SASL") and not (self.user and given):
            raise ValueError("SASL needs user and password")
        if bool(self.certificate) != bool(self.key):
            raise ValueError("certificate and key go together")
        if given and not self.protocol.startswith("SASL"):
            raise ValueError("a password needs protocol SASL_SSL or SASL_PLAINTEXT")
        if (self.ca or self.certificate) and not self.protocol.endswith("SSL"):
            raise ValueError("ca and certificate need protocol SSL or SASL_SSL")
        return self

    def client(self) -> dict[str, str]:
        """As settings of librdkafka."""
        given: dict[str, object] = {
            "security.protocol": self.protocol,
            "ssl.ca.location": self.ca,
            "ssl.certificate.location": self.certificate,
            "ssl.key.location": self.key,
        }
        if self.protocol.startswith("SASL"):
            given |= {
                "sasl.mechanism": self.mechanism,
                "sasl.username": self.user,
                "sasl.password": self._secret(),
            }
        return {name: str(value) for name, value in given.items() if value}

    def _secret(self) -> str:
        if self.password_file is None:
            return self.password.get_secret_value()
        try:
            return self.password_file.read_text("utf-8").strip("\r\n")
        except (OSError, UnicodeDecodeError):
            raise Misconfigured("kafka-password", str(self.password_file), "must be readable text") from None


class Kafka(KafkaClient):
    """Where ``deployment.bus`` is ``kafka://HOST:PORT[,HOST:PORT...][/PREFIX]``."""

    partitions: _Partitions = 8
    replication: _Copies | None = None
    inbox_days: _InboxDays = 7
    release_days: _ReleaseDays = 14
    raw_days: _RawDays = 30
