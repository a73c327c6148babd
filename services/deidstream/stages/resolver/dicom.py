"""Decisions about the header of a DICOM instance: the profile says what becomes of an attribute, the policy what stands there."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import cast

from deidstream.core.category import Category, Role
from deidstream.core.decision import Decision, Method
from deidstream.core.finding import Finding
from deidstream.core.policy import Policy
from deidstream.core.span import Span
from deidstream.core.surrogate.identifiers import OID
from deidstream.core.surrogate.names import unmarked
from deidstream.core.transform import DATES, Scene, Transform
from deidstream.detection.fields.dicom.dummies import dummy
from deidstream.detection.fields.dicom.graphics import CLEAN_GRAPHICS, drawn_freely, overlay_elements
from deidstream.detection.fields.dicom.private import safe_elements
from deidstream.detection.fields.dicom.profile import FULL_DATES, MODIFIED_DATES, SAFE_PRIVATE, Action, action
from deidstream.formats.dicom import DicomDocument, Element
from deidstream.stages.resolver.decide import Decided, Opened, decide
from deidstream.stages.resolver.pixels import IMAGE, covered

__all__ = ["decide_instance"]

_FIELDS = "fields.dicom/"
_SHIFTING = frozenset({FULL_DATES, MODIFIED_DATES})
_TRAITS = frozenset({Category.AGE, Category.SEX, Category.ETHNICITY})
"""Where the option that retains them meets a stricter policy (ages over 89), the policy counts."""
_LONGEST_UID = 64
_NO_DELIMITER = re.compile(r"[^\\^= ]+")
_MOMENTS = frozenset({"DA", "DT", "TM"})
_MOMENT = re.compile(r"[0-9.:+ \\-]*", re.ASCII)


def decide_instance(
    work: Opened, policy: Policy, transform: Transform, scenes: Sequence[Scene], reviewed: bool = False
) -> Decided:
    """Of each element that the profile names one decision, and of each text that it cleans those about what stands in it."""
    header = _Header(cast(DicomDocument, work.document), policy, transform, scenes[0])
    elements: dict[str, list[Finding]] = {}
    for finding in work.findings:
        if finding.detector.startswith(_FIELDS):
            elements.setdefault(finding.locator, []).append(finding)
    header.decide(elements)
    pixels = covered(work.findings, policy) if policy.dicom.pixels == "examine" else Decided(())
    read = tuple(
        finding
        for finding in work.findings
        if not finding.detector.startswith(IMAGE)
        and not finding.detector.startswith(_FIELDS)
        and header.is_read(work.parts[finding.locator].pieces[0].path)
    )
    texts = decide(replace(work, findings=read), policy, transform, scenes, reviewed)
    held = "" if reviewed else header.held or pixels.held
    return Decided(
        (*header.decisions, *texts.decisions, *pixels.decisions),
        texts.held or held,
        texts.quarantined or header.quarantined or pixels.quarantined,
    )


class _Header:
    def __init__(self, document: DicomDocument, policy: Policy, transform: Transform, scene: Scene) -> None:
        self._document = document
        self._policy = policy
        self._transform = transform
        self._scene = scene
        self._options = policy.dicom.options
        self._gone: set[str] = set()
        """Elements that are removed, emptied or replaced: nothing in them is decided any more."""
        self._settled: set[str] = set()
        """Elements whose texts are not read, because all of them goes or stays."""
        self._safe = safe_elements(document) if SAFE_PRIVATE in self._options else frozenset()
        if CLEAN_GRAPHICS in self._options and policy.dicom.pixels == "examine":
            self._safe |= overlay_elements(document)
        self._found: Mapping[str, Sequence[Finding]] = {}
        self.decisions: list[Decision] = []
        self.held = self.quarantined = ""

    def decide(self, elements: Mapping[str, Sequence[Finding]]) -> None:
        self._found = elements
        for element in (*self._document.opened.meta, *self._document.walk()):
            findings = elements.get(element.path)
            if findings and not self._is_gone(element.path):
                self._element(element, findings)

    def is_read(self, path: str) -> bool:
        """Whether what was found in the text at ``path`` counts."""
        return path not in self._settled and not self._is_gone(path) and path not in self._gone

    def _is_gone(self, path: str) -> bool:
        at = len(path)
        while (at := path.rfind("[", 0, at)) > 0:
            if path[:at] in self._gone:
                return True
        return False

    def _element(self, element: Element, findings: Sequence[Finding]) -> None:
        asked = action(element.tag, element.vr, self._options)
        first = findings[0]
        path = element.path
        rule = self._policy.rule(first, "")
        if rule.line.startswith("path:"):
            self._by_path(element, findings, rule.method, asked)
        elif asked is Action.REMOVE and path not in self._safe:
            self._remove(first)
        elif element.value == element.end:
            return
        elif asked is Action.KEEP and first.category in _TRAITS and rule.method is not Method.KEEP:
            self._replaced(element, findings, Action.KEEP)
        elif asked is Action.KEEP and self._is_text(element):
            self._settled.add(path)
            self._say(first, None, Method.REDACT, "", f"dicom:{Action.EMPTY}")
        elif asked is Action.KEEP or path in self._safe:
            self._settled.add(path)
            self._say(first, None, Method.KEEP, None, f"dicom:{Action.KEEP}")
        elif asked is Action.EMPTY:
            self._replaced(element, findings, Action.EMPTY)
        elif asked is Action.DUMMY:
            self._replaced(element, findings, Action.DUMMY)
        elif asked is Action.REMAP:
            if element.items is None:
                self._replaced(element, findings, Action.REMAP)
        elif first.category in DATES:
            self._replaced(element, findings, Action.CLEAN)
        elif element.keyword == "GraphicAnnotationSequence":
            self._undrawn(element, first)

    def _is_text(self, element: Element) -> bool:
        """Whether a text stands where a date or a code should: it is not retained as one."""
        if element.vr == "CS":
            return not self._document.is_code(element)
        return element.vr in _MOMENTS and not _MOMENT.fullmatch(self._document.leaf(element.path).text)

    def _by_path(self, element: Element, findings: Sequence[Finding], method: Method, asked: Action | None) -> None:
        """A line of the policy that names the attribute goes before the profile."""
        if method is Method.KEEP:
            self._settled.add(element.path)
            self._say(findings[0], None, Method.KEEP, None, self._policy.rule(findings[0], "").line)
        elif method is Method.DROP or asked is Action.REMOVE:
            self._remove(findings[0])
        else:
            self._replaced(element, findings, Action.DUMMY if asked is Action.DUMMY else Action.EMPTY)

    def _remove(self, finding: Finding) -> None:
        self._gone.add(finding.locator)
        self._say(finding, None, Method.REDACT, None, f"dicom:{Action.REMOVE}")

    def _replaced(self, element: Element, findings: Sequence[Finding], asked: Action) -> None:
        if element.items is not None and asked is Action.DUMMY:
            self._dummies(element, findings[0])
            return
        self._settled.add(element.path)
        text = self._document.leaf(element.path).text
        made, method = self._made(element, findings, text, asked)
        if made.strip("\\^= ") or asked is Action.REMAP:
            self._say(findings[0], Span(0, len(text)), method, made, f"dicom:{asked}")
            return
        self._gone.add(element.path)
        instead = "" if asked in (Action.EMPTY, Action.KEEP) or element.items is not None else self._instead(element)
        self._say(findings[0], None, Method.REDACT, instead, f"dicom:{asked}")

    def _made(self, element: Element, findings: Sequence[Finding], text: str, asked: Action) -> tuple[str, Method]:
        """The text with every value in it as the policy wants it; '' in the place of what may not be made."""
        out: list[str] = []
        position = 0
        used = Method.REDACT
        for finding in sorted(findings, key=lambda one: one.span or Span(0, 0)):
            if finding.span is None:
                continue
            value = text[finding.span.start : finding.span.end]
            made, method = self._value(finding, value, asked)
            used = method if made else used
            out += (_between(text[position : finding.span.start], element.vr), self._fitting(made))
            position = finding.span.end
        # What no finding speaks of are delimiters, and UIDs that the standard issued.
        rest = _between(text[position:], element.vr)
        return "".join((*out, rest)) if out else (text if asked is Action.REMAP else ""), used

    def _value(self, finding: Finding, value: str, asked: Action) -> tuple[str, Method]:
        if asked is Action.REMAP:
            uid = value if OID.fullmatch(value) and len(value) <= _LONGEST_UID else _uid_of(value)
            return self._transform.apply(Method.PSEUDONYM, finding, uid, self._scene) or "", Method.PSEUDONYM
        if finding.category in DATES and not _SHIFTING & set(self._options):
            return "", Method.REDACT
        method = self._policy.rule(finding, value).method
        if method is Method.QUARANTINE:
            self.quarantined = self.quarantined or finding.locator
        elif method is Method.HOLD:
            self.held = self.held or finding.locator
        if method is Method.KEEP and finding.category not in DATES and asked is not Action.KEEP:
            return "", Method.REDACT  # the profile asks for another value
        return self._transform.apply(method, finding, value, self._scene) or "", method

    def _fitting(self, made: str) -> str:
        plain = made if self._document.encodings != ("iso8859",) or made.isascii() else unmarked(made)
        return plain.replace("\\", "/")

    def _instead(self, element: Element) -> str:
        """A dummy of the element's VR."""
        values = self._document.leaf(element.path).text.count("\\") + 1
        return dummy(element.vr, element.end - element.value, values)

    def _undrawn(self, annotation: Element, finding: Finding) -> None:
        for element in drawn_freely(self._document, annotation):
            own = finding._replace(locator=element.path, category=Category.UNKNOWN, role=Role.UNKNOWN)
            self._settled.add(element.path)
            self._say(own, None, Method.REDACT, self._instead(element), f"dicom:{Action.DUMMY}")

    def _dummies(self, element: Element, finding: Finding) -> None:
        """Of a sequence that must be there the items stay, and every value in them that could say anything is a dummy."""
        self._settled.add(element.path)
        for item in element.items or ():
            for inner in item.elements:
                if inner.value == inner.end or inner.path in self._settled:
                    continue
                if inner.items is None:
                    self._dummy(inner, finding)
                elif action(inner.tag, inner.vr, self._options) not in (Action.REMOVE, Action.EMPTY):
                    self._dummies(inner, finding)

    def _dummy(self, element: Element, finding: Finding) -> None:
        asked = action(element.tag, element.vr, self._options)
        own = finding._replace(locator=element.path, category=Category.UNKNOWN, role=Role.UNKNOWN)
        if asked in (None, Action.CLEAN) and element.path not in self._found and element.keyword not in _STRUCTURAL:
            self._settled.add(element.path)
            self._say(own, None, Method.REDACT, self._instead(element), f"dicom:{Action.DUMMY}")

    def _say(self, finding: Finding, span: Span | None, method: Method, made: str | None, line: str) -> None:
        self.decisions.append(
            Decision(finding.locator, span, finding.category, method, made, line, (finding.detector,), 1.0)
        )


def _between(text: str, vr: str) -> str:
    """What stays of what no finding speaks of: of names of persons delimiters alone, whatever else stands between them."""
    return _NO_DELIMITER.sub("", text) if vr == "PN" else text


def _uid_of(malformed: str) -> str:
    """A well-formed UID in the place of what is none, the same for the same; its surrogate is keyed, as that of any other."""
    return f"2.25.{int.from_bytes(sha256(malformed.encode()).digest()[:16], 'big')}"


_STRUCTURAL = frozenset(
    {
        "ValueType",
        "RelationshipType",
        "ContinuityOfContent",
        "ReferencedSOPClassUID",
        "CodingSchemeDesignator",
        "SpecificCharacterSet",
    }
)
"""What must stay for the items to be read at all."""
