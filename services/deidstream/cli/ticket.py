"""Why somebody looks at a person, or deletes one: the id of a ticket, which leads to the reason and does not hold it."""

from __future__ import annotations

import re

from deidstream.core.errors import Misconfigured

__all__ = ["checked"]

_TICKET = re.compile(r"[A-Za-z][A-Za-z0-9]*[-_/#][A-Za-z0-9_/#.-]{1,60}\Z")
"""As RESEARCH-1234."""


def checked(reason: str) -> str:
    """``reason``. Raises Misconfigured for what may be a sentence, or a name."""
    if not _TICKET.match(reason):
        raise Misconfigured("reason", "--reason", "the id of a ticket, as IRB-2041; no free text, no names")
    return reason
