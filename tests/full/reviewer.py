"""What Vault asks a Kubernetes API server: whose token is this (TokenReview)? It knows the tokens that it has made."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from tests.harness.http import QuietHandler, http_server

NAMESPACE = "clinic"
AUDIENCE = "vault"
_NEW_KEY = ec.SECP256R1()


@dataclass
class Reviewer:
    """``token`` is that of a Pod whose service account is ``deid-deidstream-CHAIN``, as the chart names it."""

    url: str = ""
    _accounts: dict[str, str] = field(default_factory=dict)
    _key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(_NEW_KEY), repr=False)

    def configuration(self, ca: Path) -> dict[str, object]:
        """Of Vault's method ``kubernetes``, which asks for an authority."""
        return {"kubernetes_host": self.url, "kubernetes_ca_cert": ca.read_text(), "disable_local_ca_jwt": True}

    def role(self, chain: str) -> dict[str, object]:
        """As the chart's notes say."""
        return {
            "bound_service_account_names": [account(chain)],
            "bound_service_account_namespaces": [NAMESPACE],
            "audience": AUDIENCE,
            "policies": [f"deidstream-{chain}"],
            "ttl": "1h",
        }

    def token(self, chain: str) -> str:
        """A projected token, as a kubelet writes it."""
        name, now = account(chain), int(time.time())
        claims = {
            "aud": [AUDIENCE],
            "exp": now + 3600,
            "iat": now,
            "nbf": now,
            "iss": "https://kubernetes.default.svc",
            "sub": f"system:serviceaccount:{NAMESPACE}:{name}",
            "kubernetes.io": {"namespace": NAMESPACE, "serviceaccount": {"name": name, "uid": f"uid-{name}"}},
        }
        head = ".".join(_encoded(json.dumps(part).encode()) for part in ({"alg": "ES256", "typ": "JWT"}, claims))
        r, s = decode_dss_signature(self._key.sign(head.encode(), ec.ECDSA(hashes.SHA256())))
        token = f"{head}.{_encoded(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"
        self._accounts[token] = name
        return token

    def review(self, asked: dict[str, dict[str, object]]) -> dict[str, object]:
        """The answer to a TokenReview."""
        name = self._accounts.get(str(asked["spec"]["token"]))
        user = {"username": f"system:serviceaccount:{NAMESPACE}:{name}", "uid": f"uid-{name}"}
        known = {"authenticated": True, "user": user, "audiences": [AUDIENCE]}
        about = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview"}
        return {**about, "status": known if name else {"authenticated": False}}


def account(chain: str) -> str:
    """The service account of the chart's Pods of ``chain``, in the release ``deid``."""
    return f"deid-deidstream-{chain}"


@contextmanager
def reviewing() -> Iterator[Reviewer]:
    made = Reviewer()

    class Handler(QuietHandler):
        def asked(self) -> None:
            self.answer(201, json.dumps(made.review(json.loads(self.body()))).encode(), content_type="application/json")

        do_POST = asked  # noqa: N815 - http.server's name

    with http_server(Handler) as made.url:
        yield made


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
