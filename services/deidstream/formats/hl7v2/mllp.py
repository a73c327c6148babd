"""The Minimal Lower Layer Protocol: blocks in a stream of bytes, without a socket.

A block is ``<VT> message <FS><CR>`` (HL7 Version 2 Transport Specification: MLLP, Release 1). Real senders forget the
end, send stray bytes between blocks, and let TCP cut a block anywhere: :class:`Deframer` takes what comes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

__all__ = ["END_BLOCK", "START_BLOCK", "Deframer", "Fault", "Frame", "frame"]

START_BLOCK = b"\x0b"
END_BLOCK = b"\x1c\x0d"

_NEXT_MESSAGE = START_BLOCK + b"MSH"
_HEAD = 4096


class Fault(StrEnum):
    """What is wrong with a frame."""

    NONE = ""
    TOO_LARGE = "message-too-large"
    UNFINISHED = "block-without-end"


@dataclass(frozen=True, slots=True)
class Frame:
    """One block. With a fault, ``content`` is only the first bytes (enough for the header), the rest was skipped."""

    content: bytes = field(repr=False)
    fault: Fault = Fault.NONE


def frame(message: bytes) -> bytes:
    """``message`` as one block."""
    return START_BLOCK + message + END_BLOCK


class Deframer:
    """Takes the bytes of one connection in any portions, gives the frames in order.

    Holds at most ``limit`` bytes, a few that may begin the next block, and one portion. A block that grows beyond ``limit`` is
    skipped to its end and given as TOO_LARGE. A block in which ``<VT>MSH`` occurs has lost its end: what came before is given as
    UNFINISHED (or as good, where only the last ``<CR>`` is missing) and a new block begins.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._head = min(_HEAD, limit)
        self._buffer = bytearray()
        self._inside = False
        self._seen = 0
        self._skipping = b""
        self.stray = 0
        """Bytes outside of any block so far."""

    @property
    def inside(self) -> bool:
        """Whether a block has begun and not ended."""
        return self._inside

    def feed(self, portion: bytes) -> list[Frame]:
        """The frames that ``portion`` completes."""
        self._buffer += portion
        frames: list[Frame] = []
        while self._advance(frames):
            pass
        return frames

    def finish(self) -> list[Frame]:
        """At the end of the connection: what was begun and never ended."""
        if not self._inside:
            return []
        content = self._skipping or bytes(self._buffer[: self._head])
        self._open(b"", inside=False)
        self._buffer.clear()
        return [Frame(content, Fault.UNFINISHED)]

    def _advance(self, frames: list[Frame]) -> bool:
        return self._inner(frames) if self._inside else self._outer()

    def _outer(self) -> bool:
        start = self._buffer.find(START_BLOCK)
        if start < 0:
            self.stray += len(self._buffer)
            self._buffer.clear()
            return False
        self.stray += start
        del self._buffer[: start + 1]
        self._open(b"", inside=True)
        return True

    def _inner(self, frames: list[Frame]) -> bool:
        buffer = self._buffer
        end = buffer.find(END_BLOCK, self._seen)
        restart = buffer.find(_NEXT_MESSAGE, self._seen, end if end >= 0 else len(buffer))
        if restart >= 0:
            self._close(frames, restart, lost_end=True)
            del buffer[: restart + 1]
            self._open(b"", inside=True)
            return True
        if end >= 0:
            self._close(frames, end, lost_end=False)
            del buffer[: end + 2]
            self._open(b"", inside=False)
            return bool(buffer)
        # Either mark may be cut by the end of this portion.
        self._seen = max(0, len(buffer) - len(_NEXT_MESSAGE) + 1)
        if self._skipping or self._seen > self._limit:
            self._skip()
        return False

    def _skip(self) -> None:
        self._skipping = self._skipping or bytes(self._buffer[: self._head])
        del self._buffer[: self._seen]
        self._seen = 0

    def _close(self, frames: list[Frame], end: int, *, lost_end: bool) -> None:
        if self._skipping or end > self._limit:
            frames.append(Frame(self._skipping or bytes(self._buffer[: min(end, self._head)]), Fault.TOO_LARGE))
        elif lost_end and self._buffer[end - 1 : end] == b"\x1c":
            frames.append(Frame(bytes(self._buffer[: end - 1])))
        elif lost_end:
            frames.append(Frame(bytes(self._buffer[: min(end, self._head)]), Fault.UNFINISHED))
        else:
            frames.append(Frame(bytes(self._buffer[:end])))

    def _open(self, skipping: bytes, *, inside: bool) -> None:
        self._skipping = skipping
        self._inside = inside
        self._seen = 0
