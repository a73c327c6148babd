"""One data type, one function: the facts in an element of that type."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from deidstream.core.category import Category, Role
from deidstream.core.document import Leaf
from deidstream.core.fact import Fact
from deidstream.core.span import Span
from deidstream.detection.fields.cda.identifiers import form_of, is_numbering, kind_of
from deidstream.detection.fields.cda.roles import Context
from deidstream.formats.markup.tree import SPACE, Element

__all__ = ["READERS", "coded", "texts"]

_Facts = Iterator[Fact]


def texts(element: Element) -> Iterator[Leaf]:
    """The characters of an element, without comments."""
    for node in element.content:
        if isinstance(node, Leaf) and node is not SPACE and node.type not in _ASIDE:
            yield node


def identifier(element: Element, context: Context) -> _Facts:
    """II: the extension is the number and the root its issuer; a root alone is the number itself."""
    values = {leaf.type: leaf for leaf in element.attributes if leaf.type.startswith("II.")}
    root, extension = values.get("II.root"), values.get("II.extension")
    issuer = root.text.strip() if root is not None else ""
    category, id_type = kind_of(issuer, context.role, context.ids)
    if extension is not None and extension.text.strip():
        form = "uuid" if form_of(extension.text.strip()) == "uuid" else "number"
        yield _whole(extension, category, context, form, element.path, issuer, id_type)
        if root is not None and form_of(issuer) == "uuid":
            yield _whole(root, Category.RECORD_ID, context, "uuid", element.path)
    elif (
        root is not None
        and issuer
        and (form_of(issuer) == "uuid" or not (element.attribute("nullFlavor") or is_numbering(issuer)))
    ):
        # A root beside a null flavor says under which authority the number is missing (C-CDA 3.1).
        yield _whole(root, category, context, form_of(issuer), element.path, "", id_type)
    label = values.get("II.assigningAuthorityName")
    if label is not None and label.text.strip():
        yield _whole(label, Category.ORGANISATION, context._replace(role=Role.ORGANISATION), "name", element.path)


def time(element: Element, context: Context) -> _Facts:
    """TS: a moment of the patient's story, or a birth or a death in the life of whoever the class speaks of."""
    for leaf in element.attributes:
        if leaf.type.endswith(".value") and leaf.text.strip():
            category = _MOMENTS.get(element.name.rpartition(":")[2], Category.DATE)
            role = Role.PATIENT if category is Category.DATE else context.role
            yield _whole(leaf, category, context._replace(role=role), "cda.TS", "")


def telecom(element: Element, context: Context) -> _Facts:
    """TEL: what is reached, by its scheme (RFC 3966, 2368, 3986). A fragment alone points into the narrative."""
    for leaf in element.attributes:
        if leaf.type not in _ADDRESSED or not leaf.text.strip() or leaf.text.startswith("#"):
            continue
        scheme, _, rest = leaf.text.partition(":")
        category, form = _SCHEMES.get(scheme.strip().lower(), (None, "")) if rest else (None, "")
        start = len(scheme) + 1
        if category is None:
            start, (category, form) = 0, _bare(leaf.text, bool(rest) or element.name.endswith("reference"))
        if form == "phone" and "FAX" in element.attribute("use").upper():
            category, form = Category.FAX, "fax"
        span = _trimmed(leaf.text, start)
        value = leaf.text[span.start : span.end]
        if value:
            yield Fact(leaf.path, category, context.role, form, value, context.subject, element.path, span=span)


def person_name(element: Element, context: Context) -> _Facts:
    """PN and EN of a person: its parts, and what stands between them. An entity that plays a place has a place's name."""
    if context.role is Role.ORGANISATION and element.parent is not None and element.parent.kind == "PlayingEntity":
        for leaf in _deep(element):
            yield _whole(leaf, Category.ORGANISATION, context, "name", element.path)
        return
    given = 0
    for node in element.content:
        if not isinstance(node, Element):
            if node is not SPACE and node.type == "PN":
                yield _whole(node, Category.NAME, context, "name", element.path)
            continue
        form = _NAME_PARTS.get(node.kind)
        if form is None:
            continue
        if form == "given":
            given += 1
            form = "given" if given == 1 else "middle"
        for leaf in texts(node):
            yield _whole(leaf, Category.NAME, context, form, element.path)


def organisation_name(element: Element, context: Context) -> _Facts:
    """ON, TN: what an organisation is called."""
    for leaf in _deep(element):
        role = context.role if context.role in _CORPORATE else Role.ORGANISATION
        yield _whole(leaf, Category.ORGANISATION, context._replace(role=role), "name", element.path)


def place_name(element: Element, context: Context) -> _Facts:
    """The name of a place: a facility, or where somebody was born."""
    for leaf in _deep(element):
        form = "place" if context.names is Category.PLACE else "name"
        yield _whole(leaf, context.names, context, form, element.path)


def address(element: Element, context: Context) -> _Facts:
    """AD: its parts; characters outside of any part are an address in themselves."""
    for node in element.content:
        if isinstance(node, Element):
            found = _ADDRESS_PARTS.get(node.kind)
            if found is not None:
                for leaf in texts(node):
                    yield _whole(leaf, found[0], context, found[1], element.path)
        elif node is not SPACE and node.type == "AD":
            yield _whole(node, Category.STREET, context, "address", element.path)


def personal_code(element: Element, context: Context) -> _Facts:
    """A coded value about a person: its code, its display, the words it was coded from, its translations."""
    category = _PERSONAL.get(element.name.rpartition(":")[2], Category.RELATIONSHIP)
    if element.parent is not None and element.parent.kind in ("QE", "QS"):
        return  # a translation: read with the value that it translates
    if element.name.endswith("code") and context.role not in _PERSONS:
        return
    yield from coded(element, category, context)


def coded(element: Element, category: Category, context: Context) -> _Facts:
    """All of a coded value as ``category``."""
    stack = [element]
    while stack:
        here = stack.pop()
        for leaf in here.attributes:
            name = leaf.path.rpartition("/@")[2]
            if name in _SAID and leaf.text.strip():
                form = "code" if name == "code" else "text"
                yield _whole(leaf, category, context, form, element.path)
        if here.kind == "QT":
            for leaf in texts(here):
                yield _whole(leaf, category, context, "text", element.path)
        stack += (node for node in here.content if isinstance(node, Element))


def _bare(value: str, scheme: bool) -> tuple[Category, str]:
    if "@" in value:
        return Category.EMAIL, "email"
    if scheme or "/" in value or sum(map(str.isalpha, value)) > _EXTENSION:
        return Category.URL, "url"
    return Category.PHONE, "phone"


def _deep(element: Element) -> Iterator[Leaf]:
    yield from texts(element)
    for node in element.content:
        if isinstance(node, Element) and node.kind in _NAME_PIECES:
            yield from texts(node)


def _trimmed(text: str, start: int = 0) -> Span:
    """What is left from ``start`` on without the white space around it: pretty-printing is no part of a value."""
    first = len(text) - len(text[start:].lstrip())
    return Span(first, max(first, len(text.rstrip())))


def _whole(
    leaf: Leaf, category: Category, context: Context, form: str, group: str, issuer: str = "", id_type: str = ""
) -> Fact:
    span, value = None, leaf.text.strip()
    if len(value) != len(leaf.text):
        span = _trimmed(leaf.text)
    return Fact(leaf.path, category, context.role, form, value, context.subject, group, issuer, id_type, span)


READERS: dict[str, Callable[[Element, Context], _Facts]] = {
    "II": identifier,
    **dict.fromkeys(("TS", "SXCM_TS", "IVL_TS", "PIVL_TS", "EIVL_TS", "SXPR_TS"), time),
    "TEL": telecom,
    "URL": telecom,
    "PN": person_name,
    "ON": organisation_name,
    "ENP": place_name,
    "AD": address,
    "QE": personal_code,
    "QS": personal_code,
}
"""By the data type that the format gave the element."""
_ASIDE = frozenset({"comment", "instruction"})
_ADDRESSED = frozenset({"TEL.value", "URL.value"})
_EXTENSION = 4
"""Letters that a telephone number may have: ``ext.``."""
_CORPORATE = frozenset({Role.INSURER, Role.EMPLOYER})
_PERSONS = frozenset({Role.PATIENT, Role.RELATIVE, Role.UNKNOWN})
_SAID = frozenset({"code", "displayName"})
_MOMENTS = {"birthTime": Category.BIRTH_DATE, "deceasedTime": Category.DEATH_DATE}
_SCHEMES: dict[str, tuple[Category | None, str]] = {
    "tel": (Category.PHONE, "phone"),
    "callto": (Category.PHONE, "phone"),
    "sms": (Category.PHONE, "phone"),
    "modem": (Category.PHONE, "phone"),
    "fax": (Category.FAX, "fax"),
    "x-text-fax": (Category.FAX, "fax"),
    "mailto": (Category.EMAIL, "email"),
}
_PERSONAL = {
    "administrativeGenderCode": Category.SEX,
    "maritalStatusCode": Category.MARITAL_STATUS,
    "religiousAffiliationCode": Category.RELIGION,
    "raceCode": Category.ETHNICITY,
    "ethnicGroupCode": Category.ETHNICITY,
    "languageCode": Category.LANGUAGE,
}
_NAME_PARTS = {
    "PN.family": "family",
    "PN.given": "given",
    "PN.prefix": "prefix",
    "PN.suffix": "suffix",
    "PN.delimiter": "name",
}
_NAME_PIECES = frozenset(
    {"ON.delimiter", "ON.prefix", "ON.suffix", "ENP.part", "PN.delimiter", "PN.family", "PN.given"}
)
_ADDRESS_PARTS = {
    "AD.streetAddressLine": (Category.STREET, "line"),
    "AD.streetName": (Category.STREET, "line"),
    "AD.houseNumber": (Category.STREET, "line.number"),
    "AD.direction": (Category.STREET, "line"),
    "AD.additionalLocator": (Category.STREET, "line"),
    "AD.unitID": (Category.STREET, "line.number"),
    "AD.unitType": (Category.STREET, "line"),
    "AD.postBox": (Category.STREET, "line"),
    "AD.deliveryMode": (Category.STREET, "line"),
    "AD.delimiter": (Category.STREET, "line"),
    "AD.careOf": (Category.NAME, "name"),
    "AD.city": (Category.CITY, "city"),
    "AD.postalCode": (Category.POSTAL_CODE, "postal_code"),
    "AD.state": (Category.REGION, "region"),
    "AD.county": (Category.PLACE, "place"),
    "AD.precinct": (Category.PLACE, "place"),
    "AD.censusTract": (Category.PLACE, "place"),
    "AD.deliveryInstallation": (Category.PLACE, "place"),
    "AD.country": (Category.COUNTRY, "country"),
}
