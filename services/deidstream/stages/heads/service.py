"""The stage that puts series together and finds heads in them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from deidstream.core.case import Case
from deidstream.core.category import Category
from deidstream.core.errors import Malformed, Unsafe
from deidstream.core.finding import Finding
from deidstream.core.outcome import Audit, Forward, Hold, Outcome
from deidstream.detection.fields.dicom.pixels import ABSENT, REMOVED, rules_out_head
from deidstream.detection.image.head.mask import locator_of, mask_of
from deidstream.detection.image.head.survey import Look, Survey
from deidstream.detection.image.head.verdict import Verdict
from deidstream.ports import Clock, KeyRing, Samples, SeriesShelf
from deidstream.stages.heads.config import HeadsSettings
from deidstream.stages.heads.slices import Slices, expected, is_hounsfield, is_placeless, opened

__all__ = ["ARRIVING", "DETECTOR", "LOOKING", "Heads"]

ARRIVING = "series-arriving"
DETECTOR = "head/1"
_STAGE = "heads"
_DAY = 86_400.0
LOOKING = 900.0
"""Seconds after which a series that a process began to look at is due again: it died."""
_REMEMBERED = 4


class Heads:
    """``look``: why what would be released may not be. ``samples``: of compressed slices, opened when the first comes."""

    def __init__(
        self,
        shelf: SeriesShelf,
        keys: KeyRing,
        clock: Clock,
        settings: HeadsSettings,
        look: Look,
        samples: Callable[[], Samples],
    ) -> None:
        self._samples = samples
        self._shelf = shelf
        self._keys = keys
        self._clock = clock
        self._settings = settings
        self._look = look
        self._verdicts: OrderedDict[str, Verdict] = OrderedDict()

    def handle(self, cases: Sequence[Case]) -> list[Outcome]:
        """A slice of a series that was looked at goes on with its part; others wait for the rest of theirs."""
        together: dict[str, list[Case]] = {}
        believed: list[Outcome] = []
        for case in cases:
            if self._settings.believe_headers and rules_out_head(opened(case)):
                believed.append(_absent(case))
            else:
                together.setdefault(self.series(case), []).append(case)
        return believed + [one for series, members in together.items() for one in self._arrived(series, members)]

    def due(self, cases: Sequence[Case]) -> list[Outcome]:
        """Slices whose series is complete, or has been quiet for long. Looks at it, where nobody has."""
        outcomes: list[Outcome] = []
        for case in cases:
            series = self.series(case)
            verdict = self._verdict(series) or self.settle(series, partial(self._shelf.cases, series))
            outcomes.append(self._looked_at(case, verdict))
        return outcomes

    def tick(self, now: float) -> list[Outcome]:
        """Verdicts that nobody needs any more go."""
        self._shelf.forget(now)
        return []

    def series(self, case: Case) -> str:
        """A content-free name of the series that ``case`` belongs to: nobody can tell the UID from it."""
        document = opened(case)
        uid = document.value("SeriesInstanceUID") or document.value("SOPInstanceUID") or case.id
        # With the patient: whoever gives out a UID twice must not mix two heads.
        name = "\0".join(("series", case.header.source, document.value("PatientID"), uid))
        return self._keys.mac("id", name.encode()).hex()[:32]

    def anew(self) -> None:
        """Forgets all that was found."""
        self._verdicts.clear()
        self._shelf.forget(float("inf"))

    def settle(self, series: str, members: Callable[[], Iterable[Case]]) -> Verdict:
        """Looks at all ``members`` and stores what was found."""
        now = self._clock.now()
        self._shelf.reschedule(series, now + LOOKING)
        verdict = self._survey(members())
        now = self._clock.now()
        self._shelf.decide(series, verdict.to_bytes(), now, now + self._settings.keep_days * _DAY)
        self._shelf.reschedule(series, now)
        return self._verdict(series) or verdict

    def _arrived(self, series: str, members: Sequence[Case]) -> list[Outcome]:
        verdict = self._verdict(series)
        if verdict is not None:
            return [self._looked_at(case, verdict) for case in members]
        now = self._clock.now()
        deadline = now + self._settings.quiet_seconds
        waiting = self._shelf.reschedule(series, deadline)
        if waiting + len(members) > self._settings.most_slices:
            return [_unseen(case, "series-too-large") for case in members]
        size = max(expected(opened(case)) for case in members)
        if 0 < size <= waiting + len(members):
            deadline = now
        return [Hold(case, _STAGE, ARRIVING, deadline, series) for case in members]

    def _verdict(self, series: str) -> Verdict | None:
        known = self._verdicts.get(series)
        if known is None:
            stored = self._shelf.verdict(series)
            if stored is None:
                return None
            known = self._verdicts[series] = Verdict.from_bytes(stored)
            while len(self._verdicts) > _REMEMBERED:
                self._verdicts.popitem(last=False)
        return known

    def _survey(self, members: Iterable[Case]) -> Verdict:
        """What cannot be read is no part of the volume; it is refused when its own turn comes."""
        survey: Survey | None = None
        size, ruled_out = 0, True
        for case in members:
            size += len(case.source)
            if size > self._settings.most_bytes:
                return Verdict(())
            try:
                slices = Slices.of(opened(case))
                survey = survey or Survey(is_hounsfield(slices.document))
                ruled_out = ruled_out and rules_out_head(slices.document)
                for frame, values in slices.values(self._samples):
                    survey.add(frame.plane, values)
            except Malformed:
                continue
            except Unsafe:
                return Verdict(())
        if survey is None:
            return Verdict(())
        return survey.absence(self._look) if ruled_out else survey.verdict(self._look)

    def _looked_at(self, case: Case, verdict: Verdict) -> Outcome:
        try:
            slices = Slices.of(opened(case))
        except Malformed as error:
            believed = verdict.is_absence and is_placeless(opened(case)) and rules_out_head(opened(case))
            return self._looked_at_alone(case) if believed else _unseen(case, error.code)
        findings: list[Finding] = []
        changed, cuts = 0, 0
        for frame in slices.frames:
            cut = verdict.cut_of(frame.plane)
            if cut is None:
                return _unseen(case, "slice-outside-series")
            if cut.code:
                return _unseen(case, cut.code)
            cuts += cut.air is not None
            mask = mask_of(cut, frame)
            changed += mask.count
            if mask.count:
                locator = locator_of(frame.number)
                found = Finding(locator, None, Category.BIOMETRIC, 1.0, DETECTOR, form="mask", canonical=mask.to_text())
                findings.append(found)
        if not cuts:
            return _absent(case)
        audit = Audit("head.removed", case.id, {"frames": len(findings), "pixels": changed})
        known = tuple(one for one in case.findings if one.detector != DETECTOR)
        return Forward(_said(case, REMOVED).changed(findings=known + tuple(findings)), (audit,))

    def _looked_at_alone(self, case: Case) -> Outcome:
        """A picture that says no place cannot be put together with others by where it lies: it is looked at as it is."""
        try:
            seen = self._samples().shows_face(case.source)
        except Malformed as error:
            return _unseen(case, error.code)
        return _unseen(case, "head-contradicts-header") if seen else _absent(case)


def _absent(case: Case) -> Outcome:
    """On, for its header says that no face is there, and nobody saw one."""
    known = tuple(one for one in case.findings if one.detector != DETECTOR)
    return Forward(_said(case, ABSENT).changed(findings=known), (Audit("head.absent", case.id, {}),))


def _unseen(case: Case, code: str) -> Outcome:
    """On to the resolver, whose policy says what becomes of heads that nobody could look at."""
    return Forward(_said(case, code), (Audit("head.not-examined", case.id, {"code": code}),))


def _said(case: Case, code: str) -> Case:
    others = tuple(one for one in case.header.attributes if one[0] != "head")
    return case.advance().with_header(attributes=(*others, ("head", code)))
