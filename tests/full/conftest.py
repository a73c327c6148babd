"""Two deployments a session (one between HL7 v2 systems, one between FHIR systems), and a database server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from deidstream.cli.demo.ports import free_row

from tests.certificates import Certificates, make_certificates
from tests.full.java import Java, prepared
from tests.full.postgres import Postgres, serving
from tests.full.stores import tls_properties
from tests.full.vault import Vault, vault
from tests.full.vault_site import Login, roles_and_keys
from tests.harness.deployment import Running, deployment


@dataclass(frozen=True)
class Hospital:
    """A deployment whose releases go to two MLLP receivers, one in the clear and one with TLS; neither runs yet."""

    running: Running
    tls_in: int
    receiver: int
    tls_receiver: int
    folder: Path


@dataclass(frozen=True)
class Exchange:
    """A deployment whose releases go to a FHIR server, which runs and validates."""

    running: Running
    server: int
    log: Path

    @property
    def base(self) -> str:
        """The base URL of our endpoint."""
        return f"http://127.0.0.1:{self.running.fhir}/fhir"


@pytest.fixture(scope="session")
def java() -> Java:
    return prepared()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def tls_client(java: Java, certificates: Certificates) -> Java:
    """Java that shows the client's certificate."""
    return Java(tls_properties(certificates.ca.parent, certificates, "client"))


@pytest.fixture(scope="session")
def tls_server(java: Java, certificates: Certificates) -> Java:
    """Java that shows the server's certificate, and demands one."""
    return Java(tls_properties(certificates.ca.parent, certificates, "server"))


@pytest.fixture(scope="session")
def hospital(tmp_path_factory: pytest.TempPathFactory, certificates: Certificates) -> Iterator[Hospital]:
    folder = tmp_path_factory.mktemp("hospital")
    mllp, tls_in, receiver, tls_receiver = free_row(4)
    server = {"certificate": str(certificates.server), "key": str(certificates.server_key)}
    client = {"certificate": str(certificates.client), "key": str(certificates.client_key), "ca": str(certificates.ca)}
    demanding = server | {"client_ca": str(certificates.ca), "client_required": True}
    sources = [{"name": "adt", "port": mllp}, {"name": "adt-tls", "port": tls_in, "tls": demanding}]
    there = {"kind": "mllp", "host": "127.0.0.1", "projects": ["research"]}
    destinations = [
        there | {"name": "plain", "port": receiver},
        there | {"name": "tls", "port": tls_receiver, "tls": client},
    ]
    with deployment(folder, ingest={"mllp": sources}, delivery={"destinations": destinations}) as running:
        running.mllp = mllp
        running.start()
        running.wait_ready()
        yield Hospital(running, tls_in, receiver, tls_receiver, folder)


@pytest.fixture(scope="session")
def exchange(tmp_path_factory: pytest.TempPathFactory, java: Java) -> Iterator[Exchange]:
    folder = tmp_path_factory.mktemp("exchange")
    (server,) = free_row(1)
    log = folder / "server.log"
    url = f"http://127.0.0.1:{server}/fhir"
    destinations = [{"name": "server", "kind": "fhir", "url": url, "projects": ["research"]}]
    with deployment(folder, delivery={"destinations": destinations}) as running:
        running.start()
        with java.serving("FhirServer", server, log=log):
            running.wait_ready()
            yield Exchange(running, server, log)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with serving() as server:
        yield server


@pytest.fixture
def database(postgres: Postgres) -> str:
    """The URL of a database of the test's own, with all tables."""
    return postgres.migrated()


@pytest.fixture(scope="session")
def vault_server(tmp_path_factory: pytest.TempPathFactory, certificates: Certificates) -> Iterator[Vault]:
    with vault(tmp_path_factory.mktemp("vault"), certificates) as made:
        yield made


@pytest.fixture(scope="session")
def logins(vault_server: Vault, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Login]:
    """A role of Vault for each stage, and one for the operator; keys of all purposes are there."""
    return roles_and_keys(vault_server, tmp_path_factory.mktemp("site"))
