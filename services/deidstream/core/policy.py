"""What a recipient may see: the method for each finding, decided by path, role, category, list and certainty.

The file form is YAML (``policies/``); reading files is for ``adapters.policy_files``, which this module gives the meaning.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import NamedTuple

from deidstream.core.category import Category, Role
from deidstream.core.decision import Method
from deidstream.core.finding import Finding

__all__ = ["DICOM_OPTIONS", "Ages", "Dates", "Dicom", "Doubt", "Languages", "Policy", "PostalCodes", "Rule"]

_INDEX = re.compile(r"\[\d+\]")


class Rule(NamedTuple):
    """A method, and the line of the policy that chose it: ``default``, ``category:name``, ``path:PID-19``."""

    method: Method
    line: str


@dataclass(frozen=True, slots=True)
class Dates:
    """How dates move or coarsen. ``shift_days`` are the least and greatest offset of a subject, inclusive; 0 is never drawn."""

    shift_days: tuple[int, int] = (-365, -30)
    generalise_to: str = "year"
    order: str = "language"


@dataclass(frozen=True, slots=True)
class Ages:
    """Ages above ``cap`` read ``cap + 1``, and birth dates say no more than that (45 CFR 164.514(b)(2)(i)(C)). None: off."""

    cap: int | None = 89


@dataclass(frozen=True, slots=True)
class PostalCodes:
    """``table``: the census whose 3-digit areas of 20,000 people or fewer become ``000``; ``digits`` kept elsewhere."""

    table: str = "us-census-2000-2010"
    digits: int = 3


@dataclass(frozen=True, slots=True)
class Doubt:
    """What becomes of findings with a score below ``below``: ``redact``, ``hold`` (for people to review) or ``apply``."""

    below: float = 0.3
    action: str = "redact"


@dataclass(frozen=True, slots=True)
class Languages:
    """Texts in other languages, and passages in scripts of none: ``redact`` them, ``hold``, ``quarantine``, or ``accept``."""

    supported: tuple[str, ...] = ("en", "de", "es", "fr", "it", "nl", "pt")
    unsupported: str = "redact"


DICOM_OPTIONS = (
    "retain-longitudinal-temporal-full-dates",
    "retain-longitudinal-temporal-modified-dates",
    "retain-patient-characteristics",
    "retain-device-identity",
    "retain-institution-identity",
    "retain-uids",
    "retain-safe-private",
    "clean-descriptors",
    "clean-structured-content",
    "clean-graphics",
)
"""The options of the Basic Application Level Confidentiality Profile (DICOM PS3.15, E.3) that a policy may choose. What becomes of
pixels and of recognisable visual features ``pixels`` and ``heads`` say."""


@dataclass(frozen=True, slots=True)
class Dicom:
    """The Basic Profile with ``options``. ``pixels``: ``examine`` covers what identifies somebody. Without a look, ``quarantine``
    lets no instance with pictures through, ``trust-header`` those whose header rules out text and faces, ``keep`` all.

    ``heads``: what becomes of tomographic series in which a head is possible: ``remove`` the face, ``quarantine``, or ``keep``; by
    default ``remove``, but where all pixels are kept ``keep``."""

    options: tuple[str, ...] = ()
    pixels: str = "examine"
    heads: str = ""

    @property
    def of_heads(self) -> str:
        """What ``heads`` says, or what follows where it says nothing."""
        return self.heads or ("keep" if self.pixels == "keep" else "remove")


@dataclass(frozen=True)
class Policy:
    """A versioned set of choices. Precedence: redact list, keep list, path, role, category, unknown, default."""

    name: str
    version: str = "1"
    description: str = ""
    default: Method = Method.REDACT
    unknown: Method = Method.REDACT
    categories: dict[Category, Method] = field(default_factory=dict)
    roles: dict[Role, dict[Category, Method]] = field(default_factory=dict)
    paths: dict[str, Method] = field(default_factory=dict)
    keep: tuple[str, ...] = ()
    redact: tuple[str, ...] = ()
    dates: Dates = Dates()
    ages: Ages = Ages()
    postal_codes: PostalCodes = PostalCodes()
    noise: float = 0.1
    doubt: Doubt = Doubt()
    languages: Languages = Languages()
    dicom: Dicom = Dicom()

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the canonical form, in hexadecimal: equal policies, equal hashes."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()

    def canonical(self) -> str:
        """The policy as JSON with sorted keys and no spaces."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    def rule(self, finding: Finding, value: str) -> Rule:
        """The method for ``finding``, whose text is ``value``."""
        locator, _, category, score, _, role, _, _, _ = finding
        if self._terms:
            listed = self._terms.get(value.casefold())
            if listed:
                return listed
        rule = self._path_rule(locator) if self.paths else None
        if rule is None:
            rule = self._table[role][category]
        if score < self.doubt.below and rule.method is not Method.KEEP:
            return self._doubtful.get(self.doubt.action, rule)
        return rule

    @cached_property
    def _terms(self) -> dict[str, Rule]:
        kept = {term.casefold(): Rule(Method.KEEP, "list:keep") for term in self.keep}
        return kept | {term.casefold(): Rule(Method.REDACT, "list:redact") for term in self.redact}

    @cached_property
    def _doubtful(self) -> dict[str, Rule]:
        return {"redact": Rule(Method.REDACT, "doubt"), "hold": Rule(Method.HOLD, "doubt")}

    @cached_property
    def _table(self) -> dict[Role, dict[Category, Rule]]:
        return {role: {category: self._chosen(role, category) for category in Category} for role in Role}

    def _chosen(self, role: Role, category: Category) -> Rule:
        of_role = self.roles.get(role, {})
        if category in of_role:
            return Rule(of_role[category], f"role:{role}:{category}")
        if category in self.categories:
            return Rule(self.categories[category], f"category:{category}")
        if category is Category.UNKNOWN:
            return Rule(self.unknown, "unknown")
        return Rule(self.default, "default")

    @cached_property
    def _patterns(self) -> tuple[tuple[re.Pattern[str], Rule], ...]:
        """The most specific (longest) pattern first."""
        ordered = sorted(self.paths.items(), key=lambda item: (-len(item[0]), item[0]))
        return tuple((_glob(path), Rule(method, f"path:{path}")) for path, method in ordered)

    @cached_property
    def _seen_paths(self) -> dict[str, Rule | None]:
        return {}

    def _path_rule(self, locator: str) -> Rule | None:
        indexed = any("[" in path.replace("[*]", "") for path in self.paths)
        key = locator if indexed else _INDEX.sub("", locator)
        if key not in self._seen_paths:
            if len(self._seen_paths) > 10_000:
                self._seen_paths.clear()
            self._seen_paths[key] = next((rule for pattern, rule in self._patterns if pattern.match(key)), None)
        return self._seen_paths[key]


def _glob(path: str) -> re.Pattern[str]:
    """``*`` is any run within one step, ``[*]`` any index or none; an index that is not given is any; what lies below matches."""
    out: list[str] = []
    for step in re.findall(r"\[\*\]|\[\d+\]|\*|[.\-!/]|[^.\-!/\[\]*]+", path):
        if step == "[*]":
            continue
        if step.startswith("["):
            out[-1] = re.escape(step)
        elif step == "*":
            out += (r"[^.\-!/\[\]]*", _ANY_INDEX)
        elif step in ".-!/":
            out.append(re.escape(step))
        else:
            out += (re.escape(step), _ANY_INDEX)
    return re.compile(r"(?:.*[/!.])?" + "".join(out) + r"(?:[.!\[/:-].*)?$")


_ANY_INDEX = r"(?:\[\d+\])?"
