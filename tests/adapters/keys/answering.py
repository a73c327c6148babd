"""A server on loopback that answers everything in one way, and remembers what it was asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.harness.http import QuietHandler, http_server

__all__ = ["Answering", "answering"]


@dataclass
class Answering:
    """``status`` and ``body`` are its answer; ``asked`` what it was asked: method, path, headers."""

    url: str = ""
    status: int = 200
    body: bytes = b"{}"
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)


@contextmanager
def answering() -> Iterator[Answering]:
    made = Answering()

    class Handler(QuietHandler):
        def asked(self) -> None:
            self.body()
            made.asked.append((self.command, self.path, {name.lower(): text for name, text in self.headers.items()}))
            self.answer(made.status, made.body, location=f"{made.url}/elsewhere")

        do_GET = do_POST = asked  # noqa: N815 - http.server's names

    with http_server(Handler) as made.url:
        yield made
