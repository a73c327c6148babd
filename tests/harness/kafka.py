"""A real Kafka for the tests of one session."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deidstream.cli.demo.ports import free_row
from deidstream.cli.dev.broker import Cluster as Broker

from tests.certificates import Certificates
from tests.full.java import absent

__all__ = ["PASSWORDS", "Broker", "Secured", "broker", "secured_broker"]

PASSWORDS = {"admin": "broker-secret-1", "stage": "broker-secret-2"}
"""Of the users that a secured broker knows; ``admin`` may do everything, ``stage`` what it is given."""
_MECHANISM = "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config"


@contextmanager
def broker(folder: Path, nodes: int = 1, **settings: str) -> Iterator[Broker]:
    """Ready; gone at the end. Skips, or in CI fails, where Java or Maven is missing."""
    _need_java()
    with _running(
        Broker(folder, free_row(2 * nodes), {name.replace("_", "."): value for name, value in settings.items()})
    ) as made:
        yield made


@dataclass(frozen=True)
class Secured:
    """One node that takes passwords (SCRAM over TLS) at ``scram`` and certificates at ``mtls``, and checks what a user may."""

    broker: Broker
    scram: str
    mtls: str
    certificates: Certificates


@contextmanager
def secured_broker(
    folder: Path, certificates: Certificates, passwords: Mapping[str, str] = PASSWORDS
) -> Iterator[Secured]:
    """As ``broker``. The holders of the certificates ``server`` and ``client`` are the users of these names."""
    _need_java()
    folder.mkdir(parents=True)
    store = folder / "server.pem"
    store.write_text(certificates.server_key.read_text() + certificates.server.read_text())
    scram, controller, mtls = free_row(3)
    settings = _security(store, certificates.ca, f"SASL_SSL://127.0.0.1:{scram},SSL://127.0.0.1:{mtls}", controller)
    with _running(Broker(folder / "cluster", [scram, controller], settings, dict(passwords))) as made:
        yield Secured(made, f"127.0.0.1:{scram}", f"127.0.0.1:{mtls}", certificates)


def _security(store: Path, ca: Path, listeners: str, controller: int) -> dict[str, str]:
    return {
        "listeners": f"{listeners},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": listeners,
        "listener.security.protocol.map": "SASL_SSL:SASL_SSL,SSL:SSL,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "SSL",
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        _MECHANISM: "org.apache.kafka.common.security.scram.ScramLoginModule required;",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(store),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(ca),
        "listener.name.ssl.ssl.client.auth": "required",
        "ssl.principal.mapping.rules": "RULE:^CN=([^,]+).*$/$1/,DEFAULT",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:admin;User:server;User:ANONYMOUS",  # anonymous is only who comes to the controller
    }


def _need_java() -> None:
    for tool in ("java", "mvn"):
        if shutil.which(tool) is None:
            absent(f"no {tool}")


@contextmanager
def _running(made: Broker) -> Iterator[Broker]:
    try:
        made.start()
        yield made
    finally:
        made.destroy()
