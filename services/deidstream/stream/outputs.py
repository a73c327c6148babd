"""What becomes of outcomes: which record goes where, what goes on the shelf, what is audited."""

from __future__ import annotations

from dataclasses import dataclass, field

from deidstream.core.case import Case, Header
from deidstream.core.errors import DeidstreamError, Malformed
from deidstream.core.outcome import (
    Again,
    Audit,
    Done,
    Forward,
    Gap,
    Hold,
    Outcome,
    Quarantine,
    Released,
    Unchanged,
)
from deidstream.ports import Held, KeyRing, Output, Record
from deidstream.stream.archiving import Archiving
from deidstream.stream.claims import Claims, Lodging
from deidstream.stream.quarantine import quarantine_id
from deidstream.stream.stages import QUARANTINE, RELEASES, inbox
from deidstream.wire import QuarantineRecord, decode_header, encode_case, encode_gap, encode_quarantine, encode_release

__all__ = ["Outputs"]


@dataclass(slots=True)
class Outputs:
    """Collects what one commit publishes. ``now`` is when. ``lodging`` must be settled before the records go out."""

    keys: KeyRing
    now: float
    lodging: Lodging = field(default_factory=lambda: Claims().lodging())
    records: list[Output] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    audit: list[Audit] = field(default_factory=list)
    archiving: Archiving | None = None
    """What the archive learns, where the deployment retains cases."""
    quarantined: int = 0
    latencies: list[float] = field(default_factory=list)

    def add(self, stage: str, outcome: Outcome) -> None:
        """Maps one outcome of ``stage``. Raises Malformed when it is something that the wire cannot carry."""
        if isinstance(outcome, Released):
            self._release(outcome)
        elif isinstance(outcome, Gap):
            self._gap(outcome)
        elif isinstance(outcome, Quarantine):
            self._quarantine(stage, outcome)
        elif isinstance(outcome, Hold):
            self._hold(outcome)
        elif not isinstance(outcome, Done | Unchanged):
            self._forward(outcome)
        if self.archiving is not None:
            self.archiving.note(outcome)
        self.audit += outcome.audit

    def keep(self, case: Case) -> None:
        """Retains ``case`` as it is now, where the deployment retains cases."""
        if self.archiving is not None:
            self.archiving.keep(case)

    def unreadable(self, stage: str, record: Record, code: str, place: str) -> None:
        """A record that is no case: kept as it came, which is sealed if it ever was one."""
        header = _readable_header(record)
        case_id = header.case_id if header else record.headers.get("case", "")
        self._publish_quarantine(case_id, stage, record.topic, code, place, record.value, record.key)
        if header and header.sequence:
            self._gap(Gap(Case(header, b""), "quarantined", header.project))

    def _forward(self, outcome: Forward | Again) -> None:
        case, header = outcome.case, outcome.case.header
        if not header.itinerary:
            raise Malformed("no-itinerary", "header")
        value = encode_case(case, self.keys, self.lodging.lodge)
        self.records.append(Output(inbox(header.itinerary[0]), header.key, value, {"case": case.id}))

    def _hold(self, outcome: Hold) -> None:
        case, header = outcome.case, outcome.case.header
        value = encode_case(case, self.keys, self.lodging.lodge)
        ordinal = header.container.ordinal if header.container else header.sequence
        name = f"{case.id}.{header.project}" if header.project else case.id
        self.held.append(
            Held(name, outcome.stage, outcome.reason, outcome.deadline, value, outcome.group, ordinal, self.now)
        )

    def _release(self, outcome: Released) -> None:
        release = outcome.release
        headers = {"kind": "release", "case": release.case_id, "id": release.id, "project": release.project}
        value = encode_release(release, self.keys, self.lodging.lodge)
        self.records.append(Output(RELEASES, release.key, value, headers))
        if not release.supersedes:
            self.latencies.append(self.now - release.received)

    def _gap(self, outcome: Gap) -> None:
        headers = {"kind": "gap", "case": outcome.case.id}
        self.records.append(Output(RELEASES, outcome.case.header.key, encode_gap(outcome), headers))

    def _quarantine(self, stage: str, outcome: Quarantine) -> None:
        case = outcome.case
        header = case.header
        topic = inbox(header.itinerary[0] if header.itinerary else stage)
        self._publish_quarantine(
            case.id, stage, topic, outcome.code, outcome.place, self._sealed(case), header.key, header.format
        )
        # Destinations that keep order or batches need not wait for it. Of a further run nobody waits for anything.
        if (header.sequence or header.container) and header.release_version == 1:
            self._gap(Gap(case.changed(source=b""), "quarantined", header.project))

    def _sealed(self, case: Case) -> bytes:
        try:
            return encode_case(case, self.keys, self.lodging.lodge)
        except DeidstreamError:
            # What a stage added is what cannot be written; the message as it came can.
            return encode_case(Case(case.header, case.source, case.location), self.keys, self.lodging.lodge)

    def _publish_quarantine(
        self,
        case_id: str,
        stage: str,
        topic: str,
        code: str,
        place: str,
        payload: bytes,
        key: str,
        kind: str = "",
    ) -> None:
        name = quarantine_id(case_id)
        record = QuarantineRecord(name, case_id, stage, topic, code, place, self.now, payload, key, kind=kind)
        self.records.append(Output(QUARANTINE, key, encode_quarantine(record), {"case": case_id, "id": name}))
        details: dict[str, object] = {"stage": stage, "code": code, "place": place, "quarantine": name}
        self.audit.append(Audit("case.quarantined", case_id, details))
        self.quarantined += 1


def _readable_header(record: Record) -> Header | None:
    try:
        return decode_header(record.value)
    except Malformed:
        return None
