"""The plaintext of the section of pages: boxes by column."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from google.protobuf.message import DecodeError

from deidstream.core.errors import Malformed
from deidstream.core.page import Box, Page, Pages
from deidstream.wire.v1 import content_pb2 as pb

__all__ = ["pages_bytes", "pages_from"]

_NONE = Box(0, 0, 0, 0)


def pages_bytes(read: Sequence[Pages]) -> bytes:
    """Section ``pages``."""
    message = pb.Pages()
    for one in read:
        of_one = message.documents.add(path=one.path, refused=one.refused)
        of_one.pages.extend(map(_message, one.pages))
    return message.SerializeToString()


def pages_from(data: bytes) -> tuple[Pages, ...]:
    """What was read of the printed documents of a case. Raises Malformed."""
    try:
        message = pb.Pages.FromString(data)
        return tuple([Pages(one.path, tuple(map(_page, one.pages)), one.refused) for one in message.documents])
    except DecodeError:
        raise Malformed("wire-unreadable", "pages") from None
    except ValueError:
        raise Malformed("wire-columns", "pages") from None


def _message(page: Page) -> pb.Page:
    boxes = [box or _NONE for box in (*page.boxes, *page.pictures)]
    return pb.Page(
        text=page.text,
        left=[box.left for box in boxes],
        top=[box.top for box in boxes],
        width=[box.right - box.left for box in boxes],
        height=[box.bottom - box.top for box in boxes],
        silent=page.silent,
    )


def _page(m: pb.Page) -> Page:
    boxes = [_box(*one) for one in zip(m.left[:], m.top[:], m.width[:], m.height[:], strict=True)]
    size = len(m.text)
    if len(m.silent) != size or len(boxes) < size:
        raise ValueError
    return Page(m.text, tuple(boxes[:size]), tuple(m.silent), tuple(_shown(boxes[size:])))


def _box(left: int, top: int, width: int, height: int) -> Box | None:
    return Box(left, top, left + width, top + height) if width else None


def _shown(boxes: Iterable[Box | None]) -> Iterable[Box]:
    return (box for box in boxes if box is not None)
