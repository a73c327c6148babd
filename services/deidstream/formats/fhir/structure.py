"""Which strings are fields rather than free text, and which displays are a terminology's own words.

A ``string`` or ``markdown`` element is free text (a part) unless it stands here. What stands in FIELDS is decided by
``detection.fields.fhir``; what stands in CLINICAL speaks of no person and is released as it is.
"""

from __future__ import annotations

from typing import Final

from deidstream.formats.fhir.definitions import extension_types

__all__ = [
    "CLINICAL",
    "CONCEPTS",
    "CONCEPT_EXTENSIONS",
    "FIELDS",
    "FIELD_EXTENSIONS",
    "KNOWLEDGE",
    "is_known_extension",
    "is_known_terminology",
]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


FIELDS: Final = _words(
    """
    Address.city Address.country Address.district Address.line Address.postalCode Address.state Address.text
    Annotation.authorString
    AuditEvent.agent.altId AuditEvent.agent.name AuditEvent.agent.network.address AuditEvent.agent.networkString
    AuditEvent.source.site
    Bundle.entry.request.ifNoneExist
    ClaimResponse.preAuthRef ClaimResponse.item.reviewOutcome.preAuthRef ClaimResponse.addItem.reviewOutcome.preAuthRef
    Claim.insurance.preAuthRef ExplanationOfBenefit.insurance.preAuthRef ExplanationOfBenefit.preAuthRef
    ExplanationOfBenefit.item.reviewOutcome.preAuthRef CoverageEligibilityResponse.preAuthRef
    ContactDetail.name ContactPoint.value Contributor.name
    Coverage.class.name Coverage.class.value Coverage.dependent Coverage.network Coverage.subscriberId
    Device.distinctIdentifier Device.lotNumber Device.serialNumber Device.udiCarrier.carrierHRF
    Device.udiCarrier.deviceIdentifier
    Endpoint.name
    FamilyMemberHistory.name
    HealthcareService.name
    HumanName.family HumanName.given HumanName.prefix HumanName.suffix HumanName.text
    Identifier.value
    InsurancePlan.alias InsurancePlan.name
    Location.alias Location.name
    MessageHeader.destination.name MessageHeader.source.name
    Organization.alias Organization.name
    PaymentReconciliation.accountNumber PaymentReconciliation.authorization PaymentReconciliation.referenceNumber
    Reference.reference
    ResearchStudy.associatedParty.name
    VerificationResult.attestation.proxyIdentityCertificate VerificationResult.attestation.sourceIdentityCertificate
    VerificationResult.validator.identityCertificate
    VirtualServiceDetail.addressString VirtualServiceDetail.sessionKey
    """
)
"""Strings that hold one identifier and no prose, by type and property."""

CLINICAL: Final = _words(
    """
    Age.unit Count.unit Distance.unit Duration.unit Quantity.unit SampledData.data SampledData.offsets
    Bundle.entry.request.ifMatch Bundle.entry.request.ifNoneMatch Bundle.entry.response.etag
    Bundle.entry.response.status Bundle.link.relation
    CanonicalResource.version Coding.version Composition.version DocumentReference.version MetadataResource.version
    DataRequirement.codeFilter.path DataRequirement.codeFilter.searchParam DataRequirement.dateFilter.path
    DataRequirement.dateFilter.searchParam DataRequirement.mustSupport DataRequirement.sort.path
    Device.modelNumber Device.manufacturer Device.partNumber Device.version.value Device.specialization.version
    Expression.expression
    Immunization.lotNumber Immunization.protocolApplied.doseNumber Immunization.protocolApplied.doseNumberString
    Immunization.protocolApplied.seriesDoses Immunization.protocolApplied.seriesDosesString
    ImmunizationEvaluation.doseNumber ImmunizationEvaluation.doseNumberString ImmunizationEvaluation.seriesDoses
    ImmunizationEvaluation.seriesDosesString ImmunizationRecommendation.recommendation.doseNumber
    ImmunizationRecommendation.recommendation.doseNumberString ImmunizationRecommendation.recommendation.seriesDoses
    ImmunizationRecommendation.recommendation.seriesDosesString
    MeasureReport.group.linkId MeasureReport.group.population.linkId MeasureReport.group.stratifier.linkId
    Medication.batch.lotNumber MessageHeader.source.software MessageHeader.source.version
    OperationOutcome.issue.expression OperationOutcome.issue.location ParameterDefinition.max
    Questionnaire.item.linkId QuestionnaireResponse.item.linkId SubscriptionStatus.eventsSinceSubscriptionStart
    SubscriptionStatus.notificationEvent.eventNumber
    """
)
"""Strings of a fixed or purely clinical kind (units, versions, paths, product numbers of a batch)."""

CONCEPTS: Final = _words(
    """
    Patient.maritalStatus Patient.communication.language RelatedPerson.communication.language
    Person.communication.language Patient.contact.relationship RelatedPerson.relationship
    FamilyMemberHistory.relationship FamilyMemberHistory.sex Person.maritalStatus Practitioner.communication
    Practitioner.communication.language Coverage.relationship
    """
)
"""Coded elements that are quasi-identifiers: their codes, displays and texts are fields."""

_HL7: Final = "http://hl7.org/fhir/StructureDefinition/"
_US: Final = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"

CONCEPT_EXTENSIONS: Final = frozenset(
    [_US + name for name in ("race", "ethnicity", "birthsex", "genderIdentity", "sex", "tribal-affiliation")]
    + [
        _HL7 + name
        for name in (
            "patient-nationality",
            "patient-citizenship",
            "patient-religion",
            "patient-genderIdentity",
            "individual-genderIdentity",
            "individual-recordedSexOrGender",
            "patient-sexParameterForClinicalUse",
            "person-nationality",
        )
    ]
)
"""Extensions whose every value is a quasi-identifier."""

FIELD_EXTENSIONS: Final = frozenset(
    _HL7 + name
    for name in (
        "patient-mothersMaidenName",
        "patient-congregation",
        "humanname-fathers-family",
        "humanname-mothers-family",
        "humanname-own-name",
        "humanname-own-prefix",
        "humanname-partner-name",
        "humanname-partner-prefix",
        "patient-birthTime",
        "iso21090-ADXP-additionalLocator",
        "iso21090-ADXP-buildingNumberSuffix",
        "iso21090-ADXP-careOf",
        "iso21090-ADXP-censusTract",
        "iso21090-ADXP-delimiter",
        "iso21090-ADXP-deliveryAddressLine",
        "iso21090-ADXP-deliveryInstallationArea",
        "iso21090-ADXP-deliveryInstallationQualifier",
        "iso21090-ADXP-deliveryInstallationType",
        "iso21090-ADXP-deliveryMode",
        "iso21090-ADXP-deliveryModeIdentifier",
        "iso21090-ADXP-direction",
        "iso21090-ADXP-houseNumber",
        "iso21090-ADXP-houseNumberNumeric",
        "iso21090-ADXP-postBox",
        "iso21090-ADXP-precinct",
        "iso21090-ADXP-streetAddressLine",
        "iso21090-ADXP-streetName",
        "iso21090-ADXP-streetNameBase",
        "iso21090-ADXP-streetNameType",
        "iso21090-ADXP-unitID",
        "iso21090-ADXP-unitType",
    )
)
"""Extensions whose value is one piece of a name, an address or a birth."""

_US_CORE = frozenset(
    _US + name
    for name in ("direct", "jurisdiction", "interpreter-needed", "medication-adherence", "extension-questionnaire-uri")
)

KNOWLEDGE: Final = _words(
    """
    ActivityDefinition ActorDefinition ArtifactAssessment CapabilityStatement CatalogEntry ChargeItemDefinition Citation
    CodeSystem CompartmentDefinition ConceptMap ConditionDefinition DeviceDefinition EffectEvidenceSynthesis EventDefinition
    Evidence EvidenceReport EvidenceVariable ExampleScenario GraphDefinition ImplementationGuide Library Measure
    MedicationKnowledge MedicinalProduct MedicinalProductDefinition MessageDefinition NamingSystem NutritionProduct
    ObservationDefinition OperationDefinition OperationOutcome PlanDefinition Questionnaire Requirements ResearchDefinition
    ResearchElementDefinition RiskEvidenceSynthesis SearchParameter SpecimenDefinition StructureDefinition StructureMap
    SubscriptionTopic Substance SubstanceDefinition SubstanceNucleicAcid SubstancePolymer SubstanceProtein
    SubstanceReferenceInformation SubstanceSourceMaterial SubstanceSpecification TerminologyCapabilities TestPlan TestReport
    TestScript ValueSet
    """
)
"""Resources about no person: their ids, urls and dates of publication are structural."""

_TERMINOLOGIES: Final = _words(
    """
    http://loinc.org http://snomed.info/sct http://unitsofmeasure.org http://www.nlm.nih.gov/research/umls/rxnorm
    http://www.ama-assn.org/go/cpt http://hl7.org/fhir/sid/cvx http://www.whocc.no/atc http://fdasis.nlm.nih.gov
    http://ncimeta.nci.nih.gov http://dicom.nema.org/resources/ontology/DCM http://www.genenames.org http://varnomen.hgvs.org
    http://nucc.org/provider-taxonomy http://www.nubc.org/patient-discharge http://radlex.org http://www.icd10data.com/icd10pcs
    http://www.nlm.nih.gov/research/umls http://va.gov/terminology/medrt urn:iso:std:iso:3166 urn:iso:std:iso:4217
    urn:iso:std:iso:11073:10101 urn:ietf:bcp:47 urn:ietf:bcp:13 urn:ietf:rfc:3986 http://www.cms.gov/Medicare/Coding/ICD10
    http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets http://id.who.int/icd/release/11/mms http://www.orpha.net
    http://human-phenotype-ontology.org http://www.meddra.org http://www.ada.org/snodent http://www.ada.org/cdt
    http://www.nationsonline.org/oneworld/country_code_list http://ihe.net/fhir/ihe.formatcode.fhir/CodeSystem/formatcode
    https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets http://standardterms.edqm.eu http://www.w3.org/ns/prov
    urn:iso-astm:E1762-95:2013 http://fhir.de/CodeSystem/bfarm/icd-10-gm http://fhir.de/CodeSystem/bfarm/ops
    http://fhir.de/CodeSystem/bfarm/atc http://www.fda.gov/device
    """
)
_PREFIXES: Final = (
    "http://terminology.hl7.org/",
    "http://hl7.org/fhir/",
    "https://loinc.org",
    "http://snomed.info/sct/",
    "http://snomed.info/id/",
    "urn:oid:2.16.840.1.113883.6.",
    "urn:oid:2.16.840.1.113883.5.",
    "urn:iso:std:iso:",
    "http://www.ensembl.org",
    "http://www.ncbi.nlm.nih.gov/",
    "https://www.ncbi.nlm.nih.gov/",
    "http://www.nlm.nih.gov/",
)


def is_known_terminology(system: str) -> bool:
    """Whether ``system`` is a published terminology, whose displays are its own words and nobody's name."""
    return system in _TERMINOLOGIES or system.startswith(_PREFIXES)


def is_known_extension(url: str, value_type: str) -> bool:
    """Whether HL7 or US Core defines the extension at ``url``, with a value of ``value_type`` ('' for nested extensions)."""
    if url in _US_CORE or url in CONCEPT_EXTENSIONS:
        return True
    types = extension_types().get(url)
    return types is not None and (not value_type or not types or value_type in types)
