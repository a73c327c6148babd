"""What is let in over MLLP: the few rules that a message must keep to be answered for at all."""

from __future__ import annotations

from typing import NamedTuple

from deidstream.core.errors import DeidstreamError, Malformed, Unavailable
from deidstream.formats.hl7v2 import acknowledgement as ack
from deidstream.formats.hl7v2 import mllp
from deidstream.formats.hl7v2.header import MessageHeader, peek

__all__ = ["Judgement", "judge", "judge_failure"]

VERSIONS = ("2.1", "2.2", "2.3", "2.4", "2.5", "2.6", "2.7", "2.8")


class Judgement(NamedTuple):
    """Whether a message is let in; if not, why. ``header`` is None where none can be read."""

    header: MessageHeader | None
    verdict: ack.Verdict = ack.Verdict.ACCEPTED
    faults: tuple[ack.Fault, ...] = ()


def judge(block: mllp.Frame) -> Judgement:
    """The judgement of one block, from its header alone."""
    try:
        header = peek(block.content)
    except Malformed as error:
        if block.fault:
            return _framing(None, block.fault)
        return Judgement(None, ack.Verdict.REJECTED, (_unreadable(error),))
    if block.fault:
        return _framing(header, block.fault)
    faults = tuple(_faults(header))
    return Judgement(header, ack.Verdict.REJECTED if faults else ack.Verdict.ACCEPTED, faults)


def judge_failure(header: MessageHeader, error: DeidstreamError) -> Judgement:
    """The judgement when a message that was let in could not be made durable."""
    verdict = ack.Verdict.ERROR if isinstance(error, Unavailable) else ack.Verdict.REJECTED
    return Judgement(header, verdict, (ack.Fault(ack.INTERNAL, error.code),))


def _framing(header: MessageHeader | None, fault: mllp.Fault) -> Judgement:
    """A block that is too large will be so again; one that lost its end may come whole the next time."""
    verdict = ack.Verdict.REJECTED if fault is mllp.Fault.TOO_LARGE else ack.Verdict.ERROR
    return Judgement(header, verdict, (ack.Fault(ack.INTERNAL, fault),))


def _unreadable(error: Malformed) -> ack.Fault:
    if error.code == "no-msh":
        return ack.Fault(ack.SEGMENT_SEQUENCE, error.code)
    return ack.Fault(ack.DATA_TYPE_ERROR, error.code, field=int(error.place.removeprefix("MSH-")))


def _faults(header: MessageHeader) -> list[ack.Fault]:
    faults = []
    if not header.type or header.type[:3] in ("ACK", "MCF"):
        # To acknowledge an acknowledgement would begin an endless conversation.
        faults.append(ack.Fault(ack.UNSUPPORTED_TYPE, "unsupported-message-type", field=9))
    if not header.control_id:
        faults.append(ack.Fault(ack.REQUIRED_FIELD_MISSING, "no-control-id", field=10))
    if header.version[:3] not in VERSIONS:
        faults.append(ack.Fault(ack.UNSUPPORTED_VERSION, "unsupported-version", field=12))
    return faults
