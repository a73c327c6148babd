"""Key stores for Java, from the PEM files of ``tests.certificates``."""

from __future__ import annotations

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, load_pem_private_key, pkcs12

from tests.certificates import Certificates

_PASSWORD = b"changeit"


def tls_properties(folder: Path, certificates: Certificates, role: str) -> tuple[str, ...]:
    """The system properties with which Java is ``role`` (server or client) and trusts the authority."""
    certificate, key = (
        (certificates.server, certificates.server_key)
        if role == "server"
        else (
            certificates.client,
            certificates.client_key,
        )
    )
    protected = BestAvailableEncryption(_PASSWORD)
    private = load_pem_private_key(key.read_bytes(), None)
    own = pkcs12.serialize_key_and_certificates(b"own", private, _read(certificate), None, protected)
    trusted = pkcs12.serialize_java_truststore([pkcs12.PKCS12Certificate(_read(certificates.ca), b"ca")], protected)
    properties = []
    for kind, content in (("keyStore", own), ("trustStore", trusted)):
        path = folder / f"{role}-{kind}.p12"
        path.write_bytes(content)
        properties += [
            f"-Djavax.net.ssl.{kind}={path}",
            f"-Djavax.net.ssl.{kind}Type=PKCS12",
            f"-Djavax.net.ssl.{kind}Password={_PASSWORD.decode()}",
        ]
    return tuple(properties)


def _read(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())
