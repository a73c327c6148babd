"""What a file holds: one message, or a batch of them. Used for watched folders, and by ``clean``."""

from __future__ import annotations

from dataclasses import dataclass, field

from deidstream.core.errors import Malformed
from deidstream.formats import sniff

__all__ = ["Unpacked", "unpack"]

_NDJSON = (".ndjson", ".jsonl")
_MARK = b"\xef\xbb\xbf"
_HEAD, _NOTHING = 4096, b"\0 \t\r\n\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Unpacked:
    """The members of a file in order, and how they are put together again."""

    format: str
    members: tuple[bytes, ...] = field(repr=False)
    batch: bool = False
    """Whether the file is one of several messages; then its releases belong together."""


def unpack(content: bytes, name: str) -> Unpacked:
    """The messages of a file; ``name`` helps where the content does not tell. Concatenated, HL7 members are the file;
    NDJSON members are its non-empty lines.

    Raises Malformed: ``empty``, ``unsupported-format``.
    """
    # What is large is not copied to see that it is not empty.
    if not content[:_HEAD].strip(_NOTHING) and not content.strip(_NOTHING):
        raise Malformed("empty", "file")
    format_ = sniff(content, name)
    if not format_:
        raise Malformed("unsupported-format", "file")
    if format_ == "hl7v2":
        return _hl7(content)
    if format_ == "fhir" and (name.lower().endswith(_NDJSON) or _several_lines(content)):
        return Unpacked("fhir", _lines(content), batch=True)
    return Unpacked(format_, (content,))


def _hl7(content: bytes) -> Unpacked:
    from deidstream.formats.hl7v2 import messages

    members = tuple(content[start:end] for start, end, _ in messages(content))
    return Unpacked("hl7v2", members, batch=len(members) > 1)


def _several_lines(content: bytes) -> bool:
    """Whether the first line is a whole JSON object and another follows; pretty-printed JSON breaks inside the first."""
    first, _, rest = content.removeprefix(_MARK).lstrip().partition(b"\n")
    return first.rstrip().endswith(b"}") and rest.lstrip().startswith(b"{")


def _lines(content: bytes) -> tuple[bytes, ...]:
    return tuple(line.rstrip(b"\r") for line in content.removeprefix(_MARK).split(b"\n") if line.strip())
