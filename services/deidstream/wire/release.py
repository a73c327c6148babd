"""Releases and gaps as bytes. A release's plain header is authenticated with its sealed body."""

from __future__ import annotations

from google.protobuf.message import DecodeError

from deidstream.core.case import Case
from deidstream.core.errors import Malformed
from deidstream.core.outcome import Gap
from deidstream.core.release import Release
from deidstream.ports import KeyRing, Sealed
from deidstream.wire.claim import RELEASE, Fetch, Lodge, check_in, check_out
from deidstream.wire.header import header_from, header_message, understood
from deidstream.wire.v1 import release_pb2 as pb

__all__ = ["decode_gap", "decode_release", "encode_gap", "encode_release"]


def encode_release(release: Release, keys: KeyRing, lodge: Lodge | None = None) -> bytes:
    """The wire form of ``release``, sealed with key purpose ``release``; a large body is handed to ``lodge``, sealed.

    Raises Malformed for what the wire cannot carry.
    """
    try:
        header, plain = _header(release), _body(release)
    except ValueError:
        header = plain = b""
    if not header:  # outside of the handler: the error would show content
        raise Malformed("wire-range", "release")
    sealed = keys.seal(RELEASE, plain, header)
    outer = pb.Release(header=header, key_id=sealed.key_id, nonce=sealed.nonce)
    check_in(outer, release.case_id, RELEASE, sealed.ciphertext, lodge)
    return outer.SerializeToString()


def decode_release(data: bytes, keys: KeyRing, fetch: Fetch | None = None) -> Release:
    """The release in ``data``. Raises Malformed (``wire-...``), Unsafe where the seal is broken or an artifact gone,
    Misconfigured (``wire-version``), and whatever ``fetch`` raises."""
    try:
        outer = pb.Release.FromString(data)
        header = pb.ReleaseHeader.FromString(outer.header)
        understood(header.requires)
        sealed = Sealed(outer.key_id, outer.nonce, check_out(outer, fetch))
        body = pb.ReleaseBody.FromString(keys.open(RELEASE, sealed, outer.header))
    except DecodeError:
        raise Malformed("wire-unreadable", "release") from None
    return Release(
        id=header.id,
        case_id=header.case_id,
        project=header.project,
        source=header.source,
        format=header.format,
        key=header.key,
        sequence=header.sequence,
        received=header.received,
        content=body.content,
        name=body.name.decode("utf-8", "surrogateescape"),
        supersedes=header.supersedes,
        policy=header.policy,
        trace=header.trace,
        attributes=tuple([(one.name, one.value) for one in body.attributes]),
        container=header.container.id,
        ordinal=header.container.ordinal,
        size=header.container.size,
    )


def encode_gap(gap: Gap) -> bytes:
    """The wire form of ``gap``: only the header of its case, so nothing to seal."""
    return pb.Gap(header=header_message(gap.case.header), reason=gap.reason, project=gap.project).SerializeToString()


def decode_gap(data: bytes) -> Gap:
    """The gap in ``data``; its case has a header and nothing else."""
    try:
        message = pb.Gap.FromString(data)
    except DecodeError:
        raise Malformed("wire-unreadable", "gap") from None
    return Gap(Case(header_from(message.header), b""), message.reason, message.project)


def _header(release: Release) -> bytes:
    header = pb.ReleaseHeader(
        id=release.id,
        case_id=release.case_id,
        project=release.project,
        source=release.source,
        format=release.format,
        key=release.key,
        sequence=release.sequence,
        received=release.received,
        supersedes=release.supersedes,
        policy=release.policy,
        trace=release.trace,
    )
    if release.container:
        header.container.id = release.container
        header.container.ordinal = release.ordinal
        header.container.size = release.size
    return header.SerializeToString()


def _body(release: Release) -> bytes:
    body = pb.ReleaseBody(content=release.content, name=release.name.encode("utf-8", "surrogateescape"))
    for name, value in release.attributes:
        body.attributes.add(name=name, value=value)
    return body.SerializeToString()
