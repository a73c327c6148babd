"""The artifact store in a bucket of a real server, and what it says when that fails."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from deidstream.adapters.s3_artifacts import S3Artifacts
from deidstream.adapters.s3_client import S3Address
from deidstream.core.errors import DeidstreamError, Misconfigured, Unavailable

from tests.adapters.artifacts.contract import ArtifactContract
from tests.certificates import Certificates
from tests.full.java import wait_for
from tests.full.seaweed import ACCESS, SECRET, Seaweed, seaweed

pytestmark = pytest.mark.full


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seaweed]:
    with seaweed(tmp_path_factory.mktemp("seaweed")) as running:
        yield running


class TestS3Artifacts(ArtifactContract):
    @pytest.fixture
    def store(self, server: Seaweed, request: pytest.FixtureRequest) -> S3Artifacts:
        server.bucket("artifacts")
        return S3Artifacts(S3Address(server.url("artifacts", str(abs(hash(request.node.nodeid)))), ACCESS, SECRET))


@pytest.mark.parametrize(
    ("bucket", "access", "secret", "code"),
    [
        ("artifacts", ACCESS, "wrong", "s3-credentials"),
        ("artifacts", "unknown", SECRET, "s3-credentials"),
        ("not-there", ACCESS, SECRET, "s3-no-bucket"),
    ],
)
def test_what_the_operator_must_mend_is_named(
    server: Seaweed, bucket: str, access: str, secret: str, code: str
) -> None:
    server.bucket("artifacts")
    store = S3Artifacts(S3Address(server.url(bucket), access, secret))
    assert code_of(store) == code
    asks = (store.check, lambda: store.put("k", b"x"), lambda: store.get("k"), lambda: list(store.list()))
    for ask in asks:
        with pytest.raises(Misconfigured) as raised:
            ask()
        # SeaweedFS says of a put that nobody but an admin may make the bucket.
        assert raised.value.code in (code, "s3-access-denied")
        assert raised.value.hint
        assert SECRET not in str(raised.value) + repr(store)


def test_what_is_away_is_unavailable_and_says_so_soon() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    store = S3Artifacts(S3Address(f"s3://bucket/?endpoint=http://127.0.0.1:{port}", ACCESS, SECRET))
    began = time.monotonic()
    with pytest.raises(Unavailable, match="s3-unavailable"):
        store.put("k", b"x")
    assert time.monotonic() - began < 5


def test_a_certificate_that_is_not_trusted_is_misconfigured(certificates: Certificates) -> None:
    with talking_tls(certificates) as port:
        url = f"s3://bucket/?endpoint=https://127.0.0.1:{port}"
        assert code_of(S3Artifacts(S3Address(url, ACCESS, SECRET))) == "s3-certificate"
        assert code_of(S3Artifacts(S3Address(url, ACCESS, SECRET, certificates.ca))) == "s3-unavailable"


def test_a_server_that_was_killed_comes_back_with_all_that_it_confirmed(tmp_path: Path) -> None:
    with seaweed(tmp_path) as server:
        server.bucket("artifacts")
        store = S3Artifacts(S3Address(server.url("artifacts"), ACCESS, SECRET))
        pieces = {f"cases/c{n}/source": bytes([n]) * 100_000 for n in range(20)}
        for key, data in pieces.items():
            store.put(key, data)
        server.kill()
        with pytest.raises(Unavailable):
            store.get("cases/c0/source")
        starting = threading.Thread(target=server.start)
        starting.start()
        seen = set()
        while starting.is_alive():
            seen.add(code_of(store))
            time.sleep(0.05)
        # While it comes up it may refuse, but never in a way that would end a process.
        assert seen <= {"s3-unavailable", ""}
        wait_for(lambda: readable(store, pieces), "what it has confirmed is readable again")
        assert {key: store.get(key) for key in pieces} == pieces


def readable(store: S3Artifacts, keys: Iterable[str]) -> bool:
    """Whether all are there and its parts have found each other again; it says InternalError until then."""
    try:
        return all(store.get(key) for key in keys)
    except Unavailable:
        return False


def code_of(store: S3Artifacts) -> str:
    try:
        store.check()
    except DeidstreamError as error:
        return error.code
    return ""


@contextmanager
def talking_tls(certificates: Certificates) -> Iterator[int]:
    """A port where TLS is spoken, and nothing else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.server, certificates.server_key)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                try:
                    context.wrap_socket(connection, server_side=True).close()
                except OSError:
                    connection.close()

        threading.Thread(target=serve, daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
