"""The claim check: a ciphertext that is too large for a record lies in the artifact store, and the record names it.

It is sealed as it would be inside the record, with the same bound data, so an artifact that was changed, cut or put in the
place of another does not open. A record of an earlier version names none.
"""

from __future__ import annotations

from collections.abc import Callable

from google.protobuf.message import DecodeError

from deidstream.core.errors import Misconfigured, Unsafe
from deidstream.wire.v1 import case_pb2, release_pb2

__all__ = ["LARGE", "RELEASE", "Fetch", "Lodge", "check_in", "check_out", "claimed"]

LARGE = 64 << 10
"""Bytes of ciphertext above which it leaves the record."""
RELEASE = "release"
"""The kind of a release's body, and the key purpose that seals it."""

Lodge = Callable[[str, str, bytes], str]
"""Takes case id, kind and ciphertext; gives the key under which it will lie before the record is committed."""
Fetch = Callable[[str], bytes]
"""The ciphertext under a key."""


def check_in(
    holder: case_pb2.Section | release_pb2.Release, case_id: str, kind: str, ciphertext: bytes, lodge: Lodge | None
) -> None:
    """Puts ``ciphertext`` into ``holder``, or hands it to ``lodge``, where there is one, and notes where."""
    if lodge is None or len(ciphertext) <= LARGE:
        holder.ciphertext = ciphertext
    else:
        holder.artifact.key = lodge(case_id, kind, ciphertext)
        holder.artifact.size = len(ciphertext)


def check_out(holder: case_pb2.Section | release_pb2.Release, fetch: Fetch | None) -> bytes:
    """The ciphertext of ``holder``, wherever it lies. Raises Unsafe (``artifact-changed``) where the size is another."""
    if not holder.HasField("artifact"):
        return holder.ciphertext
    key: str = holder.artifact.key
    if fetch is None:
        raise Misconfigured("no-artifact-store", key, "records name artifacts: set deployment.artifacts")
    ciphertext = fetch(key)
    if len(ciphertext) != holder.artifact.size:
        raise Unsafe("artifact-changed", key)
    return ciphertext


def claimed(data: bytes) -> frozenset[str]:
    """Keys of the artifacts that ``data`` names, a case or a release; none where it is neither."""
    return _of_case(data) | _of_release(data)


def _of_case(data: bytes) -> frozenset[str]:
    try:
        sections = case_pb2.Case.FromString(data).sections
    except DecodeError:
        return frozenset()
    return frozenset(section.artifact.key for section in sections if section.HasField("artifact"))


def _of_release(data: bytes) -> frozenset[str]:
    try:
        release = release_pb2.Release.FromString(data)
    except DecodeError:
        return frozenset()
    return frozenset({release.artifact.key}) if release.HasField("artifact") else frozenset()
