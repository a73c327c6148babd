"""Who released a model: an Ed25519 signature over ``tagger.json`` or ``picture.json``, which has the hashes of its files.

Keys are PEM files.
"""

from __future__ import annotations

from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from deidstream.core.errors import Misconfigured

__all__ = ["sign", "signature_of", "verify"]


def signature_of(description: Path) -> Path:
    """Where the signature of that file lies, or would."""
    return description.with_suffix(".json.sig")


def sign(description: Path, key: Path) -> None:
    """Writes the signature of that file. Raises Misconfigured for a key that is none."""
    try:
        private = load_pem_private_key(key.read_bytes(), None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Misconfigured("key-unreadable", key.name, type(error).__name__) from None
    if not isinstance(private, Ed25519PrivateKey):
        raise Misconfigured("key-unreadable", key.name, "not a private key of Ed25519")
    signature_of(description).write_bytes(private.sign(description.read_bytes()))


def verify(description: Path, key: Path) -> None:
    """Raises Misconfigured where that file is not signed with the private key that belongs to ``key``.

    It has to be the one that is read: a folder may hold another one beside it, signed for another model.
    """
    there = signature_of(description)
    place = f"{description.parent.name}/{there.name}"
    try:
        public = load_pem_public_key(key.read_bytes())
    except (OSError, ValueError, UnsupportedAlgorithm) as error:
        raise Misconfigured("key-unreadable", key.name, type(error).__name__) from None
    if not isinstance(public, Ed25519PublicKey):
        raise Misconfigured("key-unreadable", key.name, "not a public key of Ed25519")
    try:
        public.verify(there.read_bytes(), description.read_bytes())
    except OSError:
        raise Misconfigured("model-unsigned", place, "sign it with: deidstream models sign") from None
    except InvalidSignature:
        raise Misconfigured("model-unsigned", place, f"not signed with the key that belongs to {key.name}") from None
