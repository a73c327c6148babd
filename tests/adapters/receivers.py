"""The other side of a destination, on loopback."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from deidstream.formats.hl7v2.acknowledgement import Verdict, acknowledge
from deidstream.formats.hl7v2.header import peek
from deidstream.formats.hl7v2.mllp import Deframer, frame

__all__ = ["HttpReceiver", "MllpReceiver"]

Answer = Callable[[bytes], bytes | None]


def accept(message: bytes) -> bytes:
    return acknowledge(peek(message), Verdict.ACCEPTED, "A", "20240101000000")


class MllpReceiver:
    """Answers each message as ``answer`` says: None says nothing, b'' hangs up."""

    def __init__(self, answer: Answer = accept, tls: ssl.SSLContext | None = None, port: int = 0) -> None:
        self.answer = answer
        self.got: list[bytes] = []
        self.connections = 0
        self._tls = tls
        self._server = socket.create_server(("127.0.0.1", port))
        self.port: int = self._server.getsockname()[1]
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)  # wakes the thread, which would accept one more
        self._server.close()
        self._thread.join(5)
        self.hang_up()

    def hang_up(self) -> None:
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        self._open.clear()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
                if self._tls is not None:
                    connection = self._tls.wrap_socket(connection, server_side=True)
            except OSError:
                if self._server.fileno() < 0:
                    return
                continue
            self.connections += 1
            self._open.append(connection)
            threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        deframer = Deframer(1 << 24)
        with contextlib.suppress(OSError):
            while portion := connection.recv(65536):
                for block in deframer.feed(portion):
                    self.got.append(block.content)
                    answer = self.answer(block.content)
                    if answer == b"":
                        connection.shutdown(socket.SHUT_RDWR)
                        connection.close()
                        return
                    if answer is not None:
                        connection.sendall(frame(answer))


class HttpReceiver:
    """Answers with the statuses given, then with 200; keeps what it got."""

    def __init__(self) -> None:
        receiver = self
        self.got: list[tuple[str, str, bytes, dict[str, str]]] = []
        self.answers: list[tuple[int, bytes, dict[str, str]]] = []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", "0")))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.got.append((self.command, self.path, body, headers))
                status, answer, extra = receiver.answers.pop(0) if receiver.answers else (200, b"", {})
                self.send_response(status)
                for name, value in extra.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_PUT = do_POST = do_DELETE = _answer  # noqa: N815  # the names are http.server's

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/fhir"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
