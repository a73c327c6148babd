"""What the HTTP endpoints of ingest have in common: a bound on requests under way, a token, and an answer whatever happens."""

from __future__ import annotations

import asyncio
import hmac
from abc import ABC, abstractmethod

from pydantic import SecretStr
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from deidstream.core.errors import Malformed

__all__ = ["Endpoint"]


class Endpoint(ABC):
    """An ASGI application."""

    def __init__(self, max_requests: int, token: SecretStr | None) -> None:
        """``max_requests``: under way at a time. ``token``: the bearer token that a request must have; None where it needs none."""
        self._max_requests = max_requests
        self._token = token
        self._busy = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        self._busy += 1
        try:
            response = await self._respond(Request(scope, receive))
        except ClientDisconnect:
            return
        except asyncio.CancelledError:  # the server ends before it was durable; uvicorn would answer 500
            response = self._unavailable()
        finally:
            self._busy -= 1
        await response(scope, receive, send)

    @abstractmethod
    async def _respond(self, http: Request) -> Response:
        """The answer, refusals included. First of all it calls ``_admit``."""

    @abstractmethod
    def _unavailable(self) -> Response:
        """Says: send it again."""

    def _admit(self, http: Request) -> None:
        """Raises Malformed (``too-many-requests``, ``unauthorised``)."""
        if self._busy > self._max_requests:
            raise Malformed("too-many-requests")
        if self._token is None:
            return
        scheme, _, token = http.headers.get("authorization", "").partition(" ")
        expected = self._token.get_secret_value()
        if scheme.lower() != "bearer" or not hmac.compare_digest(token.strip().encode(), expected.encode()):
            raise Malformed("unauthorised")
