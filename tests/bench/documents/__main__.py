"""PDFs whose pages do not say what they show, and scans, in HL7 v2 messages, through `deidstream clean`.

    python -m tests.bench.documents [--seed N] [--each 3] [--tagger none] [--kinds scan print ...]

Released pages are rendered by poppler and read by tesseract, and their text layer is taken by poppler, which know nothing of this
this project. Prints a table, then all figures in one line; exits 1 where they fall short.
"""

from __future__ import annotations

import argparse
import base64
import json
import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from deidstream.cli.clean.engine import Engine, Options
from deidstream.cli.clean.inputs import Input

from tests.bench.documents.letters import KINDS, Letter, letters
from tests.bench.figure import Figure, summary, table

_DOTS = "200"


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="tests.bench.documents", description=__doc__)
    parser.add_argument("--seed", type=int, default=20261130)
    parser.add_argument("--each", type=int, default=3)
    parser.add_argument("--tagger", default="none")
    parser.add_argument("--kinds", nargs="+", default=list(KINDS), choices=list(KINDS))
    given = parser.parse_args()
    every = [one for one in letters(given.seed, given.each) if one.kind in given.kinds]
    with TemporaryDirectory() as scratch:
        figures = list(measured(Path(scratch), every, given.tagger))
    print(table(figures))
    print(summary(figures))
    return int(any(one.short for one in figures))


def measured(folder: Path, every: Sequence[Letter], tagger: str) -> Iterator[Figure]:
    """The figures of each kind of letters."""
    engine = Engine(Options(folder / "out", folder / "state", "research-dates-shifted", "", tagger, 2))
    _cleaned(engine, folder, every[:1])  # the child starts, models are loaded
    for kind in dict.fromkeys(one.kind for one in every):
        of_kind = [one for one in every if one.kind == kind]
        seconds, processor = _cleaned(engine, folder, of_kind)
        released = {one.name: page for one in of_kind if (page := _page(folder / "out" / one.name))}
        yield Figure(f"{kind}-released", len(released) / len(of_kind), "", "at least", 1.0, f"of {len(of_kind)} pages")
        yield from _left(of_kind, released, folder)
        bound = ("under", 1.0) if kind == "scan" else ("", 0.0)
        yield Figure(
            f"{kind}-seconds", seconds / len(of_kind), "s/page", *bound, note="of clean, two threads; wall clock"
        )
        yield Figure(f"{kind}-processor", processor / len(of_kind), "s/page", note="of processor, in all processes")


def _left(of_kind: Sequence[Letter], released: dict[str, bytes], folder: Path) -> Iterator[Figure]:
    """What of the planted words is seen and said still, and what of the others is said."""
    legible = seen = said = kept = words = 0
    for one in of_kind:
        if one.name not in released:
            continue
        before, after = _seen(one.page, folder), _seen(released[one.name], folder)
        layer = _said(released[one.name], folder)
        legible += sum(_stands(secret, before) for secret in one.secrets)
        left = [secret for secret in one.secrets if _stands(secret, after)]
        seen, said = seen + len(left), said + sum(_stands(secret, layer) for secret in one.secrets)
        print(*(f"{one.name} {secret}" for secret in left), sep="\n", end="\n" if left else "")
        tokens = {_plain(word) for word in layer.split()}
        words, kept = words + len(one.words), kept + sum(_plain(word) in tokens for word in one.words)
    kind, planted = of_kind[0].kind, sum(len(one.secrets) for one in of_kind)
    yield Figure(
        f"{kind}-legible", legible / planted, "", "at least", 0.9, "of planted words before, by tesseract: it can tell"
    )
    yield Figure(f"{kind}-seen", seen, "", "at most", 0, f"of {planted} planted words, by poppler and tesseract")
    yield Figure(f"{kind}-said", said, "", "at most", 0, f"of {planted} planted words, in the text layer")
    yield Figure(
        f"{kind}-kept", kept / max(1, words), "", "at least", 0.95, f"of {words} other words, in the text layer"
    )


def _cleaned(engine: Engine, folder: Path, of_kind: Sequence[Letter]) -> tuple[float, float]:
    """Seconds by the clock, and of processor, of the child too."""
    items = []
    for one in of_kind:
        path = folder / "in" / one.name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(one.content)
        items.append(Input(path, one.name))
    engine.learn(items)
    engine.settle()
    began, used = time.perf_counter(), _processor()
    share = engine.clean(items)
    if share.tally.reasons:
        print(of_kind[0].kind, json.dumps(share.tally.as_json()["reasons"]))
    return time.perf_counter() - began, _processor() - used


def _processor() -> float:
    ticks = [
        sum(map(int, Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[11:13]))
        for child in multiprocessing.active_children()
    ]
    return time.process_time() + sum(ticks) / os.sysconf("SC_CLK_TCK")


def _page(path: Path) -> bytes:
    """The PDF in a released message; b'' where there is none."""
    if not path.exists():
        return b""
    value = path.read_bytes().decode().split("OBX|")[1].split("|")[4]
    return base64.b64decode(value.split("^")[4]) if value.count("^") >= 4 else b""


def _seen(page: bytes, folder: Path) -> str:
    (folder / "page.pdf").write_bytes(page)
    _run("pdftoppm", "-r", _DOTS, "-png", "-singlefile", str(folder / "page.pdf"), str(folder / "page"))
    return _run("tesseract", str(folder / "page.png"), "stdout", "--psm", "4") + _run(
        "tesseract", str(folder / "page.png"), "stdout", "--psm", "11"
    )


def _said(page: bytes, folder: Path) -> str:
    (folder / "page.pdf").write_bytes(page)
    return _run("pdftotext", "-layout", str(folder / "page.pdf"), "-")


def _run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, check=True).stdout.decode("utf-8", "replace")  # noqa: S603


def _stands(word: str, text: str) -> bool:
    """Whether ``word`` stands in ``text``, blanks and letters that are taken for one another left out of account."""
    return _folded(word) in _folded(text)


def _plain(word: str) -> str:
    return word.strip(",.").casefold()


def _folded(text: str) -> str:
    return "".join(text.upper().translate(str.maketrans("OQILSBZ", "0011582")).split())


if __name__ == "__main__":
    sys.exit(main())
