"""An HTTP listener: one ASGI application on uvicorn, in the loop that runs already."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator

import uvicorn
from starlette.types import Receive, Scope, Send

from deidstream.core.errors import Misconfigured
from deidstream.stages.ingest.ports import shared_sockets

__all__ = ["HttpServer"]

Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class HttpServer:
    """``endpoint`` at ``host`` and ``port``. ``name`` is what is said where it cannot listen."""

    def __init__(
        self, name: str, host: str, port: int, endpoint: Application, tls: ssl.SSLContext | None = None
    ) -> None:
        self._name = name
        self._server = _Uvicorn(
            uvicorn.Config(
                endpoint,
                host=host,
                port=port,
                http="h11",
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="critical",
                access_log=False,  # paths and queries hold ids
                server_header=False,
                timeout_graceful_shutdown=5,
                ssl_context_factory=(lambda _config, _default: tls) if tls else None,
            )
        )
        self._task: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._server.servers[0].sockets[0].getsockname()[1])

    async def start(self, shared: bool = False) -> None:
        """Binds and listens; ``shared``: with other processes of this user. Raises Misconfigured when it cannot."""
        self._server.shared = shared
        self._task = asyncio.create_task(self._serve())
        while not self._server.started:
            if self._task.done():
                raise Misconfigured("cannot-listen", self._name, "choose a free port of this machine")
            await asyncio.sleep(0.005)

    async def close(self) -> None:
        """Takes no further requests; answers those that it has."""
        self._server.should_exit = True
        if self._task is not None:
            await self._task

    async def _serve(self) -> None:
        with contextlib.suppress(SystemExit):  # uvicorn's way to say that the port is taken
            await self._server.serve()


class _Uvicorn(uvicorn.Server):
    """uvicorn without signal handlers: the process has its own. And with a port that may be shared."""

    shared = False

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Binds and listens. Ends with SystemExit when it cannot."""
        if not self.shared:
            return await super().startup(sockets)
        try:
            shared = shared_sockets(self.config.host, self.config.port)
        except OSError:
            raise SystemExit from None
        return await super().startup(shared)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
