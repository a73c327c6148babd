"""Signature version 4 of AWS, for a POST with a body to the root of a host.

Source: AWS, "Create a signed AWS API request" (the canonical request, the string to sign, the signing key).
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["AwsCredentials", "signed"]

_ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class AwsCredentials:
    """Who asks. ``session``: of credentials that expire, else ''."""

    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    session: str = field(default="", repr=False)


def signed(
    headers: Mapping[str, str], body: bytes, credentials: AwsCredentials, scope: tuple[str, str], now: float
) -> dict[str, str]:
    """``headers``, lower-case and with ``host``, and those that sign them. ``scope``: region, service; ``now``: epoch seconds."""
    moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    given = {**headers, "x-amz-date": moment}
    if credentials.session:
        given["x-amz-security-token"] = credentials.session
    names = ";".join(sorted(given))
    lines = "".join(f"{name}:{given[name].strip()}\n" for name in sorted(given))
    request = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    within = f"{moment[:8]}/{scope[0]}/{scope[1]}/aws4_request"
    text = f"{_ALGORITHM}\n{moment}\n{within}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = f"AWS4{credentials.secret_key}".encode()
    for part in within.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.new(key, text.encode(), "sha256").hexdigest()
    said = f"Credential={credentials.access_key}/{within}, SignedHeaders={names}, Signature={signature}"
    return {**given, "authorization": f"{_ALGORITHM} {said}"}
