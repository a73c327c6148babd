"""Sections ``deployment.vault`` and ``deployment.kms``: keys that do not lie in the clear on a disk of ours."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["Kms", "Vault"]

_Path = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$")]


class Vault(BaseModel):
    """A Vault server, or OpenBao, with one entry a purpose in a KV store of version 2."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    address: str
    """``https://HOST:PORT``."""
    ca: Path | None = None
    """PEM file of authorities to trust; default: those of the system."""
    namespace: str = ""
    """Where the server has namespaces."""
    mount: _Path = "secret"
    """Of the KV store."""
    path: _Path = "deidstream"
    """The entry of a purpose is PATH/PURPOSE."""
    login: Literal["kubernetes", "approle", "token"]
    """How a process shows who it is. ``token``: a file that Vault Agent, or somebody, keeps valid."""
    login_mount: _Path | None = None
    """Of that method, below ``auth/``; default: its name."""
    role: str = ""
    """kubernetes: the name of the role; approle: the role id."""
    secret: Path | None = None
    """File with the secret id (approle), the token (token) or the service account's token (default: its usual place)."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.login != "token" and not self.role:
            raise ValueError("role: name the role to log in as")
        if self.login != "kubernetes" and self.secret is None:
            raise ValueError("secret: name the file with the secret id, or the token")
        return self

    @property
    def proof(self) -> Path:
        """The file that proves who we are."""
        return self.secret or Path("/var/run/secrets/kubernetes.io/serviceaccount/token")


class Kms(BaseModel):
    """A key of AWS KMS that wraps the keys in files; or of a service with its API."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    key: str = Field(min_length=1)
    """ARN, id or alias (``alias/NAME``) of a symmetric key."""
    region: str = Field(pattern=r"^[a-z0-9-]+$")
    endpoint: str = ""
    """``https://HOST[:PORT]``; default: that of the region."""
    credentials: Path | None = None
    """File of two or three lines (access key, secret key, session token); default: what EKS, ECS or EC2 give the process."""
    ca: Path | None = None
    """PEM file of authorities to trust; default: those of the system."""
