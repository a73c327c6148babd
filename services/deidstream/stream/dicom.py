"""What settings of DICOM have in common."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

__all__ = ["AeTitle"]

_TITLE = re.compile(r"[!-\[\]-~]([ -\[\]-~]{0,14}[!-\[\]-~])?", re.ASCII)


def _checked(title: str) -> str:
    if not _TITLE.fullmatch(title):
        raise ValueError("an AE title has 1 to 16 printable ASCII characters, no backslash, no spaces at either end")
    return title


AeTitle = Annotated[str, AfterValidator(_checked)]
"""The title of an application entity (PS3.5, 6.2)."""
