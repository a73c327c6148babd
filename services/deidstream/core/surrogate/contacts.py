"""Addresses on the net that belong to nobody: documentation domains (RFC 2606), documentation ranges (RFC 5737, RFC 3849)."""

from __future__ import annotations

import ipaddress
import re
from base64 import b32encode

from deidstream.core.surrogate.prf import Prf

__all__ = ["email", "ip_address", "url", "username"]

_DOMAINS = ("example.org", "example.com", "example.net")
_SCHEME = re.compile(r"(?:(mailto:|tel:)|([a-z][a-z0-9+.-]*)://)?", re.IGNORECASE)
_IPV4_NETWORKS = ("192.0.2", "198.51.100", "203.0.113")


def email(value: str, prf: Prf, subject: str) -> str:
    """A mailbox at a documentation domain. A ``mailto:`` in front stays."""
    mailto = "mailto:" if value.lower().startswith("mailto:") else ""
    key = value[len(mailto) :].casefold()
    return f"{mailto}{_code(prf, 'email', subject, key)}@{_DOMAINS[prf.below(3, 'email-domain', subject, key)]}"


def url(value: str, prf: Prf, subject: str) -> str:
    """A page at a documentation domain, with the scheme of ``value``."""
    match = _SCHEME.match(value)
    if match and match[1]:
        return match[1] + _code(prf, "url", subject, value)
    scheme = f"{match[2]}://" if match and match[2] else ""
    return f"{scheme}example.org/{_code(prf, 'url', subject, value)}"


def ip_address(value: str, prf: Prf, subject: str) -> str | None:
    """An address of a documentation range, of the same version; None where ``value`` is none."""
    try:
        address = ipaddress.ip_address(value.strip().strip("[]").partition("%")[0])
    except ValueError:
        return None
    if address.version == 4:
        network = _IPV4_NETWORKS[prf.below(3, "ip-network", subject, str(address))]
        return f"{network}.{1 + prf.below(254, 'ip', subject, str(address))}"
    number = prf.below(1 << 64, "ip", subject, address.compressed)
    return str(ipaddress.IPv6Address((0x20010DB8 << 96) | number))


def username(value: str, prf: Prf, subject: str) -> str:
    """An account name that says nothing."""
    return "u" + _code(prf, "username", subject, value.casefold())


def _code(prf: Prf, *labels: str) -> str:
    return b32encode(prf.digest(*labels)[:5]).decode().lower()
