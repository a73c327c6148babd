"""Who released a tagger: an Ed25519 signature over ``tagger.json``, which holds the hashes of its files. Keys are PEM files."""

from __future__ import annotations

from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from deidstream.core.errors import Misconfigured
from deidstream.detection.text.tagger.description import DESCRIPTION

__all__ = ["SIGNATURE", "sign", "verify"]

SIGNATURE = f"{DESCRIPTION}.sig"


def sign(folder: Path, key: Path) -> None:
    """Writes the signature of the tagger in ``folder``. Raises Misconfigured for a key that is none."""
    try:
        private = load_pem_private_key(key.read_bytes(), None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Misconfigured("key-unreadable", key.name, type(error).__name__) from None
    if not isinstance(private, Ed25519PrivateKey):
        raise Misconfigured("key-unreadable", key.name, "not a private key of Ed25519")
    (folder / SIGNATURE).write_bytes(private.sign((folder / DESCRIPTION).read_bytes()))


def verify(folder: Path, key: Path) -> None:
    """Raises Misconfigured where the tagger in ``folder`` is not signed with the private key that belongs to ``key``."""
    place = f"{folder.name}/{SIGNATURE}"
    try:
        public = load_pem_public_key(key.read_bytes())
    except (OSError, ValueError, UnsupportedAlgorithm) as error:
        raise Misconfigured("key-unreadable", key.name, type(error).__name__) from None
    if not isinstance(public, Ed25519PublicKey):
        raise Misconfigured("key-unreadable", key.name, "not a public key of Ed25519")
    try:
        public.verify((folder / SIGNATURE).read_bytes(), (folder / DESCRIPTION).read_bytes())
    except OSError:
        raise Misconfigured("model-unsigned", place, "sign it with: deidstream models sign") from None
    except InvalidSignature:
        raise Misconfigured("model-unsigned", place, f"not signed with the key that belongs to {key.name}") from None
