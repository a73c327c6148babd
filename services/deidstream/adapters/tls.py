"""TLS contexts for listeners and for clients. TLS 1.2 at least; peers are verified unless no authority is given."""

from __future__ import annotations

import ssl
from pathlib import Path
from urllib.parse import urlsplit

from deidstream.core.errors import Misconfigured

__all__ = ["certificate_refused", "client_context", "encrypted", "server_context"]

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


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


def encrypted(url: str) -> bool:
    """Whether what goes to ``url`` is seen by nobody else: by ``https``, or within this machine."""
    where = urlsplit(url)
    return where.scheme == "https" or (where.scheme == "http" and where.hostname in _LOOPBACK)


def certificate_refused(error: BaseException) -> bool:
    """Whether it was the peer's certificate that ended a connection: waiting does not mend that."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLCertVerificationError):
        cause = cause.__cause__ or cause.__context__
    return cause is not None


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
