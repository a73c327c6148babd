"""The stage that resolves: one case out for each project that is entitled."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

import orjson

from deidstream import formats
from deidstream.core.case import Case
from deidstream.core.category import NUMBERS
from deidstream.core.decision import Decision, Method
from deidstream.core.merge import merge
from deidstream.core.outcome import Audit, Done, Forward, Gap, Hold, Outcome, Quarantine, Unchanged
from deidstream.core.policy import Policy
from deidstream.core.release import release_id
from deidstream.core.subject import Subject
from deidstream.core.surrogate.person import Person, person
from deidstream.core.surrogate.surrogates import Pseudonyms, Surrogates
from deidstream.core.transform import Scene, Transform
from deidstream.ports import Clock, KeyRing
from deidstream.stages.resolver.ciphers import SivTokens, aes
from deidstream.stages.resolver.config import Project, ResolverSettings
from deidstream.stages.resolver.decide import Decided, Opened, country_of, decide, opened
from deidstream.stages.resolver.foreign import foreign, instead
from deidstream.stages.resolver.pixels import decide_image

__all__ = ["Recipient", "Resolver", "recipient"]

_NOBODY = Subject("")
_PEOPLE = 1024


@dataclass(slots=True)
class Recipient:
    """A project with its policy and keys, ready to decide."""

    project: Project
    policy: Policy
    surrogates: Surrogates = field(repr=False)
    transform: Transform = field(repr=False)

    policy_id: str = ""
    """Name and hash of the policy, as headers and audits carry them."""

    def __post_init__(self) -> None:
        self.policy_id = f"{self.policy.name}@{self.policy.hash}"


def recipient(project: Project, policy: Policy, keys: KeyRing, imported: Pseudonyms | None = None) -> Recipient:
    """The project under its own keys."""
    surrogates = Surrogates(keys.secret(project.surrogate_purpose), aes, project.language, imported)
    tokens = SivTokens(keys.secret(project.token_purpose), project.name)
    return Recipient(project, policy, surrogates, Transform(policy, surrogates, tokens))


class Resolver:
    """Decides cases for ``recipients``. It remembers nothing that it could not compute again."""

    def __init__(self, recipients: Sequence[Recipient], clock: Clock, settings: ResolverSettings | None = None) -> None:
        self._recipients = tuple(recipients)
        self._clock = clock
        self._settings = settings or ResolverSettings()
        self._people: dict[tuple[str, int], tuple[Person, tuple[str, ...]]] = {}

    def handle(self, cases: Sequence[Case]) -> list[Outcome]:
        """For each case a Forward, Hold, Quarantine or Gap a project; Done where no project is entitled.

        A case that already names its project (it comes back from review) is decided for that one alone. Raises Malformed when a
        source cannot be read, Unsafe when a finding names a place that does not exist.
        """
        return [outcome for case in cases for outcome in self._resolved(case)]

    def _resolved(self, case: Case) -> Iterable[Outcome]:
        recipients = [one for one in self._recipients if case.header.project in {"", one.project.name}]
        entitled = [one for one in recipients if _entitled(one, case)]
        for one in recipients:
            if one not in entitled:
                yield Gap(case, "not-entitled", one.project.name)
        if not entitled:
            audit = (Audit("case.not-entitled", case.id),)
            yield Unchanged(case, audit) if case.header.release_version > 1 else Done(case.id, audit)
            return
        work = opened(case, formats.opened(case), merge(case.findings))
        for one in entitled:
            yield self._decided(case, work, one)

    def _decided(self, case: Case, work: Opened, one: Recipient) -> Outcome:
        header = case.header._replace(project=one.project.name, policy=one.policy_id)
        own = case.changed(header=header, document=work.document)
        heads: tuple[Decision, ...] = ()
        if header.format == "dicom":
            own, refused = _instance(own, work, one.policy)
            if refused:
                return self._quarantine(own, refused, "PixelData")
            work, heads = _without_heads(work, one.policy)
        if header.format == "image" and header.attribute("pixels") != "examined":
            return self._quarantine(own, header.attribute("pixels") or "pixels-not-examined", "image")
        unread = foreign(work.document.parts, one.policy.languages)
        if unread:
            action = one.policy.languages.unsupported
            if action == "quarantine":
                return self._quarantine(own, "unsupported-language", unread[0].locator)
            if action == "hold" and not case.header.attribute("reviewed"):
                return self._hold(own, "unsupported-language")
            work = replace(work, findings=instead(work.findings, unread))
        if header.format == "hl7v2":
            work = replace(work, control=release_id(header))
        scenes = self._scenes(case, work, one)
        decided = _decides(header.format)(
            work, one.policy, one.transform, scenes, bool(case.header.attribute("reviewed"))
        )
        return self._outcome(own, decided._replace(decisions=(*decided.decisions, *heads)))

    def _outcome(self, own: Case, decided: Decided) -> Outcome:
        own = own.changed(decisions=decided.decisions)
        if decided.quarantined:
            return self._quarantine(own, "policy-quarantine", decided.quarantined)
        if decided.held:
            return self._hold(own, "doubtful")
        return Forward(own.advance())

    def _quarantine(self, case: Case, code: str, place: str) -> Outcome:
        return Quarantine(case, code, place)

    def _hold(self, case: Case, reason: str) -> Outcome:
        """Back to this stage after review, which reloads identity and policy."""
        deadline = self._clock.now() + self._settings.review_days * 86_400
        return Hold(case, "review", reason, deadline)

    def _scenes(self, case: Case, work: Opened, one: Recipient) -> list[Scene]:
        received = _day(case.header.received)
        low, high = one.policy.dates.shift_days
        scenes = []
        for subject in case.subjects or (_NOBODY,):
            who, keys = self._person(subject)
            if not subject.known:
                # an institution, say: the addresses of the message tell the country
                who = replace(who, locale=country_of(work))
            offset = one.surrogates.offset(subject.id or case.id, low, high, keys)
            memory = one.transform.memory(subject.id or case.id, subject.revision, received)
            scenes.append(Scene(who, offset, received, memory))
        return scenes

    def _person(self, subject: Subject) -> tuple[Person, tuple[str, ...]]:
        """The names around the subject, and the numbers by which an offset may have been imported."""
        key = (subject.id, subject.revision)
        known = self._people.get(key)
        if known is None:
            if len(self._people) >= _PEOPLE:
                self._people.clear()
            numbers = tuple(item.value for item in subject.known if item.category in NUMBERS)
            known = self._people[key] = (person(subject), numbers)
        return known


_Decides = Callable[[Opened, Policy, Transform, Sequence[Scene], bool], Decided]


def _decides(format_: str) -> _Decides:
    """Formats are imported when first needed."""
    if format_ == "image":
        return decide_image
    if format_ != "dicom":
        return decide
    from deidstream.stages.resolver.dicom import decide_instance

    return decide_instance


def _instance(case: Case, work: Opened, policy: Policy) -> tuple[Case, str]:
    """The case with the options of its profile, and why it may not leave by its header alone.

    A policy that lets pixels through as they are covers nothing in them, so nobody may say that they were examined.
    """
    from deidstream.detection.fields.dicom.pixels import refusal

    gone = (_OPTIONS,) if policy.dicom.pixels == "examine" else (_OPTIONS, "pixels")
    others = tuple(one for one in case.header.attributes if one[0] not in gone)
    chosen = ((_OPTIONS, ",".join(policy.dicom.options)),) if policy.dicom.options else ()
    refused = refusal(work.document, policy.dicom, case.header.attribute("pixels"), case.header.attribute("head"))
    return case.with_header(attributes=others + chosen), refused


def _without_heads(work: Opened, policy: Policy) -> tuple[Opened, tuple[Decision, ...]]:
    """The findings about everything else, and what is decided of the masks of heads."""
    masks = [finding for finding in work.findings if finding.form == "mask"]
    if not masks:
        return work, ()
    keeps = policy.dicom.of_heads == "keep"
    method = Method.KEEP if keeps else Method.REDACT
    decided = [
        Decision(
            one.locator, None, one.category, method, None if keeps else one.canonical, "dicom.heads", (one.detector,)
        )
        for one in masks
    ]
    others = tuple(finding for finding in work.findings if finding.form != "mask")
    return replace(work, findings=others), tuple(decided)


_OPTIONS = "dicom.options"


def _day(seconds: float) -> date:
    return datetime.fromtimestamp(seconds, UTC).date()


def _entitled(one: Recipient, case: Case) -> bool:
    chosen = one.project.entitled
    header = case.header
    if chosen.sources and header.source not in chosen.sources:
        return False
    if chosen.formats and header.format not in chosen.formats:
        return False
    if chosen.kinds and not _is_envelope(case) and not _kinds(case) & set(chosen.kinds):
        return False
    return _in_cohort(one, case) if chosen.cohort or chosen.opt_out else True


def _is_envelope(case: Case) -> bool:
    """The first and last segments of a batch file have no kind of their own: they go where their messages go."""
    start = case.source.lstrip()[:3]
    return case.header.format == "hl7v2" and start in (b"FHS", b"BHS", b"BTS", b"FTS") and b"MSH" not in case.source


def _in_cohort(one: Recipient, case: Case) -> bool:
    """Nobody in it has opted out, and all in it belong to the cohort, if there is one."""
    chosen = one.project.entitled
    names = [{subject.id, one.surrogates.subject_key(subject.id)} for subject in case.subjects]
    if any(name & set(chosen.opt_out) for name in names):
        return False
    return not chosen.cohort or (bool(names) and all(name & set(chosen.cohort) for name in names))


def _kinds(case: Case) -> set[str]:
    """What the message is, in the terms of its format: ``{'ADT', 'ADT^A01'}``, ``{'Patient'}``."""
    if case.header.format == "hl7v2":
        return _hl7_kinds(case.source)
    if case.header.format == "fhir":
        try:
            content = orjson.loads(case.source)
        except orjson.JSONDecodeError:
            return set()
        return {str(content.get("resourceType", ""))} if isinstance(content, dict) else set()
    return {case.header.format}


def _hl7_kinds(source: bytes) -> set[str]:
    start = source.find(b"MSH")
    segment = source[start:].splitlines()[0] if start >= 0 else b""
    fields = segment.split(segment[3:4]) if len(segment) > 4 else []
    if len(fields) < 9 or len(fields[1]) < 1:
        return set()
    parts = fields[8].decode("ascii", "replace").split(chr(fields[1][0]))
    return {parts[0], "^".join(parts[:2])}
