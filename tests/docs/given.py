"""What a page takes for granted that its reader has: files of their own."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from pydicom.data import get_testdata_file

__all__ = ["GIVEN"]

_NOTE = "Seen on 12 March 2026: Alma Winterbourne (MRN 8100001). BP 142/88 mmHg.\n"
_FEED = (
    "MSH|^~\\&|HIS|STMARY|DEID|LAB|20260312081500||ADT^A01^ADT_A01|A1|P|2.5\r"
    "PID|1||8100001^^^STMARY^MR||Winterbourne^Alma||19610413|F\r"
)


_MARKED = (
    '{"id": "1", "language": "en", "patient": "p", "text": "Metformin for diabetes. Write to alma@example.org today.", '
    '"spans": [{"start": 33, "end": 49, "label": "email"}]}\n'
)


def _readme(folder: Path) -> None:
    for name in ("notes", "study", "srv/drop", "srv/released", "var/lib"):
        (folder / name).mkdir(parents=True)
    (folder / "notes/visit.txt").write_text(_NOTE)
    (folder / "feed.hl7").write_text(_FEED)
    (folder / "ours.jsonl").write_text(_MARKED)
    shutil.copy(str(get_testdata_file("rtplan.dcm")), folder / "study/plan.dcm")
    (folder / "deidstream.yaml").write_text("deployment: {state: state}\n")


GIVEN: dict[str, Callable[[Path], None]] = {"README.md": _readme}
"""By page."""
