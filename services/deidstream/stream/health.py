"""How a process says how it is: ``/healthz`` (it turns), ``/readyz`` (it gets on), ``/metrics``. Loopback unless told otherwise."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Protocol

from deidstream.core.errors import Misconfigured

__all__ = ["HealthServer", "Pulse"]

_STALL = 120.0
"""Seconds without a sign of the loop after which a process counts as hanging."""


class Exposed(Protocol):
    """Whatever has metrics to show."""

    def exposition(self) -> bytes:
        """In Prometheus' text format."""


class Pulse:
    """What the loop knows about itself. Written by the loop, read by the server."""

    def __init__(self) -> None:
        self.beat_at = time.monotonic()
        self.trouble = "starting"
        """Why the process does not get on ('' when it does): a code."""
        self._stall = _STALL

    def allow(self, seconds: float) -> None:
        """One step of the work may take ``seconds`` by its own limit: so long, and the usual time more, silence is no hanging."""
        self._stall = max(self._stall, seconds + _STALL)

    def stir(self) -> None:
        """The work of a turn goes on: one step is done, or begins. May be said from any thread."""
        self.beat_at = time.monotonic()

    def beat(self, trouble: str = "") -> None:
        """The loop has turned."""
        self.beat_at = time.monotonic()
        self.trouble = trouble

    @property
    def alive(self) -> bool:
        """Whether the loop has turned lately, or its work gone on."""
        return time.monotonic() - self.beat_at < self._stall


class HealthServer:
    """The three pages on a thread of their own. ``port`` 0 takes a free one."""

    def __init__(self, pulse: Pulse, metrics: Exposed, host: str = "127.0.0.1", port: int = 0) -> None:
        class Handler(_Handler):
            pages = {
                "/healthz": lambda: _page(pulse.alive, "" if pulse.alive else "stalled"),
                "/readyz": lambda: _page(pulse.alive and not pulse.trouble, pulse.trouble),
                "/metrics": lambda: (200, metrics.exposition()),
            }

        try:
            self._server = ThreadingHTTPServer((host, port), Handler)
        except OSError:
            raise Misconfigured("health-address", f"{host}:{port}", "choose a free address for health") from None
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="health", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """Where it answers."""
        return int(self._server.server_address[1])

    def close(self) -> None:
        """Stops to answer."""
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    pages: dict[str, object]

    def do_GET(self) -> None:
        """Answers one request."""
        page = self.pages.get(self.path.partition("?")[0])
        status, body = page() if callable(page) else (404, b"not found\n")
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is http.server's
        """Says nothing: requests for health are no events."""


def _page(well: bool, why: str) -> tuple[int, bytes]:
    return (200, b"ok\n") if well else (503, f"{why}\n".encode())
