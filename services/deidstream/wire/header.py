"""The plain header of a case, as a message and back."""

from __future__ import annotations

from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet

from deidstream.core.case import Container, Header
from deidstream.core.errors import Misconfigured
from deidstream.wire.v1 import case_pb2 as pb

__all__ = ["VERSION", "header_from", "header_message", "understood", "unknown_fields"]

VERSION = 1
"""Of the wire form, as far as this code knows it. Additions that an older reader may carry on unread do not change it."""


def header_message(header: Header) -> pb.Header:
    """``header`` as a message."""
    message = pb.Header(
        case_id=header.case_id,
        source=header.source,
        format=header.format,
        received=header.received,
        itinerary=header.itinerary,
        key=header.key,
        sequence=header.sequence,
        project=header.project,
        release_version=header.release_version,
        supersedes=header.supersedes,
        identity_revision=header.identity_revision,
        policy=header.policy,
        attempts=header.attempts,
        trace=header.trace,
    )
    if header.container is not None:
        inside = header.container
        message.container.id, message.container.ordinal, message.container.size = inside.id, inside.ordinal, inside.size
        message.container.SetInParent()
    for name, value in header.attributes:
        message.attributes.add(name=name, value=value)
    return message


def header_from(message: pb.Header) -> Header:
    """The header that ``message`` states. Raises Misconfigured (``wire-version``)."""
    understood(message.requires)
    container = None
    if message.HasField("container"):
        inside = message.container
        container = Container(inside.id, inside.ordinal, inside.size)
    return Header(
        message.case_id,
        message.source,
        message.format,
        message.received,
        tuple(message.itinerary),
        message.key,
        message.sequence,
        message.project,
        message.release_version,
        message.supersedes,
        message.identity_revision,
        message.policy,
        container,
        message.attempts,
        message.trace,
        tuple([(one.name, one.value) for one in message.attributes]),
    )


def understood(requires: int) -> None:
    """Raises Misconfigured where a record may only be read by a newer version: quarantining all of them would be no better."""
    if requires > VERSION:
        hint = f"a newer version wrote it ({requires}, this one knows {VERSION}): upgrade this process first"
        raise Misconfigured("wire-version", "header", hint)


def unknown_fields(message: Message) -> bytes:
    """Those fields of ``message`` that this version does not know, serialised; parsing a concatenation merges."""
    if not len(UnknownFieldSet(message)):
        return b""
    rest = type(message)()
    rest.CopyFrom(message)
    for field in rest.DESCRIPTOR.fields:
        rest.ClearField(field.name)
    return rest.SerializeToString()
