"""Makes models/training/deidstream_training/gold/held_out/{en_asq_phi,en_visit_notes,es_meddocan,fr_edspseudo}.txt again.

``python tools/gold_division.py ../shared/data/text``. Texts of which most words without what identifies are the same stay together.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path

from deidstream.cli.evaluate.corpora import opened
from deidstream.evaluation.annotated import Annotated
from deidstream_training.gold.division import template
from deidstream_training.synthesise.division import Split, part_of

OUT = Path(__file__).parents[1] / "models/training/deidstream_training/gold/held_out"
SHARE = 0.3
ALIKE = 0.6
"""Of the words of two templates, the share that they have in common, from which on they count as one."""


def main() -> None:
    shared = Path(sys.argv[1])
    for name in ("en_asq_phi", "fr_edspseudo"):
        documents = opened(str(shared / name), 0).documents
        _write(name, _held_out(_families(documents), round(SHARE * len(documents))))
    _write("en_visit_notes", _never_injected(opened(str(shared / "en_visit_notes"), 0).documents))
    _write("es_meddocan", [one.id for one in opened(str(shared / "es_meddocan/dev"), 0).documents])


def _never_injected(documents: Sequence[Annotated]) -> list[str]:
    """Of visits of which the step inject takes nothing."""
    taken = {_visit(one) for one in documents if part_of(one.text) is Split.TRAIN and not one.id.endswith("/dialogue")}
    return [one.id for one in documents if _visit(one) not in taken]


def _visit(document: Annotated) -> str:
    return document.id.rpartition("/")[0]


def _families(documents: Sequence[Annotated]) -> list[list[Annotated]]:
    words = [frozenset(template(one).split()) for one in documents]
    leader = list(range(len(documents)))

    def head(number: int) -> int:
        while leader[number] != number:
            number = leader[number]
        return number

    for one in range(len(documents)):
        for other in range(one):
            if words[one] == words[other] or len(words[one] & words[other]) >= ALIKE * len(words[one] | words[other]):
                leader[head(one)] = head(other)
    found: dict[int, list[Annotated]] = {}
    for number, document in enumerate(documents):
        found.setdefault(head(number), []).append(document)
    return list(found.values())


def _held_out(families: Sequence[Sequence[Annotated]], most: int) -> list[str]:
    """Whole families in an order that nobody has chosen, while they fit."""
    found: list[str] = []
    for family in sorted(families, key=lambda one: hashlib.sha256(template(one[0]).encode()).digest()):
        if len(found) + len(family) <= most:
            found += [one.id for one in family]
    return found


def _write(name: str, ids: Sequence[str]) -> None:
    (OUT / f"{name}.txt").write_text("\n".join(sorted(ids)) + "\n", encoding="utf-8")
    print(f"{name}: {len(ids)}")


if __name__ == "__main__":
    main()
