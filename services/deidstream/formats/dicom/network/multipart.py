"""Multipart bodies (RFC 2046, 5.1.1; RFC 2387) as they stream in and go out: part by part, none held beyond its limit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum

from deidstream.core.errors import Malformed

__all__ = ["Multipart", "Part", "joined"]

_MOST_HEADERS = 1 << 14


@dataclass(frozen=True, slots=True)
class Part:
    """One part. ``excess``: it was longer than may be held, and ``content`` is only how it began."""

    media_type: str
    content: bytes = field(repr=False)
    excess: bool = False


class _State(Enum):
    BODY = "body"
    LINE = "line"
    HEADERS = "headers"
    END = "end"


class Multipart:
    """Takes a body apart: ``feed`` gives the parts that are complete, ``finish`` raises where the last delimiter has not come.

    A part of more than ``most`` bytes is given as its first ``begin`` bytes.
    """

    def __init__(self, boundary: str, most: int, begin: int = 1 << 16) -> None:
        self._delimiter = b"\r\n--" + boundary.encode("latin-1")
        self._most = most
        self._begin = begin
        self._buffer = bytearray(b"\r\n")  # the first delimiter may stand at the very beginning
        self._state = _State.BODY
        self._seen = 0
        self._media_type: str | None = None
        self._began: bytes | None = None

    @property
    def held(self) -> int:
        """Bytes of what is coming in."""
        return len(self._buffer)

    def begin(self, media_type: str) -> None:
        """Takes what comes for a part of that type: for a body that is one part, without delimiters."""
        self._media_type = media_type

    def feed(self, portion: bytes) -> Iterator[Part]:
        """Raises Malformed: ``multipart-broken``."""
        if self._state is _State.END:
            return  # the epilogue is nobody's
        self._buffer += portion
        going = True
        while going:
            if self._state is _State.BODY:
                at = self._buffer.find(self._delimiter, self._seen)
                going = at >= 0
                if going:
                    yield from self._ended(at)
                else:
                    self._wait()
            else:
                going = self._line() if self._state is _State.LINE else self._headers()

    def finish(self) -> None:
        """Raises Malformed: ``multipart-truncated``."""
        if self._state is not _State.END:
            raise Malformed("multipart-truncated", "body")

    def _ended(self, at: int) -> Iterator[Part]:
        """The part that ends at ``at``; what comes before the first delimiter is none."""
        if self._media_type is not None:
            content = self._content(at)
            excess = self._began is not None or len(content) > self._most
            whole = content if self._began is None else self._began
            yield Part(self._media_type, whole[: self._begin] if excess else whole, excess)
        del self._buffer[: at + len(self._delimiter)]
        self._seen, self._media_type, self._began = 0, None, None
        self._state = _State.LINE

    def _content(self, end: int) -> bytes:
        """Without the line's end that closes the headers, and may be the delimiter's own."""
        with memoryview(self._buffer) as view:
            return bytes(view[min(2, end) : end])

    def _wait(self) -> None:
        """Keeps what may be the beginning of a delimiter; of what is too long, how it began."""
        kept = max(0, len(self._buffer) - len(self._delimiter) + 1)
        self._seen = kept
        if self._media_type is not None and len(self._buffer) <= self._most + 2 + len(self._delimiter):
            return
        if self._media_type is not None and self._began is None:
            self._began = self._content(self._begin + 2)
        del self._buffer[:kept]
        self._seen = 0

    def _line(self) -> bool:
        """The rest of the delimiter's line: ``--`` where it is the last."""
        if len(self._buffer) < 2:
            return False
        if self._buffer.startswith(b"--"):
            self._state = _State.END
            self._buffer.clear()
            return False
        end = self._buffer.find(b"\r\n")
        line = self._buffer[:end] if end >= 0 else self._buffer
        if len(line) > _MOST_HEADERS or line.strip(b" \t\r"):
            raise Malformed("multipart-broken", "delimiter")
        if end < 0:
            return False
        del self._buffer[:end]
        self._state = _State.HEADERS
        return True

    def _headers(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > _MOST_HEADERS:
                raise Malformed("multipart-broken", "headers")
            return False
        self._media_type = _media_type(bytes(self._buffer[:end]))
        del self._buffer[: end + 2]
        self._state = _State.BODY
        return True


def _media_type(headers: bytes) -> str:
    """'' where none is stated."""
    for line in headers.decode("latin-1").split("\r\n"):
        name, _, value = line.partition(":")
        if name.strip().lower() == "content-type":
            return value.partition(";")[0].strip().lower()
    return ""


def joined(boundary: str, media_type: str, contents: Iterable[bytes]) -> Iterator[bytes]:
    """The body of parts that are all of one type."""
    for content in contents:
        yield f"--{boundary}\r\nContent-Type: {media_type}\r\n\r\n".encode("latin-1")
        yield content
        yield b"\r\n"
    yield f"--{boundary}--\r\n".encode("latin-1")
