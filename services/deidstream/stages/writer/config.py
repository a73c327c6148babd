"""Settings of the writer."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["WriterSettings"]


class WriterSettings(BaseModel):
    """Section ``writer`` of ``deidstream.yaml``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    residue_check: bool = Field(
        True, description="Look once more at what is about to leave. Switch off only to measure."
    )
    residue_score: float = Field(0.5, ge=0, le=1, description="Findings below this score are no residue.")
    review_days: float = Field(30, gt=0, description="How long a case that failed the check waits for a person.")
    provenance: bool = Field(True, description="Send a FHIR Provenance with every FHIR release.")
    security_label: str = Field("PSEUDED", description="ANONYED or PSEUDED: the label on released FHIR resources.")
