"""Projects: who gets what."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["Project", "ProjectFilter", "ResolverSettings"]


class ProjectFilter(BaseModel):
    """Which messages a project is entitled to; what is empty restricts nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sources: tuple[str, ...] = Field(default=(), description="Names of sources.")
    formats: tuple[str, ...] = Field(default=(), description="hl7v2, fhir, cda, dicom, text.")
    kinds: tuple[str, ...] = Field(
        default=(),
        description="HL7 message types (`ORU`, or with the event: `ADT^A01`), FHIR resource types, `cda`, `text`.",
    )
    cohort: tuple[str, ...] = Field(
        default=(), description="Subjects, as subject ids or as this project's subject pseudonyms."
    )
    opt_out: tuple[str, ...] = Field(
        default=(), description="Subjects whose messages this project never gets. Wins over the cohort."
    )


class Project(BaseModel):
    """One entry of the section ``projects`` of ``deidstream.yaml``: what one recipient gets."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")
    policy: str = Field(
        default="research-dates-shifted", description="A shipped profile, or the path of a policy file."
    )
    entitled: ProjectFilter = ProjectFilter()
    language: str = Field(
        default="en", pattern="^[a-z]{2}$", description="For surrogates whose originals tell no language."
    )
    pseudonyms: Path | None = Field(
        default=None,
        description="CSV file of existing pseudonyms and offsets: project, identifier, pseudonym, offset_days.",
    )

    @property
    def surrogate_purpose(self) -> str:
        """The key that surrogates and offsets come from."""
        return f"surrogate.{self.name}"

    @property
    def token_purpose(self) -> str:
        """The key that tokens are made with, and reversed."""
        return f"token.{self.name}"


class ResolverSettings(BaseModel):
    """Section ``resolver`` of ``deidstream.yaml``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    projects: tuple[Project, ...] = Field(default=(Project(name="default"),), description="Who gets what.")
    review_days: float = Field(default=30.0, gt=0, description="How long a doubtful case waits for a person.")

    @model_validator(mode="after")
    def _each_project_once(self) -> Self:
        names = [project.name for project in self.projects]
        if len(set(names)) < len(names):
            raise ValueError("two projects have the same name")
        return self
