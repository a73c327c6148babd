"""Releases to an HL7 v2 receiver, each with its acknowledgement."""

from __future__ import annotations

from collections.abc import Sequence

from deidstream.adapters.mllp_client import MllpAddress, MllpClient
from deidstream.core.errors import Malformed, Unavailable
from deidstream.core.release import Release
from deidstream.ports import Receipt

__all__ = ["MllpDestination"]

_UNCONFIRMED = Receipt("no-acknowledgement-asked-for")


class MllpDestination:
    """A persistent connection. MSH-10 is the release id, so that the receiver can tell a message sent again.

    AA and CA: delivered. AE and CE: ``application-error``, to be tried again some times. AR and CR: refused. A message whose
    MSH-15 asks for no acknowledgement is delivered when it is sent. One that supersedes others ends with segments of our own,
    ``ZRC|<release id>``, whose first field is the MSH-10 of a message that it takes the place of.
    """

    def __init__(self, address: MllpAddress) -> None:
        self._client = MllpClient(address)

    def send(self, releases: Sequence[Release]) -> Sequence[Receipt | Exception]:
        """One after the other; when the receiver is away, none of the rest is tried."""
        results: list[Receipt | Exception] = []
        away: Unavailable | None = None
        for release in releases:
            result = away or self._one(release)
            if isinstance(result, Unavailable) and result.code != "application-error":
                away = result
            results.append(result)
        return results

    def close(self) -> None:
        """Closes the connection."""
        self._client.close()

    def _one(self, release: Release) -> Receipt | Exception:
        if release.format != "hl7v2":
            return Malformed("not-hl7v2", release.format)
        try:
            answer = self._client.exchange(_with_recall(release))
        except (Unavailable, Malformed) as error:
            return error
        if answer is None:
            return _UNCONFIRMED
        if answer.accepted:
            return Receipt(answer.code)
        if answer.rejected:
            return Malformed(f"answered-{answer.code.lower()}", "MSA-1")
        return Unavailable("application-error", "MSA-1")


def _with_recall(release: Release) -> bytes:
    """Segments that a receiver does not expect it ignores (HL7 v2.5, 2.6.2); one that it knows tells what to take back."""
    content = release.content
    if not release.supersedes or not content.startswith(b"MSH"):
        return content
    end = b"" if content.endswith(b"\r") else b"\r"
    recalls = [b"ZRC" + content[3:4] + one.encode() + b"\r" for one in release.superseded]
    return content + end + b"".join(recalls)
