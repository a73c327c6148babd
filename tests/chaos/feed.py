"""Messages that can be recognised on the other side: the number of each is its first measured value, which nothing may change."""

from __future__ import annotations

import re
from collections.abc import Iterator

PLANTED = (b"Winterbourne", b"Harrowgate")
"""Names in the feed that nobody may find anywhere but in a sealed case."""
_NUMBER = re.compile(rb"OBX\|1\|NM\|2823-3\^Potassium\^LN\|\|(\d+)\|")


def messages(count: int, seed: int) -> Iterator[bytes]:
    """``count`` lab results about fifty people."""
    for number in range(count):
        person = (number * 7 + seed) % 50
        yield "\r".join(
            (
                f"MSH|^~\\&|LAB|STMARY|DEID|X|20260302101500||ORU^R01^ORU_R01|C{seed:03}{number:06}|P|2.5|||AL|NE||UNICODE UTF-8",
                f"PID|1||81{person:05}^^^STMARY^MR||Winterbourne{person}^Alma||19610413|F",
                f"OBR|1|P{number}|F{number}|24323-8^Metabolic panel^LN|||20260302100000",
                f"OBX|1|NM|2823-3^Potassium^LN||{number + 1_000_000}|mmol/L|||||F",
                "OBX|2|TX|8251-1^Comment^LN||Seen by Dr. Harrowgate on 03/02/2026.||||||F",
                "",
            )
        ).encode()


def number_of(content: bytes) -> int:
    """Which message this was; raises ValueError when it cannot be told."""
    found = _NUMBER.search(content)
    if found is None:
        raise ValueError("no number in a released message")
    return int(found[1]) - 1_000_000
