"""The stage that writes: transform, reassemble, check, release."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from deidstream import formats
from deidstream.core.case import Case
from deidstream.core.decision import Decision, Method
from deidstream.core.document import Document
from deidstream.core.errors import Malformed, Unsafe
from deidstream.core.finding import Finding
from deidstream.core.outcome import Audit, Hold, Outcome, Released, Unchanged
from deidstream.core.region import Region
from deidstream.core.release import Release, release_id
from deidstream.core.span import Span
from deidstream.detection.text.codes import without_codes
from deidstream.formats import fhir
from deidstream.ports import Clock, Samples, SubjectLayer, TextLayer
from deidstream.stages.writer import residue
from deidstream.stages.writer.account import account
from deidstream.stages.writer.config import WriterSettings
from deidstream.stages.writer.earlier import Earlier
from deidstream.stages.writer.heads import is_about_head, says_no_face, without_face
from deidstream.stages.writer.pages import PrintedIn
from deidstream.stages.writer.pixels import Painter
from deidstream.stages.writer.render import Rendered

if TYPE_CHECKING:  # formats are imported when first needed
    from deidstream.formats.dicom import DicomDocument

__all__ = ["Writer"]

_ROUNDS = 3
"""How often residue in texts is redacted before the case is held."""


@dataclass(slots=True)
class _Written:
    """A case carried out as far as ``decisions`` go. ``held``: those because of which it may not leave."""

    case: Case
    document: Document
    decisions: tuple[Decision, ...] = field(repr=False)
    rendered: Rendered = field(repr=False)
    printed: PrintedIn
    held: tuple[Decision, ...] = field(default=(), repr=False)
    painted: bool = False
    again: DicomDocument | None = None
    """The result, read: once for all who look at it."""


class Writer:
    """Turns decided cases into releases. ``layers`` and ``identity`` are those of the text stage: they read the result again."""

    def __init__(
        self,
        settings: WriterSettings,
        layers: Sequence[TextLayer],
        identity: SubjectLayer,
        clock: Clock,
        earlier: Earlier,
        painter: Painter | None = None,
        samples: Callable[[], Samples] | None = None,
    ) -> None:
        self._samples = samples or _nobody
        self._painter = painter
        self._settings = settings
        self._earlier = earlier
        self._layers = layers
        self._identity = identity
        self._clock = clock

    def handle(self, cases: Sequence[Case]) -> list[Outcome]:
        """Released, or Hold for review; Unchanged where a further run finds nothing more.

        Raises Unsafe when a decision cannot be carried out.
        """
        written = [self._rendered(_opened(case)) for case in cases]
        if self._settings.residue_check:
            self._look_again(written)
        for one in written:
            if not one.held:
                self._paint(one)
        return [outcome for one in written for outcome in self._outcomes(one)]

    def _rendered(self, case: Case) -> _Written:
        before = _document(case)
        document = without_face(case, before, self._samples)
        printed = PrintedIn(document, self._painter, case.id)
        rendered = printed.render(_rendered(case.decisions))
        return _Written(case, document, case.decisions, rendered, printed, painted=document is not before)

    def _look_again(self, written: Sequence[_Written]) -> None:
        """Redacts what the layers still find in changed texts, all cases of a batch at once; who has some left is held."""
        left = list(written)
        for _ in range(_ROUNDS):
            found = residue.undecided_in_texts(
                [(one.rendered, one.case.subjects) for one in left], self._layers, self._identity
            )
            left = [one for one, findings in zip(left, found, strict=True) if self._redacts(one, findings)]
            if not left:
                break
        for one in left:
            one.held = one.decisions
        for one in written:
            # What a person has looked at and let go is not held for the same reason again.
            if not one.held and not one.case.header.attribute("reviewed"):
                one.held = (
                    *residue.surviving_values(one.document, one.decisions, one.rendered),
                    *_headers(one),
                    *one.printed.left(one.decisions, one.rendered.parts),
                )

    def _paint(self, one: _Written) -> None:
        """Pixels come last: what is held for another reason waits without."""
        pixels = tuple(decision for decision in one.decisions if Region.parse(decision.locator))
        if not pixels and one.case.header.format != "image":
            return
        if self._painter is None:
            raise Unsafe("pixels-not-painted", one.case.id)
        format_, before = one.case.header.format, one.rendered.content
        if self._settings.residue_check:
            content, every, left = self._painter.checked(format_, before, pixels, one.case.subjects)
            one.decisions += every[len(pixels) :]
            one.held = () if one.case.header.attribute("reviewed") else left
        else:
            content = self._painter.painted(format_, before, pixels)
        if content is not before:
            one.rendered, one.again, one.painted = replace(one.rendered, content=content), None, True

    def _redacts(self, one: _Written, findings: Sequence[Finding]) -> bool:
        """Redacts those of ``findings`` that count; whether there were any."""
        certain = [finding for finding in findings if finding.score >= self._settings.residue_score]
        certain = without_codes(one.document, certain)
        if certain:
            one.decisions += tuple(_redactions(certain))
            one.rendered = one.printed.render(_rendered(one.decisions))
        return bool(certain)

    def _outcomes(self, one: _Written) -> list[Outcome]:
        if one.held:
            return [self._held(one.case, one.held)]
        _check_form(one.case, one.rendered.content)
        case, mark = one.case.changed(decisions=one.decisions), self._earlier.mark(one.document, one.decisions)
        if case.header.release_version > 1:
            superseded = self._earlier.superseded(case.header, mark)
            if superseded is None:
                return [_unchanged(case)]
            case = case.with_header(supersedes=superseded)
        return self._released(case, one, mark)

    def _held(self, case: Case, decisions: Sequence[Decision]) -> Outcome:
        categories = sorted({str(decision.category) for decision in decisions})
        audit = Audit("case.held", case.id, {"reason": "residue", "categories": categories})
        deadline = self._clock.now() + self._settings.review_days * 86_400
        return Hold(case.with_header(itinerary=("resolver", "writer")), "review", "residue", deadline, audit=(audit,))

    def _released(self, case: Case, one: _Written, mark: str) -> list[Outcome]:
        header = case.header
        content, attributes = one.rendered.content, header.attributes
        if header.format == "fhir":
            content = fhir.label(content, self._settings.security_label)
            attributes = (*attributes, ("resource", _resource(content)))
        if header.format == "dicom":
            from deidstream.stages.writer import dicom

            content = dicom.labelled(
                _again(one),
                dicom.options_of(header),
                header.attribute("pixels"),
                one.painted,
                says_no_face(case, one.decisions),
            )
        container = header.container
        release = Release(
            id=release_id(header),
            case_id=header.case_id,
            project=header.project,
            source=header.source,
            format=header.format,
            key=header.key,
            sequence=header.sequence,
            received=header.received,
            content=content,
            supersedes=header.supersedes,
            policy=header.policy,
            trace=header.trace,
            attributes=attributes,
            container=container.id if container else "",
            ordinal=container.ordinal if container else 0,
            size=container.size if container else 0,
        )
        outcomes: list[Outcome] = [Released(release, (account(case, release, self._clock.now()),), case, mark)]
        if header.format == "fhir" and self._settings.provenance:
            outcomes.append(Released(self._provenance(release)))
        return outcomes

    def _provenance(self, release: Release) -> Release:
        target = dict(release.attributes)["resource"]
        content = fhir.provenance(
            target, release.id, self._clock.now(), release.policy, dict(release.attributes).get("fhir.version", "")
        )
        attributes = (("fhir.method", "PUT"), ("resource", f"Provenance/{release.id}"), ("provenance", "true"))
        return replace(
            release,
            id=f"{release.id}p",
            supersedes=",".join(f"{one}p" for one in release.superseded),
            content=content,
            attributes=attributes,
            sequence=0,
            container="",
            ordinal=0,
            size=0,
        )


def _nobody() -> Samples:
    raise Unsafe("pixels-not-painted", "PixelData")


def _rendered(decisions: Sequence[Decision]) -> list[Decision]:
    """All but those about pixels."""
    return [one for one in decisions if Region.parse(one.locator) is None and not is_about_head(one)]


def _headers(one: _Written) -> tuple[Decision, ...]:
    """What a header should not say any more, of formats that have one."""
    if one.case.header.format != "dicom":
        return ()
    from deidstream.stages.writer import dicom

    options = dicom.options_of(one.case.header)
    return tuple(dicom.remaining(_again(one), one.decisions, one.case.subjects, options))


def _again(one: _Written) -> DicomDocument:
    from deidstream.stages.writer import dicom

    if one.again is None:
        one.again = dicom.read_again(one.rendered.content)
    return one.again


def _unchanged(case: Case) -> Outcome:
    header = case.header
    details: dict[str, object] = {
        "project": header.project,
        "release": header.supersedes.partition(",")[0],
        "identity_revision": header.identity_revision,
    }
    return Unchanged(case, (Audit("case.unchanged", case.id, details),))


def _redactions(findings: Sequence[Finding]) -> list[Decision]:
    """Of findings that overlap, the one that begins first."""
    last: dict[str, Span] = {}
    out = []
    for finding in sorted(findings, key=lambda item: (item.locator, item.span or Span(0, 0))):
        span = finding.span or Span(0, 0)
        before = last.get(finding.locator)
        if before is not None and span.overlaps(before):
            continue
        last[finding.locator] = span
        text = f"[{finding.category.upper()}]"
        out.append(
            Decision(
                finding.locator,
                span,
                finding.category,
                Method.REDACT,
                text,
                "residue",
                (finding.detector,),
                finding.score,
            )
        )
    return out


def _opened(case: Case) -> Case:
    return case.changed(document=formats.opened(case))


def _document(case: Case) -> Document:
    if case.document is None:
        raise Malformed("not-split", case.id)
    return case.document


def _check_form(case: Case, content: bytes) -> None:
    """Raises Unsafe or Malformed when the output is not of its format any more."""
    if case.header.format in ("fhir", "cda"):
        formats.split(case.header.format, content, case.header.attribute("charset"))


def _resource(content: bytes) -> str:
    resource = json.loads(content)
    return f"{resource['resourceType']}/{resource['id']}" if "id" in resource else str(resource["resourceType"])
