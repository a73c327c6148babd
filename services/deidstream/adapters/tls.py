"""TLS contexts for listeners and for clients. TLS 1.2 at least; peers are verified unless no authority is given."""

from __future__ import annotations

import ssl
from pathlib import Path

from deidstream.core.errors import Misconfigured

__all__ = ["client_context", "server_context"]


def server_context(certificate: Path, key: Path, client_ca: Path | None, client_required: bool) -> ssl.SSLContext:
    """For a listener. With ``client_ca``, a client may (or must) show a certificate from it. Raises Misconfigured."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _load(context, certificate, key)
    if client_ca is not None:
        _trust(context, client_ca)
        context.verify_mode = ssl.CERT_REQUIRED if client_required else ssl.CERT_OPTIONAL
    elif client_required:
        raise Misconfigured("tls-no-client-ca", "tls", "client certificates are required but client_ca is not set")
    return context


def client_context(ca: Path | None, certificate: Path | None, key: Path | None) -> ssl.SSLContext:
    """For a client that verifies the server against ``ca`` (or the system's authorities) and may show a certificate."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        _trust(context, ca)
    if certificate is not None:
        _load(context, certificate, key or certificate)
    return context


def _load(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError):
        raise Misconfigured("tls-certificate", str(certificate), "certificate and key must be readable PEM") from None


def _trust(context: ssl.SSLContext, ca: Path) -> None:
    try:
        context.load_verify_locations(ca)
    except (OSError, ssl.SSLError):
        raise Misconfigured("tls-authority", str(ca), "must be a readable PEM file of certificates") from None
