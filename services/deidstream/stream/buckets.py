"""Settings of whatever lies in a bucket: where it is, who asks."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from deidstream.core.errors import Misconfigured

__all__ = ["BucketAccess", "KeyPair"]


class KeyPair(NamedTuple):
    """The credentials of an S3 endpoint."""

    access_key: SecretStr
    secret_key: SecretStr


class BucketAccess(BaseModel):
    """Credentials of a bucket, and whom to trust. Where nothing is given, the bucket is asked without credentials."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    access_key: SecretStr | None = Field(
        default=None, description="Access key; better in the environment or in a file."
    )
    secret_key: SecretStr | None = Field(
        default=None, description="Secret key; better in the environment or in a file."
    )
    credentials: Path | None = Field(default=None, description="File of two lines: access key, secret key.")
    ca: Path | None = Field(default=None, description="PEM file of authorities to trust; default: those of the system.")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.credentials and (self.access_key or self.secret_key):
            raise ValueError("give the credentials in a file or here, not both")
        if bool(self.access_key) != bool(self.secret_key):
            raise ValueError("access_key and secret_key belong together")
        return self

    def pair(self) -> KeyPair:
        """Both keys, empty where none are given. Raises Misconfigured where the file cannot be read."""
        if self.credentials is None:
            return KeyPair(self.access_key or SecretStr(""), self.secret_key or SecretStr(""))
        try:
            lines = self.credentials.read_text("utf-8").split()
        except (OSError, UnicodeDecodeError):
            lines = []
        if len(lines) != 2:
            raise Misconfigured("bucket-credentials", str(self.credentials), "two lines: access key, secret key")
        return KeyPair(SecretStr(lines[0]), SecretStr(lines[1]))
