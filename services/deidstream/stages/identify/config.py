"""What identifies a person here: which identifiers join records, who issues them, what stands for nothing."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["IdentifyConfig", "StrongIdentifier"]


class StrongIdentifier(BaseModel):
    """A kind of identifier of which no two persons share a value, so that it joins records."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    types: tuple[str, ...]
    """HL7 table 0203 codes that mean the same: a number is compared without regard to which of them it came as."""
    issuers: tuple[str, ...] = ()
    """Only from these issuers (after aliases); none: from any."""
    national: bool = False
    """One register for all: the number is the same whoever passes it on, and how it is punctuated says nothing."""
    local: bool = False
    """Where no issuer is named, the number holds within its source, whatever the source's default issuer."""
    single_valued: bool = False
    """A person has one; a second value from the same issuer is a contradiction."""


NATIONAL = (
    "NI", "NH", "NIIP", "PN", "CZ", "TAX", "SB", "NNESP", "NNDEU", "NNGBR", "NNNLD", "NNITA", "NNFRA", "NNPRT", "NNBRA", "NNBEL",
    "NNAUT", "NNCHE", "NNMEX",
)  # fmt: skip
STRONG = (
    StrongIdentifier(types=("MR", "PI", "MRN", "")),
    StrongIdentifier(types=("PT", "PE")),
    StrongIdentifier(types=("SS",), national=True, single_valued=True),
    StrongIdentifier(types=NATIONAL, national=True),
    StrongIdentifier(types=("MC", "MA", "HC", "JHN")),
    StrongIdentifier(types=("FHIR.ID",), local=True),
)
"""The strongest first. The empty type: a patient identifier whose type is not stated. FHIR.ID: the logical id of a Patient."""

ALIASES: Mapping[str, tuple[str, ...]] = {
    "us-ssn": (
        "http://hl7.org/fhir/sid/us-ssn",
        "2.16.840.1.113883.4.1",
        "SSA",
        "USSSA",
        "SSN",
    ),
    "us-medicare": (
        "http://hl7.org/fhir/sid/us-mbi",
        "http://hl7.org/fhir/sid/us-medicare",
        "2.16.840.1.113883.4.572",
        "CMS",
    ),
    "uk-nhs": ("https://fhir.nhs.uk/Id/nhs-number", "2.16.840.1.113883.2.1.4.1", "NHSNBR", "NHS"),
    "nl-bsn": ("http://fhir.nl/fhir/NamingSystem/bsn", "2.16.840.1.113883.2.4.6.3", "NLMINBIZA"),
    "de-kvnr": ("http://fhir.de/sid/gkv/kvid-10", "http://fhir.de/NamingSystem/gkv/kvid-10", "1.2.276.0.76.4.8"),
    "fr-ins-nir": ("urn:oid:1.2.250.1.213.1.4.8", "1.2.250.1.213.1.4.8", "ASIP-SANTE-INS-NIR"),
    "it-cf": ("http://hl7.it/sid/codiceFiscale", "2.16.840.1.113883.2.9.4.3.2", "MEF"),
    "pt-sns": ("http://spms.min-saude.pt/NumeroUtente", "2.16.620.1.101.10.1.1"),
}

TYPE_OF_ISSUER: Mapping[str, str] = {
    "us-ssn": "SS",
    "us-medicare": "MC",
    "uk-nhs": "NI",
    "nl-bsn": "NI",
    "de-kvnr": "NI",
    "fr-ins-nir": "NI",
    "it-cf": "NI",
    "pt-sns": "NI",
}

PLACEHOLDERS = (
    "UNKNOWN", "UNK", "NONE", "NULL", "N/A", "NA", "NIL", "TEST", "TESTPATIENT", "PATIENT", "ANONYMOUS", "ANON", "DUMMY", "TBD",
    "XXX", "XXXXX", "UNASSIGNED", "NOTKNOWN", "MISSING", "UNBEKANNT", "DESCONOCIDO", "INCONNU", "SCONOSCIUTO", "ONBEKEND",
    "DESCONHECIDO", "12345678", "123456789", "1234567890", "987654321", "111223333", "123121234",
)  # fmt: skip


class IdentifyConfig(BaseModel):
    """The ``identity`` section of ``deidstream.yaml``."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    strong: tuple[StrongIdentifier, ...] = STRONG
    issuer_aliases: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    """Name to all the ways it is written: HL7 assigning authority, FHIR system, CDA root. Added to the built-in ones."""
    issuer_types: Mapping[str, str] = Field(default_factory=dict)
    """What an issuer's numbers are, where the message does not say. Added to the built-in ones."""
    default_issuers: Mapping[str, str] = Field(default_factory=dict)
    """Source to the issuer of numbers that name none. Without one, such numbers hold within their source."""
    placeholders: tuple[str, ...] = PLACEHOLDERS
    """Values that stand for nothing, besides those of one repeated digit or letter. Compared without case and punctuation."""
    contradiction_hours: float = Field(default=72.0, gt=0)
    """How long a contradiction waits for a merge message or a person before it is quarantined."""

    search_after_seconds: float = Field(default=30.0, ge=0)
    """How long nothing more must have become known of a subject before its retained cases are searched again."""

    @property
    def all_aliases(self) -> dict[str, str]:
        """Every way an issuer is written, folded, to its name."""
        named = {**ALIASES, **self.issuer_aliases}
        return {folded(way): name for name, ways in named.items() for way in (name, *ways)}

    @property
    def all_issuer_types(self) -> dict[str, str]:
        """Issuer to the type of its numbers."""
        return {**TYPE_OF_ISSUER, **self.issuer_types}


def folded(issuer: str) -> str:
    """An issuer without what spellings differ in: case, ``urn:oid:``, a closing slash."""
    return issuer.strip().casefold().removeprefix("urn:oid:").rstrip("/")
