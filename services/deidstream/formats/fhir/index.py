"""The resources of a message by full URL, by type and id, and by fragment; where references point."""

from __future__ import annotations

from collections.abc import Mapping

from deidstream.formats.fhir.element import Aim, child_of, string_of
from deidstream.formats.fhir.lexer import Object
from deidstream.formats.fhir.references import literal

__all__ = ["KIND_OF_TYPE", "SUBJECT_NAMES", "Index"]

KIND_OF_TYPE: Mapping[str, str] = {
    "Patient": "patient",
    "Person": "patient",
    "RelatedPerson": "relative",
    "Practitioner": "clinician",
    "PractitionerRole": "clinician",
    "Organization": "organisation",
    "OrganizationAffiliation": "organisation",
    "Location": "organisation",
    "HealthcareService": "organisation",
    "Endpoint": "organisation",
    "InsurancePlan": "organisation",
}
"""What a resource type makes of the display of a reference to it."""


SUBJECT_NAMES = (
    "subject",
    "patient",
    "beneficiary",
    "individual",
    "for",
    "candidate",
    "subjectReference",
)
"""Properties that say whose resource it is, the most telling first."""


class Index:
    """Built from the untyped tree, before types are known."""

    def __init__(self, source: bytes, root: Object) -> None:
        self._source = source
        self._by_url: dict[str, Object] = {}
        self._contained: dict[tuple[int, str], Object] = {}
        self._container: dict[int, Object] = {}
        self._add(root)
        for entry in child_of(root, "entry"):
            for resource in child_of(entry, "resource"):
                self._add(resource)
                if url := string_of(source, entry, "fullUrl"):
                    self._by_url.setdefault(url, resource)

    def aim(self, reference: Object, name: str, owner: Object, targets: tuple[str, ...]) -> Aim:
        """Where ``reference``, at ``name`` inside the resource ``owner``, points; ``targets`` are the types allowed there."""
        text = string_of(self._source, reference, "reference")
        target = literal(text)
        node = self._resolve(text, owner)
        type_ = string_of(self._source, node, "resourceType") if node is not None else target.type
        if not type_:
            type_ = string_of(self._source, reference, "type") or (targets[0] if len(targets) == 1 else "")
        type_ = type_.rpartition("/")[2]
        return Aim(target, type_, _kind(type_, targets, name), node)

    def find(self, url: str) -> Object | None:
        """The resource with this full URL, or this ``Type/id``."""
        return self._by_url.get(url)

    def _resolve(self, text: str, owner: Object) -> Object | None:
        if text.startswith("#"):
            container = self._container.get(id(owner), owner)
            return container if text == "#" else self._contained.get((id(container), text[1:]))
        return self._by_url.get(text) or self._by_url.get(text.partition("/_history/")[0])

    def _add(self, resource: Object) -> None:
        identity = string_of(self._source, resource, "id")
        if identity:
            self._by_url.setdefault(f"{string_of(self._source, resource, 'resourceType')}/{identity}", resource)
        for one in child_of(resource, "contained"):
            self._container[id(one)] = resource
            self._contained[id(resource), string_of(self._source, one, "id")] = one


def _kind(type_: str, targets: tuple[str, ...], name: str) -> str:
    """Whose name the display of a reference is: patient, relative, clinician, organisation, or '' for no one's."""
    if type_:
        return KIND_OF_TYPE.get(type_, "")
    kinds = {KIND_OF_TYPE.get(target, "") for target in targets}
    if "patient" in kinds and (name in SUBJECT_NAMES or "clinician" not in kinds):
        return "patient"
    if "clinician" in kinds:
        return "clinician"
    if "relative" in kinds:
        return "relative"
    return "organisation" if kinds == {"organisation"} else ""
