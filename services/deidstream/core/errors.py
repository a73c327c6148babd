"""Every error that deidstream raises, by what the runner must do about it.

    DeidstreamError
    ├── Malformed      the case itself is bad: quarantine it, with its reason
    ├── Unsafe         going on could release something: quarantine it, and alert
    ├── Unavailable    something that we need is away: commit nothing, back off, try again
    └── Misconfigured  the deployment is wrong: refuse to start, say what to mend

A message names the place and the rule, never the content: build it from constants, paths and counts.
"""

from __future__ import annotations

__all__ = ["DeidstreamError", "Malformed", "Misconfigured", "Unavailable", "Unsafe"]


class DeidstreamError(Exception):
    """Base of all errors. ``code`` is a stable, lower-case, hyphenated reason; ``place`` says where."""

    def __init__(self, code: str, place: str = "", hint: str = "") -> None:
        self.code = code
        self.place = place
        self.hint = hint
        super().__init__(": ".join(part for part in (code, place, hint) if part))


class Malformed(DeidstreamError):
    """The content breaks a rule of its format. ``code`` names the rule, ``place`` the locator."""


class Unsafe(DeidstreamError):
    """A promise cannot be kept for this case (residue found, key missing, model absent)."""


class Unavailable(DeidstreamError):
    """A store, a broker, a peer or a model does not answer. Nothing may be committed."""


class Misconfigured(DeidstreamError):
    """Settings, policy, keys or permissions are wrong. ``hint`` says what to do next."""
