"""Acknowledgements: when one is due, what it says, and how the other side's is read.

Original mode (MSH-15 empty): every message gets one answer, AA, AE or AR. Enhanced mode (MSH-15 valued): the answer here is
the *accept* acknowledgement, CA, CE or CR, that says who is responsible for the message from now on, and only under the condition
that MSH-15 names (HL7 2.5.1, 2.9.3.1). The *application* acknowledgement that MSH-16 asks for speaks for the application that
finally uses the message; a stage in between that knows no application cannot give it and does not pretend to.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from deidstream.formats.hl7v2.header import MessageHeader, peek

__all__ = ["Answer", "Code", "Fault", "Verdict", "acknowledge", "answer_code", "expects_answer", "read"]


class Verdict(StrEnum):
    """What became of a message."""

    ACCEPTED = "A"
    ERROR = "E"
    """Not now or not here (we are at fault, or overloaded): the sender may send it again as it is."""
    REJECTED = "R"
    """Not as it is: the sender must mend it."""


class Code(NamedTuple):
    """One entry of table 0357."""

    number: int
    text: str


REQUIRED_FIELD_MISSING = Code(101, "Required field missing")
DATA_TYPE_ERROR = Code(102, "Data type error")
SEGMENT_SEQUENCE = Code(100, "Segment sequence error")
UNSUPPORTED_TYPE = Code(200, "Unsupported message type")
UNSUPPORTED_PROCESSING = Code(202, "Unsupported processing id")
UNSUPPORTED_VERSION = Code(203, "Unsupported version id")
INTERNAL = Code(207, "Application internal error")


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a message was not accepted: place, rule and our own reason code; never content."""

    code: Code
    reason: str
    segment: str = "MSH"
    field: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """An acknowledgement as received: MSA-1 and MSA-2."""

    code: str
    control_id: bytes

    @property
    def accepted(self) -> bool:
        """AA or CA."""
        return self.code in ("AA", "CA")

    @property
    def rejected(self) -> bool:
        """AR or CR: the same message again would be rejected again."""
        return self.code in ("AR", "CR")


UNKNOWN_SENDER = MessageHeader(
    b"|", b"^~\\&", (b"", b""), (b"", b""), "", b"", b"P", "2.5.1", "", "", b""
)  # answers what has no readable MSH


def expects_answer(header: MessageHeader, verdict: Verdict) -> bool:
    """Whether ``verdict`` is to be sent: always in original mode, else as MSH-15 says (table 0155)."""
    match header.accept:
        case "NE":
            return False
        case "ER":
            return verdict is not Verdict.ACCEPTED
        case "SU":
            return verdict is Verdict.ACCEPTED
    return True


def answer_code(header: MessageHeader, verdict: Verdict) -> str:
    """AA, AE, AR in original mode; CA, CE, CR in enhanced mode."""
    return ("C" if header.accept else "A") + verdict


def acknowledge(
    header: MessageHeader | None, verdict: Verdict, control_id: str, timestamp: str, faults: tuple[Fault, ...] = ()
) -> bytes:
    """The acknowledgement, in the delimiters, version and character set of the message that ``header`` is from.

    ``control_id`` is that of the acknowledgement itself (at most 20 characters), ``timestamp`` is ``YYYYMMDDHHMMSS``.
    """
    to = header or UNKNOWN_SENDER
    segments = [_msh(to, control_id, timestamp), _msa(to, verdict, faults)]
    if _modern(to.version):
        segments += [_err(to, fault) for fault in faults]
    elif faults:
        segments.append(_err_withdrawn(to, faults))
    return b"\r".join(segments) + b"\r"


def read(message: bytes) -> Answer | None:
    """What an acknowledgement says; None when ``message`` holds no MSA. Raises Malformed without a readable MSH."""
    separator = peek(message).separator
    for segment in message.replace(b"\n", b"\r").split(b"\r"):
        if segment.startswith(b"MSA" + separator):
            fields = segment.split(separator)
            code = fields[1].strip().decode("ascii", "replace")
            return Answer(code if code in _CODES else "", fields[2].strip() if len(fields) > 2 else b"")
    return None


_CODES = frozenset(mode + verdict for mode in "AC" for verdict in Verdict)


def _modern(version: str) -> bool:
    """From 2.5 on ERR-2 to ERR-12 replace ERR-1. No readable version counts as modern."""
    return not version or tuple(map(int, version.split(".")[:2])) >= (2, 5)


def _msh(to: MessageHeader, control_id: str, timestamp: str) -> bytes:
    component = to.encoding[:1]
    fields = [
        b"MSH",
        to.encoding,
        *to.receiver,
        *to.sender,
        timestamp.encode(),
        b"",
        component.join(_type(to)),
        control_id.encode(),
        to.processing or b"P",
        (to.version or "2.5.1").encode(),
        b"",
        b"",
        # The answer to an answer is none (2.9.3.1); original mode leaves both fields empty.
        *((b"NE", b"NE") if to.accept else (b"", b"")),
        b"",
        to.charset,
    ]
    while not fields[-1]:
        fields.pop()
    return to.separator.join(fields)


def _type(to: MessageHeader) -> list[bytes]:
    """MSH-9: ACK until 2.2, with the trigger from 2.3, with the structure from 2.3.1."""
    trigger = to.type.partition("^")[2].encode()
    if to.version in ("2.1", "2.2") or not trigger:
        return [b"ACK"]
    return [b"ACK", trigger] if to.version == "2.3" else [b"ACK", trigger, b"ACK"]


def _msa(to: MessageHeader, verdict: Verdict, faults: tuple[Fault, ...]) -> bytes:
    fields = [b"MSA", answer_code(to, verdict).encode(), to.control_id]
    # MSA-3, the text, was withdrawn in 2.7 in favour of ERR.
    if faults and to.version not in ("2.7", "2.7.1", "2.8", "2.8.1", "2.8.2"):
        fields.append(_words(to, faults[0].reason))
    return to.separator.join(fields)


def _err(to: MessageHeader, fault: Fault) -> bytes:
    """ERR-2 where, ERR-3 which rule (0357), ERR-4 severity, ERR-5 our reason (local table), ERR-8 in words."""
    component = to.encoding[:1]
    where = [fault.segment.encode(), b"1"] + ([str(fault.field).encode()] if fault.field else [])
    rule = [str(fault.code.number).encode(), _words(to, fault.code.text), b"HL70357"]
    reason = [_words(to, fault.reason), _words(to, fault.code.text), b"L"]
    fields = [b"ERR", b"", *(component.join(parts) for parts in (where, rule)), b"E", component.join(reason), b"", b""]
    return to.separator.join([*fields, _words(to, fault.reason.replace("-", " "))])


def _err_withdrawn(to: MessageHeader, faults: tuple[Fault, ...]) -> bytes:
    """ERR-1, before 2.5: segment, its occurrence, field, and the code as subcomponents; one repetition a fault."""
    repetition = to.encoding[1:2]
    places = [_place(to, fault) for fault in faults]
    # A message that declares no repetition mark can carry only one.
    return to.separator.join((b"ERR", repetition.join(places) if repetition else places[0]))


def _place(to: MessageHeader, fault: Fault) -> bytes:
    number, subcomponent = str(fault.code.number).encode(), to.encoding[3:4]
    rule = subcomponent.join((number, _words(to, fault.code.text), b"HL70357")) if subcomponent else number
    field = str(fault.field).encode() if fault.field else b""
    return to.encoding[:1].join((fault.segment.encode(), b"1", field, rule))


def _words(to: MessageHeader, text: str) -> bytes:
    """Our own words, without what this sender uses as delimiters."""
    marks = to.separator + to.encoding
    return bytes(32 if byte in marks else byte for byte in text.encode())
