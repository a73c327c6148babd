"""Batch files put together again: the releases of the members, in the order that they had."""

from __future__ import annotations

import hashlib
from base64 import b32encode
from collections.abc import Iterator, Sequence
from dataclasses import replace

from deidstream.core.release import Release

__all__ = ["join", "joined_id"]


def joined_id(member: Release) -> str:
    """The id of the batch file as a release: the same whichever member it is computed from."""
    name = "\0".join((member.container, member.project, member.policy))
    return b32encode(hashlib.sha256(name.encode()).digest())[:20].decode()


def join(members: Sequence[Release]) -> Release:
    """One release of all ``members`` (at least one), sorted by ordinal. Where some are missing, the counts in BTS say so."""
    ordered = sorted(members, key=lambda one: one.ordinal)
    first = ordered[0]
    contents = [one.content for one in ordered]
    if first.format == "hl7v2":
        complete = len(ordered) == first.size
        content = b"".join(contents if complete else _recounted(contents))
    else:
        content = b"".join(one.removesuffix(b"\n") + b"\n" for one in contents)
    attributes = (*first.attributes, ("joined", str(len(ordered))))
    return replace(
        first,
        id=joined_id(first),
        content=content,
        name="",
        supersedes="",
        attributes=attributes,
        sequence=0,
        container="",
        ordinal=0,
    )


def _recounted(members: Sequence[bytes]) -> Iterator[bytes]:
    """BTS-1 is the number of messages since BHS; a receiver may refuse a batch that does not hold what it says."""
    count = 0
    for member in members:
        kind = member.lstrip(b"\xef\xbb\xbf\r\n\x0b \t")[:3]
        if kind == b"MSH":
            count += 1
            yield member
            continue
        segments = member.split(b"\r")
        for number, segment in enumerate(segments):
            name = segment.lstrip(b"\n")[:3]
            if name == b"BHS":
                count = 0
            elif name == b"BTS":
                segments[number] = _with_count(segment, count)
        yield b"\r".join(segments)


def _with_count(segment: bytes, count: int) -> bytes:
    start = segment.index(b"BTS")
    separator = segment[start + 3 : start + 4]
    if not separator:
        return segment
    fields = segment[start:].split(separator)
    if fields[1].strip():
        fields[1] = str(count).encode()
    return segment[:start] + separator.join(fields)
