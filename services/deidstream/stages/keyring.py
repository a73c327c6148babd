"""Where the keys of a deployment are kept, and the ring of a process over them."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from deidstream.adapters.kept_keys import KeptKeyRing
from deidstream.adapters.opening import Foldered, Vaulted, open_keys
from deidstream.stream.deployment import Deployment
from deidstream.stream.key_places import Kms, Vault

if TYPE_CHECKING:
    from deidstream.adapters.aws_kms import KmsAddress

__all__ = ["place_of", "ring_of"]


def ring_of(
    deployment: Deployment, purposes: Collection[str] | None = None, create: bool = False, stay: bool = False
) -> KeptKeyRing:
    """See ``open_keys``. A key that the platform or Vault provides is made by no process, whatever ``create`` says."""
    return open_keys(place_of(deployment), purposes, create and not deployment.vault, stay)


def place_of(deployment: Deployment) -> Foldered | Vaulted:
    """As the configuration says. Raises Misconfigured for an address that is not encrypted."""
    if deployment.vault:
        return _vaulted(deployment.vault)
    kms = _wrapped(deployment.kms) if deployment.kms else None
    return Foldered(deployment.key_folder, deployment.keys_provided, kms)


def _vaulted(vault: Vault) -> Vaulted:
    from deidstream.adapters.vault_http import VaultAddress  # with its HTTP client, which others do not load
    from deidstream.adapters.vault_session import VaultLogin

    login = VaultLogin(vault.login, vault.proof, vault.role, vault.login_mount or "")
    return Vaulted(VaultAddress(vault.address, vault.ca, vault.namespace), login, vault.mount, vault.path)


def _wrapped(kms: Kms) -> KmsAddress:
    from deidstream.adapters.aws_kms import KmsAddress

    return KmsAddress(kms.key, kms.region, kms.endpoint, kms.credentials, kms.ca)
