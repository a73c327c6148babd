"""The stage: cases in, cases with subjects, sequences and itineraries out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from deidstream import formats
from deidstream.core.case import Case
from deidstream.core.document import Document
from deidstream.core.errors import Unsafe
from deidstream.core.fact import Link, Reading
from deidstream.core.outcome import Audit, Forward, Hold, Outcome, Quarantine
from deidstream.core.page import Pages
from deidstream.core.subject import PASSING, Identifier, Known, Subject, revision_of
from deidstream.detection import fields
from deidstream.formats.printed import printed, see
from deidstream.ports import Clock, Contradiction, IdentityStore, Seen
from deidstream.stages.identify.config import IdentifyConfig
from deidstream.stages.identify.learning import Learned
from deidstream.stages.identify.links import StrongLinks
from deidstream.stages.identify.memory import known_by_subject
from deidstream.stages.identify.searching import Searching

__all__ = ["Identify"]

_STAGE = "identify"
_HOUR = 3600.0
_MOST = 2_000
"""Values that one message may state of one person: those who have many have some dozens. Each is looked for in every text."""
_SILENCE = Reading((), ())


@dataclass(frozen=True, slots=True)
class _Read:
    """A case taken apart: whom it speaks of, and what it says about who is who."""

    case: Case
    document: Document
    persons: tuple[Seen, ...]
    links: tuple[tuple[str, Seen, Seen], ...] = ()
    audit: list[Audit] = field(default_factory=list)


class Identify:
    """Resolves subjects through ``store``. Cases of one call are resolved in one transaction, in order.

    Without ``remember``, handling a case adds nothing to what was learned: what it says beyond that is for itself alone, so that no
    case depends on which others were handled before it. ``searching``: where cases are retained.
    ``pictures``: whether somebody looks at pixels and reads pages; ``heads``: for recognisable heads. Without ``pixels`` those of
    DICOM instances are nobody's concern.
    """

    def __init__(
        self,
        store: IdentityStore,
        clock: Clock,
        config: IdentifyConfig | None = None,
        *,
        remember: bool = True,
        searching: Searching | None = None,
        pictures: bool = False,
        heads: bool = False,
        pixels: bool = True,
    ) -> None:
        self._pixels = pixels
        self._heads = heads
        self._pictures = pictures
        self._searching = searching
        self._remember = remember
        self._store = store
        self._clock = clock
        self._config = config or IdentifyConfig()
        self._strong = StrongLinks(self._config)
        self._learned = Learned(self._strong.order)

    def handle(self, cases: Sequence[Case]) -> list[Outcome]:
        """One Forward or Hold a case, in order.

        Raises Malformed when a source cannot be read, Unsafe when it states more of one person than can be looked for; then nothing
        is stored.
        """
        self.settle()
        outcomes: list[Outcome] = []
        waiting: list[_Read] = []
        for read in [self._handled(case) for case in cases]:
            if read.links:
                outcomes += self._resolved(waiting)
                waiting = []
                self._follow(read)
            waiting.append(read)
        return outcomes + self._resolved(waiting)

    def due(self, cases: Sequence[Case]) -> list[Outcome]:
        """What becomes of held cases whose deadline has passed: forward if the contradiction is settled, else quarantine."""
        return [
            Quarantine(outcome.case, outcome.reason, _STAGE, outcome.audit) if isinstance(outcome, Hold) else outcome
            for outcome in self.handle(cases)
        ]

    def tick(self, now: float) -> list[Outcome]:
        """Retained cases that go through again, because more is known of their subjects now."""
        return self._searching.due(now) if self._searching else []

    def learn(self, cases: Sequence[Case]) -> None:
        """Hears what ``cases`` say about who is who, before any of them is handled. Stored by ``settle``.

        Whatever the order and the batches in which cases are learned, the subjects come out the same.
        """
        for case in cases:
            read = self._read(case)
            for person in read.persons:
                self._learned.hear(replace(person, case_id=""))
            for link in read.links:
                self._learned.link(*link)

    def settle(self) -> None:
        """Stores what was learned. ``handle`` does so by itself; call it before other processes handle the cases."""
        if not self._learned:
            return
        learned, self._learned = self._learned, Learned(self._strong.order)
        self._store.resolve(learned.persons())
        for kind, survivor, prior in learned.links():
            self._link(kind, survivor, prior)

    def _read(self, case: Case) -> _Read:
        document = formats.opened(case)
        reading = document.reading
        if not isinstance(reading, Reading):
            reading = document.reading = fields.read(document)
        persons = self._persons(case, document, reading)
        links = tuple(
            (link.kind, survivor, prior)
            for link in reading.links
            for survivor, prior in self._sides(link, case)
            if survivor
        )
        return _Read(case, document, persons, links)

    def _handled(self, case: Case) -> _Read:
        read = self._read(case)
        return read if self._remember else replace(read, persons=tuple(map(_for_itself, read.persons)))

    def _persons(self, case: Case, document: Document, reading: Reading) -> tuple[Seen, ...]:
        count = len(reading.subjects)
        if not count and not reading.facts and not document.parts:
            return ()
        said = known_by_subject(reading.facts, count)
        if any(len(remembered) + len(passing) > _MOST for remembered, passing in said):
            raise Unsafe("too-many-values-of-a-person", "identify")
        return tuple(
            self._seen(case, reading.subjects[number] if count else (), number, said[number], reading)
            for number in range(len(said))
        )

    def _seen(
        self,
        case: Case,
        identifiers: Sequence[Identifier],
        number: int = 0,
        said: tuple[tuple[Known, ...], tuple[Known, ...]] = ((), ()),
        reading: Reading = _SILENCE,
    ) -> Seen:
        header = case.header
        strong, single = self._strong.of(identifiers, header.source)
        language = _at(reading.languages, number) or header.attribute("language")
        return Seen(
            strong,
            said[0],
            _at(reading.sexes, number),
            language,
            header.source,
            header.case_id,
            said[1],
            single,
            number,
        )

    def _sides(self, link: Link, case: Case) -> list[tuple[Seen, Seen]]:
        survivor, prior = self._seen(case, link.survivor), self._seen(case, link.prior)
        return [(survivor, prior)] if survivor.identifiers and prior.identifiers else []

    def _follow(self, read: _Read) -> None:
        for kind, survivor, prior in read.links:
            survivor_id, prior_id = self._link(kind, survivor, prior)
            if prior_id:
                event = "identity.unlinked" if kind == "unlink" else "identity.linked"
                details: dict[str, object] = {"kind": kind, "survivor": survivor_id, "prior": prior_id}
                read.audit.append(Audit(event, read.case.id, details))

    def _link(self, kind: str, survivor: Seen, prior: Seen) -> tuple[str, str]:
        match kind:
            case "unlink":
                return self._store.unmerge(survivor, prior)
            case "move":
                return self._store.move(survivor, prior)
            case _:
                return self._store.merge(survivor, prior)

    def _resolved(self, reads: Sequence[_Read]) -> list[Outcome]:
        if not reads:
            return []
        found = self._store.resolve([person for read in reads for person in read.persons])
        outcomes: list[Outcome] = []
        position = 0
        for read in reads:
            own = found[position : position + len(read.persons)]
            position += len(read.persons)
            outcomes.append(self._outcome(read, own))
        return outcomes

    def _detectors(self, document: Document) -> tuple[str, ...]:
        """Those that a case visits: it has what they read. Pages are read before anything is said of what they say."""
        pages = ("image",) if self._pictures and next(printed(document), None) else ()
        texts = ("text",) if document.parts else ()
        looks = self._pictures and (self._pixels or document.format != "dicom")
        pictures = ("image",) if looks and fields.is_pictured(document) else ()
        heads = ("heads",) if self._heads and _shows_head(document) else ()
        return (*pages, "fields", *texts, *pictures, *heads)

    def _unread(self, case: Case, document: Document) -> Case:
        """Where nobody reads pages, those inside values are refused. (A file of pages is, by the writer.)"""
        pages = tuple(Pages(path, refused="page-not-read") for path, _ in printed(document) if path)
        if self._pictures or not pages:
            return case
        see(document, pages)
        return case.changed(pages=pages)

    def _outcome(self, read: _Read, found: Sequence[Subject | Contradiction]) -> Outcome:
        for one in found:
            if isinstance(one, Contradiction):
                details: dict[str, object] = {"code": one.code, "subjects": list(one.subjects)}
                audit = Audit("identity.contradiction", read.case.id, details)
                deadline = self._clock.now() + self._config.contradiction_hours * _HOUR
                return Hold(read.case, _STAGE, one.code, deadline, audit=(*read.audit, audit))
        subjects = tuple(one for one in found if isinstance(one, Subject))
        first = subjects[0] if subjects else Subject("")
        itinerary = (*self._detectors(read.document), "resolver", "writer")
        header = read.case.header._replace(
            itinerary=itinerary,
            key=first.id or read.case.header.source,
            sequence=first.sequence,
            identity_revision=revision_of(subjects),
        )
        case = read.case.changed(header=header, subjects=subjects, document=read.document)
        return Forward(self._unread(case, read.document), tuple(read.audit), keep=True)


def _shows_head(document: Document) -> bool:
    """Formats are imported when first needed."""
    if document.format != "dicom":
        return False
    from deidstream.detection.fields.dicom.pixels import may_show_head

    return may_show_head(document)


def _for_itself(person: Seen) -> Seen:
    """What would be remembered, said in passing. (Of somebody whom nothing identifies nothing is remembered anyway.)"""
    if not person.identifiers:
        return person
    said = tuple(item._replace(group=PASSING + item.group) for item in person.known)
    return replace(person, known=(), sex="", language="", passing=said + person.passing)


def _at(values: Sequence[str], index: int) -> str:
    return values[index] if index < len(values) else ""
