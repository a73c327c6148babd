"""A bucket of any S3 endpoint: one client, bounded in time, whose errors say what to do.

    away, time-out, 5xx, throttled                 Unavailable     the loop that asked backs off; the library does not
    credentials, permission, bucket, certificate   Misconfigured   with what to mend
    no such object                                 None, where it was asked for

What a server says in words is not passed on, nor are names of objects: only its code.
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit

import urllib3
from minio import Minio
from minio.error import InvalidResponseError, MinioException, S3Error, ServerError
from urllib3.exceptions import HTTPError, LocationParseError, MaxRetryError
from urllib3.exceptions import SSLError as TlsError

from deidstream.adapters.tls import client_context
from deidstream.core.errors import DeidstreamError, Misconfigured, Unavailable

__all__ = ["PART_BYTES", "S3Address", "S3Bucket", "guarded"]

PART_BYTES = 8 << 20
"""Objects above that go in several parts."""

_CONNECT_SECONDS, _READ_SECONDS = 5.0, 30.0
_CONNECTIONS = 16
_MISSING = frozenset({"NoSuchKey", "NoSuchObject"})
_REFUSED = {
    "NoSuchBucket": ("s3-no-bucket", "make the bucket, or name another"),
    "AccessDenied": ("s3-access-denied", "the credentials may not do this: allow to read, write, list and delete"),
    "InvalidAccessKeyId": ("s3-credentials", "the access key is not known there"),
    "SignatureDoesNotMatch": ("s3-credentials", "the secret key is not the one of this access key"),
    "AuthorizationHeaderMalformed": ("s3-region", "name the region of the bucket in the URL"),
    "PermanentRedirect": ("s3-region", "name the region of the bucket in the URL"),
    "RequestTimeTooSkewed": ("s3-clock", "the clocks of this machine and of the store differ"),
}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class S3Address:
    """Where a bucket is, and who asks. ``url``: ``s3://BUCKET/PREFIX?endpoint=https://HOST:PORT&region=REGION``."""

    url: str
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    ca: Path | None = None
    """Authorities to trust; default: those of the system."""


@dataclass(frozen=True, slots=True)
class S3Bucket:
    """An opened address. ``prefix`` is empty or ends in a slash."""

    client: Minio = field(repr=False)
    name: str
    prefix: str

    @classmethod
    def open(cls, address: S3Address) -> S3Bucket:
        """Asks nobody yet. Raises Misconfigured for a URL that is none."""
        where = _Where.of(address.url)
        # It warns of every connection that breaks, with the name of the object.
        logging.getLogger("urllib3").setLevel(logging.ERROR)
        try:
            client = Minio(
                where.host,
                access_key=address.access_key,
                secret_key=address.secret_key,
                secure=where.secure,
                region=where.region,
                http_client=_pool(address, where.secure),
            )
        except (ValueError, LocationParseError):
            raise _no_url() from None
        return cls(client, where.bucket, where.prefix)

    def check(self) -> None:
        """Raises Misconfigured where we are refused or there is no bucket, Unavailable while it is away."""
        # A listing: what answers a HEAD request has no body, and so does not say what is wrong.
        nothing = self.client.list_objects(self.name, f"{self.prefix}.check/")
        guarded(lambda: next(iter(nothing), None))


class _Where(NamedTuple):
    """What an URL says."""

    bucket: str
    prefix: str
    host: str
    secure: bool
    region: str

    @classmethod
    def of(cls, url: str) -> _Where:
        """The endpoint must be named: nothing may leave for a store that nobody meant."""
        parts = urlsplit(url)
        query = parse_qs(parts.query)
        endpoint = urlsplit(query.get("endpoint", [""])[0])
        bare = endpoint.netloc and endpoint.path in ("", "/") and "@" not in endpoint.netloc
        if parts.scheme != "s3" or not parts.netloc or endpoint.scheme not in ("http", "https") or not bare:
            raise _no_url()
        prefix = unquote(parts.path).strip("/")
        region = query.get("region", ["us-east-1"])[0]  # always stated, so that it is not asked for
        return cls(parts.netloc, f"{prefix}/" if prefix else "", endpoint.netloc, endpoint.scheme == "https", region)


def guarded(ask: Callable[[], T]) -> T | None:
    """What ``ask`` gives, or None for an object that is not there; its errors as ours."""
    failure: DeidstreamError
    try:
        return ask()
    except S3Error as error:
        if error.code in _MISSING:
            return None
        failure = _answered(error)
    except (ServerError, InvalidResponseError):
        failure = Unavailable("s3-unavailable", "s3")
    except MaxRetryError as error:
        failure = _unreached(error.reason)
    except HTTPError as error:
        failure = _unreached(error)
    except MinioException:
        failure = Unavailable("s3-unavailable", "s3")
    except OSError as error:
        failure = Unavailable("s3-unavailable", f"errno-{error.errno}")
    except ValueError:
        failure = Misconfigured("s3-refused", "s3", "the client refuses this bucket or object name")
    raise failure  # outside of the handlers: the library's error would come along, and names the object


def _no_url() -> Misconfigured:
    return Misconfigured("s3-url", "s3", "give s3://BUCKET/PREFIX?endpoint=https://HOST:PORT")


def _pool(address: S3Address, secure: bool) -> urllib3.PoolManager:
    """One more try for a connection that had gone stale; everything else is for the loop that asked."""
    retries = urllib3.Retry(total=1, status=0, redirect=0, other=0, backoff_factor=0.1, allowed_methods=None)
    timeout = urllib3.Timeout(connect=_CONNECT_SECONDS, read=_READ_SECONDS)
    context = client_context(address.ca, None, None) if secure else None
    return urllib3.PoolManager(maxsize=_CONNECTIONS, timeout=timeout, retries=retries, ssl_context=context)


def _answered(error: S3Error) -> DeidstreamError:
    refused = _REFUSED.get(error.code or "")
    if refused is not None:
        return Misconfigured(refused[0], "s3", refused[1])
    code = error.code or ""
    return Unavailable("s3-unavailable", f"s3:{code}" if code.isascii() and code.isalnum() else "s3")


def _unreached(error: object) -> DeidstreamError:
    if isinstance(error, TlsError) and isinstance(error.args[0] if error.args else None, ssl.SSLCertVerificationError):
        return Misconfigured("s3-certificate", "s3", "its certificate is not trusted: name the authority (ca)")
    return Unavailable("s3-unavailable", "s3")
