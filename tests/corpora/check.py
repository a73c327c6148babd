"""The shared corpora through ``deidstream clean``: nothing crashes, little is quarantined, identifiers decided, values untouched.

    python -m tests.corpora.check FOLDER_OF_SHARED_DATA

Prints its figures last, in one line; exits 1 where they fall short of: at most 2 % quarantined, no identifier undecided,
no clinical value altered.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.corpora import cda, fhir, hl7
from tests.corpora.account import Account

_MOST_QUARANTINED = 0.02


def main(shared: Path) -> int:
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        total = _gather(shared, work / "in")
        report, reasons = _clean(work)
        account = _check(work)
    quarantined = total - report["files"].get("released", 0)
    for title, counts in (("undecided", account.undecided), ("altered", account.altered), ("quarantined", reasons)):
        for place, count in counts.most_common(25):
            print(f"{title:12} {count:6} {place}")
    short = quarantined > _MOST_QUARANTINED * total or bool(account.undecided) or bool(account.altered)
    print(
        f"corpora: files={total} quarantined={quarantined} ({quarantined / total:.2%}, limit {_MOST_QUARANTINED:.0%}) "
        f"identifiers={account.identifiers} undecided={sum(account.undecided.values())} "
        f"clinical={account.clinical} altered={sum(account.altered.values())} {'FALLS SHORT' if short else 'ok'}"
    )
    return int(short)


def _gather(shared: Path, to: Path) -> int:
    (to / "hl7v2").mkdir(parents=True)
    for line in (shared / "hl7v2" / "corpus.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        (to / "hl7v2" / f"{row['id']}.hl7").write_bytes(row["message"].encode("utf-8"))
    shutil.copytree(
        shared / "fhir" / "r4", to / "fhir", ignore=shutil.ignore_patterns("LICENSE*", "README*", "NOTICE*")
    )
    shutil.copytree(shared / "cda", to / "cda", ignore=shutil.ignore_patterns("LICENSE*", "README*", "NOTICE*"))
    return sum(path.is_file() for path in to.rglob("*"))


def _clean(work: Path) -> tuple[dict, Counter[str]]:
    out, report = work / "out", work / "report.json"
    command = [
        sys.executable,
        "-m",
        "deidstream.cli",
        "clean",
        str(work / "in"),
        "--out",
        str(out),
        "--report",
        str(report),
        "--jobs",
        "2",
    ]
    done = subprocess.run(command, check=False)
    if done.returncode not in (0, 3):
        raise SystemExit(f"clean ended with {done.returncode}")
    content = json.loads(report.read_text())
    return content, Counter(content["reasons"])


def _check(work: Path) -> Account:
    account = Account()
    for source in sorted((work / "in").rglob("*")):
        output = work / "out" / source.relative_to(work / "in")
        if not source.is_file() or not output.exists():
            continue
        before, after = source.read_bytes(), output.read_bytes()
        match source.parent.name:
            case "hl7v2":
                hl7.check(before.decode("utf-8", "replace"), after.decode("utf-8", "replace"), account)
            case "fhir":
                fhir.check(before, after, account)
            case "cda":
                cda.check(before, after, account)  # raises where the output is not well-formed any more
    return account


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
