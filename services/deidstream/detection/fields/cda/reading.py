"""A clinical document's facts and subjects, in one walk over its typed elements."""

from __future__ import annotations

from collections.abc import Iterator

from deidstream.core.category import Category, Role
from deidstream.core.document import Document, Leaf
from deidstream.core.errors import Unsafe
from deidstream.core.fact import Fact, Reading
from deidstream.core.subject import Identifier
from deidstream.detection.fields.cda.roles import Context, enter
from deidstream.detection.fields.cda.values import READERS, coded
from deidstream.formats.cda import CdaDocument
from deidstream.formats.markup.tree import SPACE, Element

__all__ = ["read"]


def read(document: Document) -> Reading:
    """All that the structure of a clinical document says. Raises Unsafe for a document of another format."""
    if not isinstance(document, CdaDocument):
        raise Unsafe("not-a-cda-document")
    walk = _Walk()
    for node in document.tree.root.content:
        if isinstance(node, Element):
            walk.element(node, Context(Role.PATIENT))
    return Reading(
        subjects=tuple(tuple(identifiers) for identifiers in walk.subjects),
        facts=walk.settled(),
        sexes=tuple(walk.sexes),
        languages=tuple(walk.languages),
    )


class _Walk:
    def __init__(self) -> None:
        self.issuers: set[str] = set()
        self.facts: list[Fact] = []
        self.subjects: list[list[Identifier]] = []
        self.sexes: list[str] = []
        self.languages: list[str] = []

    def element(self, element: Element, context: Context) -> None:
        kind = element.kind
        reader = READERS.get(kind)
        if reader is not None:
            self.facts += reader(element, context)
            if kind == "II" and (element.attribute("extension") or element.attribute("nullFlavor")):
                self.issuers.add(element.attribute("root").strip())
        elif kind:
            if kind == "PatientRole":
                context = self.patient(element)
            context = enter(kind, element, context)
            if kind == "Observation":
                self.facts += _observed(element, context)
        for leaf in element.attributes:
            if leaf.type in _NOT_UNDERSTOOD:
                self.facts.append(_unknown(leaf, context))
        for node in element.content:
            if isinstance(node, Element):
                self.element(node, context)
            elif node is not SPACE and node.type in _NOT_UNDERSTOOD:
                self.facts.append(_unknown(node, context, element))

    def settled(self) -> tuple[Fact, ...]:
        """The facts, without OIDs that are namespaces: as the issuers of numbers they stay, so alone they stay too."""
        spaces = {
            root[:end] for root in self.issuers for end in (*_dots(root), len(root)) if root.count(".", 0, end) >= _ARCS
        }
        return tuple(fact for fact in self.facts if fact.form != "oid" or fact.issuer or fact.value not in spaces)

    def patient(self, element: Element) -> Context:
        """A new subject: its identifiers in the order that they are written, its sex, its language."""
        context = Context(Role.PATIENT, len(self.subjects), Category.MEDICAL_RECORD)
        identifiers: list[Identifier] = []
        for node in _children(element, "id"):
            for fact in READERS["II"](node, context):
                # An OID alone may be a namespace that thousands share; no two records are joined by one.
                if fact.locator.endswith("@extension") or (fact.locator.endswith("@root") and fact.form == "uuid"):
                    identifiers.append(Identifier(fact.issuer, fact.id_type, fact.value))
                    break
        self.subjects.append(identifiers)
        patient = next(_children(element, "patient"), None)
        self.sexes.append(_sex(patient) if patient is not None else "")
        self.languages.append(_spoken(patient) if patient is not None else "")
        return context


def _dots(root: str) -> Iterator[int]:
    return (index for index, character in enumerate(root) if character == ".")


def _observed(element: Element, context: Context) -> Iterator[Fact]:
    """What an observation says about the person rather than about health: an age, a sex, an occupation."""
    code = next(_children(element, "code"), None)
    category = _OBSERVED.get(code.attribute("code")) if code is not None else None
    if category is None:
        return
    for value in _children(element, "value"):
        if category is not Category.AGE:
            yield from coded(value, category, context)
        elif value.attribute("unit").strip() == "a":
            yield from _age(value, context)


def _age(value: Element, context: Context) -> Iterator[Fact]:
    for leaf in value.attributes:
        if leaf.type.endswith(".value") and leaf.text.strip():
            yield Fact(leaf.path, Category.AGE, context.role, "number", leaf.text, context.subject)


def _unknown(leaf: Leaf, context: Context, element: Element | None = None) -> Fact:
    if element is not None and leaf.type == "ED.opaque":
        photo = element.attribute("mediaType").strip().lower().startswith("image/")
        return Fact(
            leaf.path, Category.PHOTO if photo else Category.UNKNOWN, Role.UNKNOWN, "other", "", context.subject
        )
    return Fact(leaf.path, Category.UNKNOWN, Role.UNKNOWN, "text", leaf.text, context.subject)


def _sex(patient: Element) -> str:
    gender = next(_children(patient, "administrativeGenderCode"), None)
    return _SEXES.get(gender.attribute("code").upper(), "unknown") if gender is not None else ""


def _spoken(patient: Element) -> str:
    """The preferred language, else the first."""
    found: list[tuple[bool, int, str]] = []
    for spoken in _children(patient, "languageCommunication"):
        code = next(_children(spoken, "languageCode"), None)
        preferred = next(_children(spoken, "preferenceInd"), None)
        if code is not None and code.attribute("code"):
            found.append(
                (preferred is None or preferred.attribute("value") != "true", len(found), code.attribute("code"))
            )
    return min(found)[2] if found else ""


def _children(element: Element, name: str) -> Iterator[Element]:
    for node in element.content:
        if isinstance(node, Element) and node.name.rpartition(":")[2] == name:
            yield node


_ARCS = 2
_NOT_UNDERSTOOD = frozenset({"unknown", "ED.opaque"})
_SEXES = {"M": "male", "F": "female", "UN": "other", "O": "other", "X": "other"}
_OBSERVED = {
    "30525-0": Category.AGE,
    "21612-7": Category.AGE,
    "29553-5": Category.AGE,
    "424144002": Category.AGE,
    "445518008": Category.AGE,
    "397659008": Category.AGE,
    "76689-9": Category.SEX,
    "46098-0": Category.SEX,
    "11341-5": Category.OCCUPATION,
    "21843-8": Category.OCCUPATION,
    "21847-9": Category.OCCUPATION,
    "85658-3": Category.OCCUPATION,
    "86188-0": Category.OCCUPATION,
    "56051-6": Category.ETHNICITY,
    "32624-9": Category.ETHNICITY,
    "81364-2": Category.RELIGION,
    "45404-1": Category.MARITAL_STATUS,
}
"""LOINC and SNOMED CT codes of observations whose value is demographic."""
