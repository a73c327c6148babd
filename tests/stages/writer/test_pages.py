"""Pages that were written anew are looked at again: what was to go and can still be seen stops them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import zxingcpp
from deidstream.adapters.memory_keys import MemoryKeyRing
from deidstream.adapters.pictures.models import open_faces, open_reader
from deidstream.adapters.pictures.setting import RELEASED
from deidstream.core.case import Case, Header
from deidstream.core.category import Category
from deidstream.core.decision import Decision, Method
from deidstream.core.outcome import Hold, Outcome, Released
from deidstream.core.page import Box, Page, Pages, Run, Sheet
from deidstream.core.span import Span
from deidstream.detection.image.looking import Looking
from deidstream.detection.text.identity import Identity
from deidstream.detection.text.rules import Rules
from deidstream.formats import split
from deidstream.formats.pdf import PdfDocument, burning, writer
from deidstream.stages.writer.config import WriterSettings
from deidstream.stages.writer.earlier import Earlier
from deidstream.stages.writer.pages import PrintedIn
from deidstream.stages.writer.pixels import Painter
from deidstream.stages.writer.service import Writer

from tests.formats.pdf.made import Picture, pdf, pictured, scanned, text_of

LETTER = [
    "Discharge letter, 14.02.2024, ward 7",
    "Patient: Quilty Wexelbaum, born 03.04.1961, seen by us",
    "Haemoglobin was 13.2 g/dl, Hodgkin lymphoma stage II, no effusion.",
    "Record number 83920174 was opened in the clinic for Mrs Wexelbaum",
    "and the oral anticoagulation was restarted on the following day.",
]
NEW = {"Quilty Wexelbaum": "Jonas Abel", "03.04.1961": "17.02.1962", "83920174": "40117562", "Wexelbaum": "Abel"}
SOURCES = {
    "print": pdf(LETTER, ["Page two, a copy:", *LETTER]),
    "scan": scanned(LETTER, ["Page two, a copy:", *LETTER]),
}
Fault = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True)
class Read:
    source: bytes
    pages: tuple[Page, ...]


@pytest.fixture(scope="module")
def looking() -> Looking:
    return Looking(partial(open_reader, RELEASED, 2), partial(open_faces, RELEASED, 2))


@pytest.fixture(scope="module")
def read(looking: Looking) -> dict[str, Read]:
    return {kind: Read(source, tuple(looking.read(source))) for kind, source in SOURCES.items()}


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Rules:
    return Rules(compiled=Path(tmp_path_factory.mktemp("compiled")))


def left(looking: Looking, rules: Rules, given: Read, seen: tuple[Page, ...] | None = None) -> list[Decision]:
    """What stops ``given``, of which the secrets are replaced and all pictures go. ``seen``: what was read wrongly of it."""
    document = split("pdf", given.source)
    assert isinstance(document, PdfDocument)
    document.see(Pages("", seen or given.pages))
    decisions = [Decision("unseen", None, Category.UNKNOWN, Method.REDACT, None, "", ())]
    for part in document.parts:
        taken: list[Span] = []
        for secret, new in NEW.items():
            start = part.text.find(secret)
            while start >= 0:
                span = Span(start, start + len(secret))
                if not any(span.overlaps(one) for one in taken):
                    taken.append(span)
                    decisions.append(Decision(part.locator, span, Category.NAME, Method.PSEUDONYM, new, "", ()))
                start = part.text.find(secret, start + 1)
    decisions += [
        Decision(leaf.path, None, Category.PHOTO, Method.REDACT, None, "", ())
        for leaf in document.leaves
        if leaf.type == "picture"
    ]
    printed = PrintedIn(document, Painter(lambda: looking, (rules,), Identity()), "c1")
    rendered = printed.render(decisions)
    return list(printed.left(decisions, rendered.parts))


@pytest.mark.parametrize("kind", SOURCES)
def test_what_was_written_as_decided_goes(kind: str, looking: Looking, rules: Rules, read: dict[str, Read]) -> None:
    assert left(looking, rules, read[kind]) == []


def _burning(change: Callable[[Box], Box | None]) -> Fault:
    def inject(patch: pytest.MonkeyPatch) -> None:
        def burn(picture: Picture, box: Box) -> None:
            other = change(box)
            if other is not None:
                burning.burn(picture, other)

        patch.setattr(writer, "burn", burn)

    return inject


def _sheets(change: Callable[[list[Sheet]], list[Sheet]]) -> Fault:
    def inject(patch: pytest.MonkeyPatch) -> None:
        patch.setattr(Looking, "printed", lambda _, source, sheets: writer.written(source, change(list(sheets))))

    return inject


def _without_one(sheets: list[Sheet]) -> list[Sheet]:
    return [replace(sheets[0], covered=sheets[0].covered[1:]), *sheets[1:]]


def _without_one_and_what_is_written_there(sheets: list[Sheet]) -> list[Sheet]:
    new = [run for run in sheets[0].runs if run.is_new]
    return [Sheet(sheets[0].covered[1:], tuple(run for run in sheets[0].runs if run != new[0])), *sheets[1:]]


def _original(sheets: list[Sheet]) -> list[Sheet]:
    """Covered, and then the name is written there again."""
    return [replace(one, runs=tuple(_named(run) for run in one.runs)) for one in sheets]


def _named(run: Run) -> Run:
    return run._replace(text="Quilty Wexelbaum") if run.is_new and "Jonas" in run.text else run


def _nothing_written(sheets: list[Sheet]) -> list[Sheet]:
    return [replace(one, runs=tuple(run for run in one.runs if not run.is_new)) for one in sheets]


def _narrow(box: Box) -> Box:
    return box._replace(right=box.left + (box.right - box.left) * 2 // 3)


FAULTS: dict[str, Fault] = {
    "the left half is left": _burning(lambda box: box._replace(left=(box.left + box.right) // 2)),
    "the right half is left": _burning(lambda box: box._replace(right=(box.left + box.right) // 2)),
    "the upper half is left": _burning(lambda box: box._replace(top=(box.top + box.bottom) // 2)),
    "the lower half is left": _burning(lambda box: box._replace(bottom=(box.top + box.bottom) // 2)),
    "nothing is burned": _burning(lambda box: None),
    "a line too low": _burning(lambda box: box._replace(top=box.top + 55, bottom=box.bottom + 55)),
    "a line too high": _burning(lambda box: box._replace(top=box.top - 55, bottom=box.bottom - 55)),
    "half a line too low": _burning(lambda box: box._replace(top=box.top + 20, bottom=box.bottom + 20)),
    "too far to the right": _burning(lambda box: box._replace(left=box.left + 60, right=box.right + 60)),
    "a third is left": _burning(_narrow),
    "more is burned than was decided": _burning(lambda box: box._replace(bottom=box.bottom + 110)),
    "one box is missed": _sheets(_without_one),
    "one box is missed, and nothing written": _sheets(_without_one_and_what_is_written_there),
    "the name is written": _sheets(_original),
    "on the other page": _sheets(lambda sheets: sheets[::-1]),
    "the same on each page": _sheets(lambda sheets: [sheets[0]] * 2),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("kind", SOURCES)
def test_what_is_burned_wrongly_is_stopped(
    kind: str, fault: str, looking: Looking, rules: Rules, read: dict[str, Read], monkeypatch: pytest.MonkeyPatch
) -> None:
    FAULTS[fault](monkeypatch)
    assert left(looking, rules, read[kind]) != []


@pytest.mark.parametrize("kind", SOURCES)
def test_a_place_in_which_nothing_is_written_says_nothing(
    kind: str, looking: Looking, rules: Rules, read: dict[str, Read], monkeypatch: pytest.MonkeyPatch
) -> None:
    _sheets(_nothing_written)(monkeypatch)
    assert left(looking, rules, read[kind]) == []


@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.parametrize("which", ["left", "right"])
def test_letters_beside_a_box_that_was_read_too_small_are_seen(
    kind: str, which: str, looking: Looking, rules: Rules, read: dict[str, Read]
) -> None:
    """All was burned as decided, and who read the page said wrongly where the name ends."""
    assert left(looking, rules, read[kind], tuple(_narrower(page, which) for page in read[kind].pages)) != []


def _narrower(page: Page, which: str) -> Page:
    start = page.text.index("Quilty Wexelbaum")
    first = page.boxes[start : start + 3] if which == "left" else page.boxes[start + 13 : start + 16]
    inner = page.boxes[start + 3] if which == "left" else page.boxes[start + 12]
    at = start if which == "left" else start + 13
    assert all(first)
    return replace(page, boxes=(*page.boxes[:at], *[inner] * 3, *page.boxes[at + 3 :]))


def test_a_bar_code_that_is_left_is_seen(looking: Looking, rules: Rules, monkeypatch: pytest.MonkeyPatch) -> None:
    code = np.repeat(
        np.asarray(zxingcpp.create_barcode("83920174", zxingcpp.BarcodeFormat.QRCode).to_image(scale=6))[:, :, None],
        3,
        2,
    )
    source = pdf(LETTER, then=lambda out: pictured(out, code, (300, 300, 100, 100)))
    given = Read(source, tuple(looking.read(source)))
    assert left(looking, rules, given) == []
    _burning(lambda box: None if box.bottom - box.top > 100 else box)(monkeypatch)
    assert {one.category for one in left(looking, rules, given)} >= {Category.PHOTO}


class _Clock:
    def now(self) -> float:
        return 0.0


def _decided(given: Read, project: str, *decisions: Decision) -> Case:
    header = Header("c1", "folder", "pdf", 0.0, ("writer",), "k", project=project)
    return Case(header, given.source, decisions=decisions, pages=(Pages("", given.pages),))


def _handled(looking: Looking, rules: Rules, cases: list[Case]) -> list[Outcome]:
    painter = Painter(lambda: looking, (rules,), Identity())
    writer_ = Writer(WriterSettings(), (rules,), Identity(), _Clock(), Earlier(MemoryKeyRing()), painter)
    return writer_.handle(cases)


def _replaced(page: Page, new: str) -> Decision:
    start = page.text.index("Quilty Wexelbaum")
    return Decision("page[1]", Span(start, start + 16), Category.NAME, Method.PSEUDONYM, new, "", ())


def test_the_case_is_held_as_it_is_for_other_residue(
    looking: Looking, rules: Rules, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = pdf(["Quilty Wexelbaum is well."])
    given = Read(source, tuple(looking.read(source)))
    case = _decided(given, "research", _replaced(given.pages[0], "Jonas Abel"))
    (out,) = _handled(looking, rules, [case])
    assert isinstance(out, Released)
    _burning(lambda box: None)(monkeypatch)
    (out,) = _handled(looking, rules, [case])
    assert isinstance(out, Hold)
    assert (out.stage, out.reason) == ("review", "residue")
    assert out.audit[0].details == {"reason": "residue", "categories": ["name"]}


def test_each_project_has_what_was_made_for_it(looking: Looking, rules: Rules) -> None:
    """Cases of several projects come with one document, each with decisions of its own."""
    source = pdf(["Quilty Wexelbaum is well."])
    given = Read(source, tuple(looking.read(source)))
    document = split("pdf", source)
    assert isinstance(document, PdfDocument)
    document.see(Pages("", given.pages))
    names = {"one": "Jonas Abel", "two": "Karl Benedikt"}
    cases = [
        _decided(given, project, _replaced(given.pages[0], new)).changed(document=document)
        for project, new in names.items()
    ]
    outs = _handled(looking, rules, cases)
    for out, name in zip(outs, names.values(), strict=True):
        assert isinstance(out, Released)
        assert name in text_of(out.release.content)
